"""The generated workflows, executed job by job on this machine: what CI does is what a person does."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from covlane.formats.evidence import write_verdict
from covlane.scaffold.workflow import COMMENT, PATH
from covlane.standin.codescene import StandIn
from covlane.standin.github import BOT, GitHub
from repository import CURRENT, Repository
from runner.runner import Done, Runner
from sample_site import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEAM = "team/calc"
SECRET = "cs-t0k3n-that-shows-nowhere"
LEG = f"coverage-{CURRENT}"
UPLOAD = "covlane upload"
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
    """A repository on GitHub with the lane that `covlane init` gave it, and all that it talks to."""

    def __init__(self, repository: Repository, folder: Path, github: GitHub, codescene: StandIn) -> None:
        self.repository, self.github, self.codescene = repository, github, codescene
        repository.settings(f'pythons = ["{CURRENT}"]', "shards = 2", 'codescene.via = "rest"')
        assert repository.covlane("init").returncode == 0
        repository.commit()
        repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.base = repository.git("rev-parse", "HEAD")
        environ = {**repository.environ, "COVLANE_CODESCENE_URL": codescene.url}
        secrets = {"CS_ACCESS_TOKEN": SECRET}
        self.runner = Runner(repository.root, folder, github, environ, secrets)

    def push(self) -> Done:
        """Run what a push to the default branch runs."""
        head = self.repository.git("rev-parse", "main")
        payload = {
            "before": self.base,
            "after": head,
            "ref": "refs/heads/main",
            "repository": {"full_name": TEAM, "default_branch": "main"},
        }
        return self.runner.run(PATH, "push", payload, ref="refs/heads/main", sha=head)

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

    def pull(self, owner: str = "team") -> Done:
        """Run what a pull request of the work that is there runs, as the first run."""
        pull, merge = self.propose(owner)
        payload = {"pull_request": pull, "repository": {"full_name": TEAM, "default_branch": "main"}}
        return self.runner.run(PATH, "pull_request", payload, ref="refs/pull/7/merge", sha=merge)

    def after(self, run: int) -> Done:
        """Run what follows a run, on the default branch."""
        payload: dict[str, Any] = {
            "workflow_run": self.github.runs[run],
            "repository": {"full_name": TEAM, "default_branch": "main"},
        }
        return self.runner.run(COMMENT, "workflow_run", payload, ref="refs/heads/main", sha=self.base)

    def artifact(self, run: int, name: str) -> Path:
        return self.runner.storage.artifacts(run) / name


@pytest.fixture
def hub(repository: Repository, tmp_path: Path) -> Iterator[Hub]:
    with GitHub(TEAM, {}) as github, StandIn(SECRET) as codescene:
        yield Hub(repository, tmp_path / "github", github, codescene)


def secret_steps(done: Done) -> list[str]:
    return [step.name for step in done.steps if SECRET in step.env.values()]


def test_a_push_is_measured_judged_and_delivered(hub: Hub) -> None:
    done = hub.push()
    assert set(done.results().values()) == {"success"}, [step.output for step in done.steps if step.code]
    legs = [step for step in done.steps if step.name == 'nox -s "$SESSION"']
    assert [step.env["SESSION"] for step in legs] == [f"{LEG}(shard-1-of-2)", f"{LEG}(shard-2-of-2)"]
    assert done.jobs["deliver"]["outputs"] == {
        "line": "75.00", "branch": "50.00", "patch": "", "verdict": "pass", "complete": "true",
    }  # fmt: skip
    assert {upload.fields["metric"] for upload in hub.codescene.uploads.values()} == {
        "line-coverage",
        "branch-coverage",
    }
    assert {upload.fields["commit-sha"] for upload in hub.codescene.uploads.values()} == {hub.base}
    assert secret_steps(done) == [UPLOAD]
    assert not [step for step in done.steps if SECRET in step.output]
    assert "75.00%" in done.summary
    assert done.step("nox -s workflow").outcome == "success"
    assert not hub.github.requests
    assert list(hub.runner.storage.caches) == ["covlane-durations-1-1"]
    again = hub.push()
    assert set(again.results().values()) == {"success"}
    assert hub.artifact(2, "durations").joinpath("durations.json").is_file()


def test_what_ci_runs_is_what_a_person_types(hub: Hub, repository: Repository) -> None:
    done = hub.push()
    typed = [step.name for step in done.steps if step.job == "deliver" and step.outcome == "success"]
    for session in (f"{LEG}(shard-1-of-2)", f"{LEG}(shard-2-of-2)"):
        assert repository.nox("-s", session, CI="true").returncode == 0
    tasks = [name.split() for name in typed if name.startswith("covlane ") and name != UPLOAD]
    here = {
        "GITHUB_OUTPUT": str(hub.runner.folder / "out"),
        "GITHUB_STEP_SUMMARY": str(hub.runner.folder / "sum"),
    }
    for _, *task in tasks:
        assert repository.covlane(*task, **here).returncode == 0
    theirs, ours = hub.artifact(1, "coverage"), repository.root / "reports"
    for name in ("lcov.info", "badge.svg"):
        assert (theirs / name).read_bytes() == (ours / name).read_bytes()
    assert (hub.runner.folder / "out").read_text().startswith("line=75.00\nbranch=50.00\n")


def test_a_pull_request_is_judged_and_told_by_a_comment(hub: Hub) -> None:
    hub.repository.write("calc.py", GROWN)
    done = hub.pull()
    assert done.results() == {
        "plan": "success",
        "leg": "success",
        "deliver": "failure",
        "coverage": "failure",
    }
    gate = done.step("covlane gate --github-output")
    assert gate.code == 4
    assert gate.last == "again: covlane gate --github-output"
    assert done.jobs["deliver"]["outputs"]["patch"] == "50.00"
    assert done.jobs["deliver"]["outputs"]["verdict"] == "fail"
    assert "::warning file=calc.py,line=8" in done.step("covlane annotate").output
    assert "calc.py" in done.summary
    assert done.step(UPLOAD).outcome == "skipped"
    assert not secret_steps(done)
    assert not hub.codescene.requests
    assert not hub.github.comments
    told = hub.after(1)
    assert set(told.results().values()) == {"success"}, [step.output for step in told.steps]
    assert told.step("covlane comment --relayed").output == "commented on #7\n"
    (comment,) = hub.github.comments
    assert comment["user"]["login"] == BOT
    assert comment["body"].startswith("<!-- covlane: coverage -->\n**❌ Coverage fails: patch")
    assert "calc.py" in comment["body"]
    hub.after(1)
    assert len(hub.github.comments) == 1


def test_a_fork_s_pull_request_gets_its_comment_from_a_run_that_runs_nothing_of_it(hub: Hub) -> None:
    evil = hub.runner.folder / "evil"
    hub.repository.write(
        "noxfile.py",
        f"open({str(evil)!r}, 'a').write('ran')\nfrom covlane import sessions\nsessions.register()\n",
    )
    hub.repository.write("@octocat <b>.py", "x = 1\n")
    done = hub.pull("stranger")
    assert not secret_steps(done)
    assert not hub.github.comments
    assert not [may for may in hub.github.tokens.values() if "write" in may.values()]
    assert evil.exists()
    evil.unlink()
    told = hub.after(1)
    assert set(told.results().values()) == {"success"}, [step.output for step in told.steps]
    assert not evil.exists()
    (comment,) = hub.github.comments
    assert "<b>" not in comment["body"]
    assert "@octocat" not in comment["body"]


@pytest.mark.parametrize("kind", ["html", "link", "bomb", "two"])
def test_what_a_fork_puts_into_its_artifact_is_refused(hub: Hub, kind: str) -> None:
    hub.propose("stranger")
    hub.runner.runs = 1
    artifact = hub.artifact(1, "verdict")
    with zipfile.ZipFile(artifact, "w", zipfile.ZIP_DEFLATED) as packed:
        if kind == "html":
            packed.writestr("verdict.json", "<script>alert(1)</script>\n::set-output name=x::y")
        elif kind == "link":
            link = zipfile.ZipInfo("verdict.json")
            link.external_attr = 0o120777 << 16
            packed.writestr(link, "/proc/self/environ")
        elif kind == "bomb":
            packed.writestr("verdict.json", b" " * (100 << 20))
        else:
            packed.writestr("verdict.json", "{}")
            packed.writestr("../../calc.py", "evil")
    told = hub.after(1)
    step = told.step("covlane comment --relayed")
    assert step.code == 3
    assert "the run's artifact is refused" in step.output
    assert not [word for word in ("script", "::", "Traceback", "evil") if word in step.output]
    assert not hub.github.comments


def test_a_run_of_another_repository_or_another_commit_is_not_commented(hub: Hub) -> None:
    hub.propose("stranger")
    hub.runner.runs = 1
    with zipfile.ZipFile(hub.artifact(1, "verdict"), "w") as packed:
        packed.writestr("verdict.json", write_verdict(verdict()))
    hub.github.pulls[0]["head"]["sha"] = "f" * 40
    told = hub.after(1)
    assert "no open pull request is at the commit" in told.step("covlane comment --relayed").output
    hub.github.runs[1]["repository"] = {"full_name": "stranger/calc"}
    told = hub.after(1)
    assert told.step("covlane comment --relayed").code == 5
    assert not hub.github.comments


def test_failing_tests_are_reported_and_the_last_line_says_how_to_see_them_fail(hub: Hub) -> None:
    hub.repository.write("test_calc.py", "from calc import sign\ndef test_sign():\n    assert sign(1) == 2\n")
    hub.repository.commit()
    done = hub.push()
    assert done.results() == {
        "plan": "success",
        "leg": "failure",
        "deliver": "success",
        "coverage": "failure",
    }
    (red,) = [step for step in done.steps if step.code and step.job == "leg"]
    assert red.last == f'again: nox -s "{red.env["SESSION"]}"'
    assert "::group::environment\n" in red.output
    assert done.jobs["deliver"]["outputs"]["line"] == "75.00"
    assert len(hub.codescene.uploads) == 2


def test_a_leg_that_is_lost_makes_the_verdict_incomplete(hub: Hub) -> None:
    hub.runner.lost = frozenset({f"{LEG}(shard-2-of-2)"})
    done = hub.push()
    assert done.results() == {
        "plan": "success",
        "leg": "failure",
        "deliver": "failure",
        "coverage": "failure",
    }
    assert done.step("covlane merge --allow-incomplete").output.startswith("INCOMPLETE: ")
    assert done.step("covlane gate --github-output").code == 3
    assert done.jobs["deliver"]["outputs"]["complete"] == "false"
    assert done.jobs["deliver"]["outputs"]["verdict"] == "incomplete"
    assert f"{LEG}(shard-2-of-2)".replace("(", "\\(").replace(")", "\\)") in done.summary
    assert done.step(UPLOAD).code == 3
    assert not hub.codescene.uploads


def test_a_missing_token_is_red_and_loses_nothing(hub: Hub) -> None:
    hub.runner.secrets = {}
    done = hub.push()
    upload = done.step(UPLOAD)
    assert upload.code == 2
    assert "CS_ACCESS_TOKEN is not set" in upload.output
    assert upload.last == "again: covlane upload"
    assert done.results()["coverage"] == "failure"
    kept = hub.artifact(1, "coverage") / "outbox"
    assert len(list(kept.glob("[0-9]*"))) >= 2
