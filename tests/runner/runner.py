"""A GitHub on this machine that runs a generated workflow, job by job and step by step, as it is written.

Commands are run as they stand; actions are replaced by what they do (`actions.py`), installations left out.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from runner.actions import ActionError, Place, Storage, act
from runner.expressions import Expressions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.standin.github import GitHub

_INSTALL = re.compile(r"python -m pip install (-e \.|covlane==[\w.]+)")


@dataclass
class Step:
    """What became of a step: its command or action, how it ended, what it printed, and the variables of its own."""

    job: str
    name: str
    outcome: str
    code: int = 0
    output: str = ""
    env: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> str:
        """The last line that it printed."""
        return self.output.strip().rpartition("\n")[2]


@dataclass
class Done:
    """What became of a run: each job's result and outputs, all steps, and the summary."""

    jobs: dict[str, dict[str, Any]]
    steps: list[Step]
    summary: str

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
        lost: legs whose machine is lost before it begins.
    """

    origin: Path
    folder: Path
    github: GitHub
    environ: Mapping[str, str]
    secrets: Mapping[str, str] = field(default_factory=dict)
    lost: frozenset[str] = frozenset()
    runs: int = 0

    def __post_init__(self) -> None:
        self.storage = Storage(self.folder / "storage")

    def run(self, path: str, event: str, payload: dict[str, Any], *, ref: str, sha: str) -> Done:
        """Run a workflow, as it stands at the commit, for an event."""
        self.runs += 1
        text = subprocess.run(
            ["git", "show", f"{sha}:{path}"], cwd=self.origin, check=True, capture_output=True, text=True
        ).stdout
        workflow = yaml.load(text, yaml.BaseLoader)  # every scalar a string, as it is written
        assert event in workflow["on"]
        return _Run(self, workflow, event, payload, ref=ref, sha=sha).whole()


class _Run:
    def __init__(
        self,
        runner: Runner,
        workflow: dict[str, Any],
        event: str,
        payload: dict[str, Any],
        *,
        ref: str,
        sha: str,
    ) -> None:
        self.runner, self.workflow, self.number = runner, workflow, runner.runs
        self.jobs: dict[str, dict[str, Any]] = {}
        self.steps: list[Step] = []
        self.folder = runner.folder / f"run-{self.number}"
        self.folder.mkdir(parents=True)
        self.summary = self.folder / "summary.md"
        self.event = self.folder / "event.json"
        self.event.write_text(json.dumps(payload))
        pull, repository = payload.get("pull_request"), runner.github.repository
        self.fork = pull is not None and pull["head"]["repo"]["full_name"] != repository
        self.github_context: dict[str, Any] = {
            "event_name": event,
            "event": payload,
            "ref": ref,
            "sha": sha,
            "repository": repository,
            "run_id": self.number,
            "run_attempt": "1",
            "workflow": workflow["name"],
        }

    def whole(self) -> Done:
        assert workflow_permissions(self.workflow) == {}
        for name, job in self.workflow["jobs"].items():
            needs = job.get("needs", [])
            needed = {one: self.jobs[one] for one in ([needs] if isinstance(needs, str) else needs)}
            failed = any(one["result"] != "success" for one in needed.values())
            told = Expressions(self.contexts(needs=needed), failed=failed)
            if not told.holds(job.get("if")):
                self.jobs[name] = {"result": "skipped", "outputs": {}}
                continue
            results = [self.job(name, job, needed, matrix) for matrix in _matrix(job, told)]
            ended = all(result for result, _ in results)
            self.jobs[name] = {"result": "success" if ended else "failure", "outputs": results[-1][1]}
        summary = self.summary.read_text("utf-8") if self.summary.exists() else ""
        return Done(self.jobs, self.steps, summary)

    def contexts(self, **more: Any) -> dict[str, Any]:
        secrets = {} if self.fork else dict(self.runner.secrets)
        return {"github": self.github_context, "secrets": secrets, **more}

    def job(
        self, name: str, job: dict[str, Any], needs: dict[str, Any], matrix: dict[str, Any]
    ) -> tuple[bool, dict[str, str]]:
        """Run a job and say whether it succeeded, and its outputs."""
        if matrix.get("leg") in self.runner.lost:
            return False, {}
        may = {key: self.granted(str(value)) for key, value in workflow_permissions(job).items()}
        token = f"ghs_{self.number}_{name}_{len(self.steps)}"
        self.runner.github.tokens = {**self.runner.github.tokens, token: may}
        context = {**self.github_context, "token": token}
        contexts = {**self.contexts(needs=needs, matrix=matrix), "github": context, "steps": {}}
        workspace = self.folder / f"{name}-{len(self.steps)}" / "calc"
        place = Place(
            workspace, self.runner.origin, str(context["sha"]), self.number, self.runner.storage, may
        )
        workspace.mkdir(parents=True)
        failed = False
        for step in job["steps"]:
            told = Expressions(contexts, failed=failed)
            done = self.step(name, step, told, place, contexts)
            failed = failed or done.outcome == "failure"
        told = Expressions(contexts, failed=failed)
        return not failed, {key: told.text(value) for key, value in job.get("outputs", {}).items()}

    def granted(self, wanted: str) -> str:
        """Return what a token gets: a fork's may only read."""
        return "read" if self.fork else wanted

    def step(
        self, job: str, step: dict[str, Any], told: Expressions, place: Place, contexts: dict[str, Any]
    ) -> Step:
        name = step.get("run") or step["uses"].partition("@")[0]
        done = Step(job, name, "skipped")
        self.steps.append(done)
        outputs: dict[str, str] = {}
        if told.holds(step.get("if")):
            done.env = {key: told.text(value) for key, value in step.get("env", {}).items()}
            if "uses" in step:
                given = {key: told.text(value) for key, value in step.get("with", {}).items()}
                try:
                    act(step["uses"], given, place)
                except ActionError as error:
                    done.code, done.output = 1, str(error)
            elif not _INSTALL.fullmatch(name):
                outputs = self.command(done, place)
            done.outcome = "failure" if done.code else "success"
        if "id" in step:
            contexts["steps"][step["id"]] = {"outcome": done.outcome, "outputs": outputs}
        return done

    def command(self, done: Step, place: Place) -> dict[str, str]:
        output = self.folder / f"output-{len(self.steps)}"
        output.touch()
        base = {
            **self.runner.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{self.runner.environ['PATH']}",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": self.runner.github.url,
            "GITHUB_EVENT_NAME": self.github_context["event_name"],
            "GITHUB_EVENT_PATH": str(self.event),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REF": self.github_context["ref"],
            "GITHUB_REPOSITORY": self.runner.github.repository,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self.github_context["sha"],
            "GITHUB_STEP_SUMMARY": str(self.summary),
            **done.env,
        }
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", done.name],
            cwd=place.workspace,
            env=base,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        done.code, done.output = ran.returncode, ran.stdout
        return dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())


def workflow_permissions(part: dict[str, Any]) -> dict[str, str]:
    """Return the permissions of a workflow or a job; each names its own."""
    found = part["permissions"]
    return found if isinstance(found, dict) else {}


def _matrix(job: dict[str, Any], told: Expressions) -> Iterator[dict[str, Any]]:
    if "strategy" not in job:
        yield {}
        return
    assert job["strategy"]["fail-fast"] == "false"
    yield from told.whole(job["strategy"]["matrix"])["include"]
