"""A job's steps: commands as they stand, installations left out, actions by what they do or as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from runner.actions import ActionError, Place, act
from runner.expressions import Expressions

if TYPE_CHECKING:
    from collections.abc import Mapping

_INSTALL = re.compile(r'python -m pip install (-e \.|covlane==[\w.]+|"\$GITHUB_ACTION_PATH"|"\$REQUIREMENT")')


def load(text: str) -> dict[str, Any]:
    """Return what YAML says, every scalar a string, as it is written."""
    found: dict[str, Any] = yaml.load(text, yaml.BaseLoader)
    return found


@dataclass
class Step:
    """What became of a step: its command or action, how it ended, what it printed, its own variables and outputs."""

    job: str
    name: str
    outcome: str
    code: int = 0
    output: str = ""
    env: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def last(self) -> str:
        """The last line that it printed."""
        return self.output.strip().rpartition("\n")[2]


@dataclass
class Job:
    """A job on its machine.

    Attributes:
        environ: what GitHub and the machine set for every step.
        elsewhere: the folders of other repositories, by their names.
        place: where it acts.
        folder: what is its own beside the workspace.
        steps: is told of every step, those inside of actions too.
        inside: the folder of the workspace in which commands run, where a step names no other.
    """

    name: str
    environ: Mapping[str, str]
    elsewhere: Mapping[str, Path]
    place: Place
    folder: Path
    steps: list[Step]
    inside: str = "."

    def whole(self, job: dict[str, Any], contexts: dict[str, Any]) -> tuple[bool, dict[str, str]]:
        """Run the steps of a job, or of an action; say whether they succeeded, and the outputs."""
        contexts = {**contexts, "steps": {}}
        failed = False
        for step in job["steps"]:
            done = self.step(step, Expressions(contexts, failed=failed), contexts)
            failed = failed or done.outcome == "failure"
        told = Expressions(contexts, failed=failed)
        outputs = job.get("outputs", {}).items()
        texts = {key: value["value"] if isinstance(value, dict) else value for key, value in outputs}
        return not failed, {key: told.text(text) for key, text in texts.items()}

    def step(self, step: dict[str, Any], told: Expressions, contexts: dict[str, Any]) -> Step:
        done = Step(self.name, step.get("run") or step["uses"].partition("@")[0], "skipped")
        self.steps.append(done)
        if told.holds(step.get("if")):
            done.env = {key: told.text(value) for key, value in step.get("env", {}).items()}
            given = {key: told.text(value) for key, value in step.get("with", {}).items()}
            if "run" in step:
                inside = told.text(step.get("working-directory", self.inside))
                # As on a runner, a folder that is not there is an error, whatever runs in it.
                assert (self.place.workspace / inside).is_dir(), f"no folder {inside}"
                if not _INSTALL.fullmatch(done.name):
                    done.outputs = self.command(done, contexts, inside)
            elif (folder := self.written(done.name)) is not None:
                done.code, done.outputs = self.action(folder, given, contexts)
            else:
                try:
                    act(done.name, given, self.place)
                except ActionError as error:
                    done.code, done.output = 1, str(error)
            done.outcome = "failure" if done.code else "success"
        if "id" in step:
            contexts["steps"][step["id"]] = {"outcome": done.outcome, "outputs": done.outputs}
        return done

    def written(self, uses: str) -> Path | None:
        """Return the folder of an action that is run as it is written; None of one that is imitated."""
        return self.place.workspace / uses if uses.startswith("./") else self.elsewhere.get(uses)

    def action(
        self, folder: Path, given: dict[str, str], contexts: dict[str, Any]
    ) -> tuple[int, dict[str, str]]:
        """Run the steps of an action, which sees its inputs, and neither secrets nor other jobs."""
        action = load((folder / "action.yml").read_text("utf-8"))
        assert given.keys() <= action["inputs"].keys(), "an input that nobody takes"
        for key, one in action["inputs"].items():
            assert key in given or one.get("required") != "true", f"{key} is missing"
        inputs = {key: given.get(key, one.get("default", "")) for key, one in action["inputs"].items()}
        assert all(step.get("shell") == "bash" for step in action["runs"]["steps"] if "run" in step)
        inner = {"github": contexts["github"], "inputs": inputs, "action_path": str(folder)}
        ended, outputs = self.whole({**action["runs"], "outputs": action["outputs"]}, inner)
        return int(not ended), outputs

    def command(self, done: Step, contexts: dict[str, Any], inside: str) -> dict[str, str]:
        output = self.folder / f"output-{len(self.steps)}"
        output.touch()
        own = {"GITHUB_ACTION_PATH": contexts["action_path"]} if "action_path" in contexts else {}
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", done.name],
            cwd=self.place.workspace / inside,
            env={
                **self.environ,
                **own,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{self.environ['PATH']}",
                "GITHUB_OUTPUT": str(output),
                **done.env,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        done.code, done.output = ran.returncode, ran.stdout
        return dict(line.split("=", 1) for line in output.read_text("utf-8").splitlines())
