"""Fixtures that several kinds of test share."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leg import Project
from repository import Repository


COVERED_PYTHONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14")


def _present(version: str) -> bool:
    """Say whether a Python runs here; a shim of a version manager may be there and refuse."""
    program = shutil.which(f"python{version}")
    return program is not None and subprocess.run([program, "-V"], check=False, capture_output=True).returncode == 0


@pytest.fixture(scope="session", params=COVERED_PYTHONS)
def leg_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leg's environment, with pytest and SlipCover, for each Python of this machine."""
    version: str = request.param
    if not _present(version):
        pytest.skip(f"this machine has no Python {version}")
    folder = tmp_path_factory.mktemp("legs") / version
    _uv("venv", "--quiet", "--python", version, str(folder))
    python = folder / "bin" / "python"
    _uv("pip", "install", "--quiet", "--python", str(python), "pytest", "slipcover==1.1.0")
    return python


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project, to be measured by the Python that runs the tests."""
    return Project(tmp_path / "project", Path(sys.executable))


@pytest.fixture
def matrix_project(tmp_path: Path, leg_python: Path) -> Project:
    """An empty project, measured by each Python of this machine in turn."""
    return Project(tmp_path / "project", leg_python)


def _uv(*arguments: str) -> None:
    from uv import find_uv_bin

    subprocess.run([find_uv_bin(), *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of its own, with covlane's sessions."""
    return Repository(tmp_path / "repository")
