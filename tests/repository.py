"""A git repository in which covlane is used as a person uses it: by its commands."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

CURRENT = f"3.{sys.version_info.minor}"
MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1
    """
TEST = """
    from calc import sign

    def test_sign():
        assert sign(1) == 1
    """


class Repository:
    """A folder of scripts with one module and one test, committed: the repository itself, or `folder` of it."""

    def __init__(self, top: Path, folder: str = "") -> None:
        self.top, self.folder = top, folder
        self.root = top / folder
        self.root.mkdir(parents=True)
        if not (top / ".git").exists():
            self._git(top, "init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.email", "dev@example.com")
        self.git("config", "user.name", "dev")
        self.write("calc.py", MODULE)
        self.write("test_calc.py", TEST)
        self.write("noxfile.py", "from covlane import sessions\nsessions.register()\n")
        self.write(".gitignore", "/reports/\n/.nox/\n__pycache__/\n")
        self.settings(f'pythons = ["{CURRENT}"]')
        self.commit()

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), "utf-8")

    def settings(self, *lines: str) -> None:
        self.write("pyproject.toml", "\n".join(["[tool.covlane]", *lines]) + "\n")

    def git(self, *arguments: str) -> str:
        return self._git(self.root, *arguments)

    def _git(self, folder: Path, *arguments: str) -> str:
        return subprocess.run(
            ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True
        ).stdout.strip()

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "work")

    @property
    def environ(self) -> dict[str, str]:
        ours = ("CI", "COV", "CS_", "GITHUB_", "NOX", "PYTEST", "NO_COLOR", "FORCE_COLOR", "VIRTUAL_ENV")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}

    def covlane(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self._run("-m", "covlane", *arguments, environ=environ)

    def nox(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self._run("-m", "nox", *arguments, environ=environ)

    def _run(self, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.root,
            env=self.environ | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
