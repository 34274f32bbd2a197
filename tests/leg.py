"""A small project and the leg that measures it, run as the session runs it: by path, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import covlane
from covlane.config.detection import EXCLUDE_LINES, PARTIAL_BRANCHES
from covlane.formats import slipcover
from covlane.model.lines import unpack

if TYPE_CHECKING:
    from covlane.model.report import Measured, Stamp

COLLECTOR = Path(covlane.__file__).parent / "collector"
#: Seconds after which a program hangs, on a machine that has other work too.
HANGS = 600


@dataclass(frozen=True)
class Leg:
    """How a leg ended."""

    code: int
    output: str
    report: Path
    #: What the report held when the leg had ended: another leg may take its place.
    content: bytes = b""

    @property
    def measured(self) -> Measured:
        return slipcover.read_leg(self.content or self.report.read_bytes(), self.report.name)

    @property
    def stamp(self) -> Stamp:
        return self.measured.stamp

    def ran(self, name: str) -> list[int]:
        return unpack(self.measured.files[name].executed)

    def missed(self, name: str) -> list[int]:
        file = self.measured.files[name]
        return unpack(file.executable & ~file.executed)


class Project:
    """A folder of sources and tests."""

    def __init__(self, root: Path, python: Path) -> None:
        self.root = root
        self.python = python
        root.mkdir(parents=True)

    def write(self, name: str, text: str | bytes) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else textwrap.dedent(text).lstrip("\n").encode())
        return path

    def plan(self, **changes: object) -> Path:
        folder = self.root / "reports" / "legs" / "leg.d"
        folder.mkdir(parents=True, exist_ok=True)
        values: dict[str, object] = {
            "schema": 1,
            "leg": "coverage-3.x",
            "root": str(self.root),
            "output": str(folder.with_suffix(".json")),
            "source": ["pkg"],
            "omit": [],
            "exclude": list(EXCLUDE_LINES),
            "partial": list(PARTIAL_BRANCHES),
            "branch": True,
            "subprocess": True,
            "engine": "slipcover",
            "canary": True,
            "shard": None,
            "durations": "",
            "cache": "",
            "isolation": "none",
            "workers": 0,
            "commit": None,
            "dirty": False,
            "tools": {},
        }
        path = folder / "leg.json"
        path.write_text(json.dumps(values | changes), "utf-8")
        return path

    def command(self, plan: Path, *arguments: str) -> list[str]:
        own = ["-p", "no:cacheprovider"]
        return [str(self.python), str(COLLECTOR), "run", str(plan), "-m", "pytest", *own, *arguments]

    def bare(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(self.python), "-m", "pytest", "-p", "no:cacheprovider", *arguments]
        return self._call(argv)

    def measure(self, *arguments: str, **changes: object) -> Leg:
        shutil.rmtree(self.root / "reports" / "legs", ignore_errors=True)
        plan = self.plan(**changes)
        done = self._call(self.command(plan, *arguments))
        report = plan.parent.with_suffix(".json")
        content = report.read_bytes() if report.exists() else b""
        return Leg(done.returncode, done.stdout + done.stderr, report, content)

    def read(self) -> Leg:
        """Return the leg whose command somebody else ran to its end."""
        return Leg(0, "", self.root / "reports" / "legs" / "leg.json")

    def _call(self, argv: list[str]) -> subprocess.CompletedProcess[str]:
        environ = {
            name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV"))
        }
        environ["PATH"] = f"{self.python.parent}{os.pathsep}{environ['PATH']}"  # as nox does
        return subprocess.run(
            argv, cwd=self.root, env=environ, capture_output=True, text=True, timeout=HANGS, check=False
        )
