"""One Python with its tools, and the legs that are measured in it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leg import COLLECTOR, Leg, Project
from pythons import find_python, uv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from truth.annotated import Version

TOOLS = ("pytest", "pytest-xdist", "pytest-forked", "pytest-timeout", "coverage")
#: Seconds after which a leg hangs, on a machine that has other work too.
PATIENCE = 600
#: What a leg must not inherit from the session that runs the table.
_FOREIGN = ("PYTEST", "PYTHON", "COV", "_COVLANE", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Lab:
    """A leg's environment, and the collector that is tried in it."""

    python: Path
    version: Version
    collector: Path = COLLECTOR

    def measure(
        self,
        root: Path,
        files: Mapping[str, str],
        arguments: Sequence[str],
        source: Sequence[str],
        **plan: object,
    ) -> Leg:
        """Write a project and measure its leg; what it leaves running is killed."""
        project = Project(root, self.python)
        for name, text in files.items():
            project.write(name, text)
        leg = project.plan(source=list(source), **plan)
        argv = [str(self.python), str(self.collector), "run", str(leg), "-m", "pytest", *arguments]
        environ = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        output = root / "output.txt"
        with output.open("wb") as file:
            child = subprocess.Popen(
                argv,
                cwd=root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        hung = ""
        try:
            child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            hung = f"\nit hung: no end within {PATIENCE} seconds"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        text = output.read_text("utf-8", "replace") + hung
        return Leg(child.wait(), text, leg.parent.with_suffix(".json"))


def is_present(python: str) -> bool:
    """Say whether this machine has a Python, which is not fetched for the table."""
    return find_python(python) is not None


def build(python: str, folder: Path, collector: Path = COLLECTOR) -> tuple[Lab, str]:
    """Make, or find again, the environment of a Python; return it and the versions of its tools in words.

    Raises:
        subprocess.CalledProcessError: uv could not make it.
    """
    program = folder / python.replace("/", "_") / "bin" / "python"
    if not program.exists():
        uv("venv", "--quiet", "--no-python-downloads", "--python", python, str(program.parents[1]))
        uv("pip", "install", "--quiet", "--python", str(program), *TOOLS)
    found = _output(str(program), "-c", "import platform; print(platform.python_version())")
    names = [tool.partition("==")[0] for tool in TOOLS]
    frozen = uv("pip", "freeze", "--python", str(program)).split()
    tools = [pinned.replace("==", " ") for pinned in frozen if pinned.partition("==")[0] in names]
    major, minor = found.split(".")[:2]
    return Lab(program, (int(major), int(minor)), collector), ", ".join([f"Python {found}", *tools])


def _output(*argv: str) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()
