"""A GitHub on this machine that runs a generated workflow, job by job, as it is written.

What a job does is in `steps.py`, what each action does in `actions.py`; a workflow that is called is run as well.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner.actions import Place, Storage
from runner.expressions import Expressions
from runner.steps import Job, Step, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from covlane.testing.github import GitHub

_LEVELS = ("none", "read", "write")


@dataclass
class Done:
    """What became of a run.

    Attributes:
        jobs: each job's result and outputs; those of a called workflow as `CALLER / JOB`.
        steps: of all jobs.
        summary: what was written to it.
        concurrency: the group that it ran in, and whether a newer run of the group would have ended it.
        machines: what each job ran on, one for each of its matrix.
    """

    jobs: dict[str, dict[str, Any]]
    steps: list[Step]
    summary: str
    concurrency: tuple[str, bool]
    machines: dict[str, list[str]]

    def results(self) -> dict[str, str]:
        return {name: job["result"] for name, job in self.jobs.items()}

    def step(self, name: str) -> Step:
        """Return the step of a command or action."""
        (found,) = (step for step in self.steps if step.name == name)
        return found


@dataclass
class Runner:
    """A runner for one repository.

    Attributes:
        origin: the repository that is cloned.
        folder: where jobs work.
        github: what GITHUB_API_URL names; each job's token is made known to it.
        environ: variables of every step.
        secrets: those of the repository; a fork's run sees none.
        elsewhere: the folders of other repositories, by their names.
        lost: legs whose machine is lost before it begins.
    """

    origin: Path
    folder: Path
    github: GitHub
    environ: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    elsewhere: Mapping[str, Path] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    runs: int = 0

    def __post_init__(self) -> None:
        self.storage = Storage(self.folder / "storage")

    def run(self, path: str, event: str, payload: dict[str, Any], *, ref: str, sha: str) -> Done:
        """Run a workflow, as it stands at the commit, for an event."""
        self.runs += 1
        workflow = self.at(sha, path)
        assert event in workflow["on"]
        return _Run(self, workflow["name"], event, payload, ref=ref, sha=sha).whole(workflow)

    def at(self, sha: str, path: str) -> dict[str, Any]:
        """Return a workflow of the repository as it is in a commit."""
        shown = ["git", "show", f"{sha}:{path}"]
        done = subprocess.run(shown, cwd=self.origin, check=True, capture_output=True, text=True)
        return load(done.stdout)

    def called(self, sha: str, uses: str) -> dict[str, Any]:
        """Return the workflow that a job calls, of this repository or of another."""
        if uses.startswith("./"):
            return self.at(sha, uses[2:])
        owner, name, *path = uses.partition("@")[0].split("/")
        return load(self.elsewhere[f"{owner}/{name}"].joinpath(*path).read_text("utf-8"))


class _Run:
    def __init__(
        self, runner: Runner, name: str, event: str, payload: dict[str, Any], *, ref: str, sha: str
    ) -> None:
        self.runner, self.number = runner, runner.runs
        self.steps: list[Step] = []
        self.machines: dict[str, list[str]] = {}
        self.folder = runner.folder / f"run-{self.number}"
        self.folder.mkdir(parents=True)
        self.summary = self.folder / "summary.md"
        pull, repository = payload.get("pull_request"), runner.github.repository
        self.fork = pull is not None and pull["head"]["repo"]["full_name"] != repository
        self.github: dict[str, Any] = {
            "event_name": event,
            "event": payload,
            "ref": ref,
            "sha": sha,
            "repository": repository,
            "run_id": self.number,
            "run_attempt": "1",
            "workflow": name,
        }
        self.environ = self.variables(pull)

    def variables(self, pull: dict[str, Any] | None) -> dict[str, str]:
        """Return what GitHub sets for every step."""
        event = self.folder / "event.json"
        event.write_text(json.dumps(self.github["event"]))
        names = {"event_name", "ref", "sha", "repository", "run_id", "run_attempt", "workflow"}
        return {
            **self.runner.environ,
            **{f"GITHUB_{name.upper()}": str(self.github[name]) for name in names},
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.runner.github.url,
            "GITHUB_BASE_REF": pull["base"]["ref"] if pull else "",
            "GITHUB_EVENT_PATH": str(event),
            "GITHUB_HEAD_REF": pull["head"]["ref"] if pull else "",
            "GITHUB_REF_NAME": self.github["ref"].split("/", 2)[2],
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_STEP_SUMMARY": str(self.summary),
        }

    def whole(self, workflow: dict[str, Any]) -> Done:
        told = Expressions({"github": self.github})
        group = workflow.get("concurrency", {"group": str(self.number), "cancel-in-progress": "false"})
        concurrency = told.text(group["group"]), told.text(group["cancel-in-progress"]) == "true"
        secrets = {} if self.fork else dict(self.runner.secrets)
        jobs = self.workflow(workflow, {"github": self.github, "secrets": secrets}, None)
        summary = self.summary.read_text("utf-8") if self.summary.exists() else ""
        return Done(jobs, self.steps, summary, concurrency, self.machines)

    def workflow(
        self, workflow: dict[str, Any], contexts: dict[str, Any], most: dict[str, str] | None
    ) -> dict[str, dict[str, Any]]:
        """Run the jobs in their order; `most` is what the job that calls the workflow may do."""
        assert workflow["permissions"] == {}
        jobs: dict[str, dict[str, Any]] = {}
        defaults = {"defaults": workflow.get("defaults", {})}
        assert "${{" not in str(defaults), "GitHub knows no expressions there, in those of a job alone"
        for name, job in workflow["jobs"].items():
            needs = job.get("needs", [])
            needed = {one: jobs[one] for one in ([needs] if isinstance(needs, str) else needs)}
            failed = any(one["result"] != "success" for one in needed.values())
            given = {**contexts, "needs": needed}
            if not Expressions(given, failed=failed).holds(job.get("if")):
                jobs[name] = {"result": "skipped", "outputs": {}}
                continue
            may = permissions(job)
            assert most is None or all(
                _LEVELS.index(level) <= _LEVELS.index(most.get(what, "none")) for what, level in may.items()
            ), f"GitHub refuses a called job {name} that may do more than its caller"
            if "uses" in job:
                jobs.update(self.call(name, job, given, may))
                continue
            results = [self.job(name, defaults | job, given, matrix) for matrix in _matrix(job, given)]
            ended = all(result for result, _ in results)
            jobs[name] = {"result": "success" if ended else "failure", "outputs": results[-1][1]}
        return jobs

    def call(
        self, name: str, job: dict[str, Any], contexts: dict[str, Any], may: dict[str, str]
    ) -> dict[str, dict[str, Any]]:
        """Run the workflow that a job calls: it sees the inputs and secrets that it is handed, and no others."""
        assert not {"steps", "runs-on", "timeout-minutes"} & set(job), "GitHub allows none of them here"
        called = self.runner.called(self.github["sha"], job["uses"])
        offer, told = called["on"]["workflow_call"], Expressions(contexts)
        given = {key: told.whole(value) for key, value in job.get("with", {}).items()}
        secrets = {key: told.text(value) for key, value in job.get("secrets", {}).items()}
        assert given.keys() <= offer["inputs"].keys(), "an input that nobody takes"
        assert secrets.keys() <= offer["secrets"].keys(), "a secret that nobody takes"
        inputs = {key: given.get(key, one.get("default")) for key, one in offer["inputs"].items()}
        inner = {"github": self.github, "secrets": secrets, "inputs": inputs}
        jobs = self.workflow(called, inner, may)
        outer = Expressions({**inner, "jobs": jobs})
        outputs = {key: outer.text(one["value"]) for key, one in offer["outputs"].items()}
        ended = all(one["result"] in {"success", "skipped"} for one in jobs.values())
        whole = {"result": "success" if ended else "failure", "outputs": outputs}
        return {**{f"{name} / {inside}": one for inside, one in jobs.items()}, name: whole}

    def job(
        self, name: str, job: dict[str, Any], contexts: dict[str, Any], matrix: dict[str, Any]
    ) -> tuple[bool, dict[str, str]]:
        """Run a job and say whether it succeeded, and its outputs."""
        if matrix.get("leg") in self.runner.lost:
            return False, {}
        may = {key: self.granted(value) for key, value in permissions(job).items()}
        token = f"ghs_{self.number}_{name}_{len(self.steps)}"
        self.runner.github.tokens = {**self.runner.github.tokens, token: may}
        folder = self.folder / f"{name}-{len(self.steps)}"
        workspace, sha = folder / "calc", str(self.github["sha"])
        workspace.mkdir(parents=True)
        place = Place(workspace, self.runner.origin, sha, self.number, self.runner.storage, may)
        context = {**contexts, "matrix": matrix, "github": {**self.github, "token": token}}
        inside = job["defaults"].get("run", {}).get("working-directory", ".")
        inside = Expressions(context).text(inside)
        running = Job(name, self.environ, self.runner.elsewhere, place, folder, self.steps, inside)
        self.machines.setdefault(name, []).append(Expressions(context).text(job["runs-on"]))
        return running.whole(job, context)

    def granted(self, wanted: str) -> str:
        """Return what a token gets: a fork's may only read."""
        return "read" if self.fork else wanted


def permissions(job: dict[str, Any]) -> dict[str, str]:
    """Return the permissions of a job; each names its own."""
    found: dict[str, str] = job["permissions"]
    return found


def _matrix(job: dict[str, Any], contexts: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "strategy" not in job:
        yield {}
        return
    assert job["strategy"]["fail-fast"] == "false"
    yield from Expressions(contexts).whole(job["strategy"]["matrix"])["include"]
