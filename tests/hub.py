"""A repository on a GitHub of this machine, with the lane that `covlane init` gave it, and all that it talks to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covlane.scaffold.workflow import paths
from repository import CURRENT, Repository
from runner.runner import Done, Runner

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.testing.codescene import StandIn
    from covlane.testing.github import GitHub

TEAM = "team/calc"
SECRET = "cs-t0k3n-that-shows-nowhere"
LEG = f"coverage-{CURRENT}"
UPLOAD = "covlane upload"
SESSION = 'nox -s "$SESSION"'
GATE = "covlane gate --github-output"
#: A change whose second function no test runs.
GROWN = """
    def sign(number):
        if number < 0:
            return -1
        return 1


    def double(number):
        return 2 * number
    """


class Hub:
    """The repository, whose settings are the lines that are given."""

    def __init__(
        self, repository: Repository, folder: Path, github: GitHub, codescene: StandIn, *settings: str
    ) -> None:
        self.repository, self.github, self.codescene = repository, github, codescene
        self.lane, self.comment = paths(repository.folder)
        repository.settings(f'pythons = ["{CURRENT}"]', *settings)
        assert repository.covlane("init").returncode == 0
        repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
        environ = {**repository.environ, "COVLANE_CODESCENE_URL": codescene.url}
        secrets = {"CS_ACCESS_TOKEN": SECRET}
        self.runner = Runner(repository.top, folder, github, environ, secrets)
        self.commit()
        self.merge = ""

    def commit(self) -> None:
        """Put all that is there onto the default branch."""
        self.repository.commit()
        self.base = self.repository.git("rev-parse", "HEAD")

    def push(self, path: str = "") -> Done:
        """Run what a push to the default branch runs."""
        head = self.repository.git("rev-parse", "main")
        payload = {
            "before": self.base,
            "after": head,
            "ref": "refs/heads/main",
            "repository": {"full_name": TEAM, "default_branch": "main"},
        }
        return self.runner.run(path or self.lane, "push", payload, ref="refs/heads/main", sha=head)

    def propose(self, owner: str = "team") -> tuple[dict[str, Any], str]:
        """Make a pull request of the work that is there; return it with the commit that merges it."""
        self.repository.git("switch", "--quiet", "--create", "topic")
        self.repository.git("add", "--all")
        self.repository.git("commit", "--quiet", "--allow-empty", "--message", "work")
        head = self.repository.git("rev-parse", "HEAD")
        self.repository.git("switch", "--quiet", "main")
        tree = self.repository.git("rev-parse", f"{head}^{{tree}}")
        merge = self.repository.git("commit-tree", tree, "-p", self.base, "-p", head, "-m", "merge")
        self.repository.git("update-ref", "refs/pull/7/merge", merge)
        repo = {"full_name": f"{owner}/calc", "owner": {"login": owner}, "id": 1}
        pull = {
            "number": 7,
            "state": "open",
            "head": {"sha": head, "ref": "topic", "repo": repo},
            "base": {"sha": self.base, "ref": "main", "repo": {"full_name": TEAM}},
        }
        self.github.pulls.append(pull)
        self.github.runs[1] = {
            "id": 1,
            "event": "pull_request",
            "head_sha": head,
            "head_branch": "topic",
            "repository": {"full_name": TEAM},
            "head_repository": repo,
            "conclusion": "success",
        }
        return pull, merge

    def pull(self, owner: str = "team", path: str = "") -> Done:
        """Run what a pull request of the work that is there runs, as the first run."""
        pull, self.merge = self.propose(owner)
        return self.again(pull, path)

    def again(self, pull: dict[str, Any], path: str = "") -> Done:
        """Run what the pull request runs once more."""
        payload = {"pull_request": pull, "repository": {"full_name": TEAM, "default_branch": "main"}}
        return self.runner.run(
            path or self.lane, "pull_request", payload, ref="refs/pull/7/merge", sha=self.merge
        )

    def after(self, run: int) -> Done:
        """Run what follows a run, on the default branch."""
        payload: dict[str, Any] = {
            "workflow_run": self.github.runs[run],
            "repository": {"full_name": TEAM, "default_branch": "main"},
        }
        return self.runner.run(self.comment, "workflow_run", payload, ref="refs/heads/main", sha=self.base)

    def artifact(self, run: int, name: str) -> Path:
        return self.runner.storage.artifacts(run) / name


def secret_steps(done: Done) -> list[str]:
    """Return the steps that were handed the secret."""
    return [step.name for step in done.steps if SECRET in step.env.values()]


def failures(done: Done) -> list[str]:
    """Return what the steps that failed printed."""
    return [f"{step.job}: {step.name}\n{step.output}" for step in done.steps if step.code]
