"""The environments that legs run in: each is made once for the whole run."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from filelock import FileLock

from covlane.config.engines import MODEL
from plugins import REQUIREMENTS
from pythons import HOST, PYTHONS, find_python, other_python, uv

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: They do nothing until a test asks for them.
PLUGINS = ("pytest-xdist", "pytest-forked", "pytest-split", "coverage")


def each_python(pythons: Sequence[str] = PYTHONS) -> list[object]:
    """Return a parameter for each Python; a quick run takes the one that runs the tests and the newest other."""
    quick = (HOST, other_python())
    return [pytest.param(one, marks=() if one in quick else pytest.mark.whole) for one in pythons]


@dataclass(frozen=True)
class Environments:
    """Environments that all processes of a run share: whoever needs one first makes it."""

    folder: Path

    def leg(
        self, python: str, tool: str = "pytest", plugins: Sequence[str] = PLUGINS, name: str = ""
    ) -> Path:
        """Return the interpreter of an environment in which legs run."""
        return self.make(name or python, python, tool, f"slipcover=={MODEL}", *plugins)

    def plugged(self, python: str) -> Path:
        """Return the interpreter of an environment with the plugins and libraries that suites have."""
        return self.leg(python, plugins=REQUIREMENTS, name=f"{python}-plugged")

    def make(self, name: str, python: str, *requirements: str) -> Path:
        """Return the interpreter of an environment with these packages; skip the test where Python is absent.

        Raises:
            subprocess.CalledProcessError: uv could not make it.
        """
        program = find_python(python)
        if program is None:
            pytest.skip(f"this machine has no Python {python}")
        folder = self.folder / name
        made = folder / "bin" / "python"
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / f"{name}.lock"):
            if not made.exists():
                try:
                    uv("venv", "--quiet", "--no-python-downloads", "--python", program, str(folder))
                    uv("pip", "install", "--quiet", "--python", str(made), *requirements)
                except subprocess.CalledProcessError:
                    shutil.rmtree(folder, ignore_errors=True)
                    raise
        return made
