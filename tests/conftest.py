"""Fixtures that several kinds of test share."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from covlane.config.engines import MODEL
from covlane.testing.codescene import StandIn
from covlane.testing.github import GitHub
from hub import SECRET, TEAM, Hub
from leg import Project
from plugins import REQUIREMENTS
from repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# A shell starts what runs in the background with Ctrl-C ignored, and programs that tests start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Where no bytecode is kept, each of some thousand interpreters compiles pytest anew: a quarter of the suite's time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# How long an example takes says something of the machine's other work only.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

#: They do nothing until a test asks for them.
PLUGINS = ("pytest-xdist", "pytest-forked", "coverage")
#: The last of each line that differs for pytest-forked; docs/forked.md shows the pairings.
PYTESTS = ("7.4.4", "8.0.2", "8.4.2", "9.0.3", "9.1.1", "9.2.0")
FORKEDS = ("1.6.0", "1.7.5")
COVERED_PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def _present(version: str) -> bool:
    """Say whether a Python runs here; a shim of a version manager may be there and refuse."""
    program = shutil.which(f"python{version}")
    return (
        program is not None
        and subprocess.run([program, "-V"], check=False, capture_output=True).returncode == 0
    )


@pytest.fixture(scope="session", params=COVERED_PYTHONS)
def leg_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leg's environment, with the newest pytest, for each Python of this machine."""
    version: str = request.param
    if not _present(version):
        pytest.skip(f"this machine has no Python {version}")
    return _environment(tmp_path_factory.mktemp("legs") / version, version, "pytest")


@pytest.fixture(scope="session", params=COVERED_PYTHONS)
def plugged_python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leg's environment with the plugins and libraries that suites have, for each Python of this machine."""
    version: str = request.param
    if not _present(version):
        pytest.skip(f"this machine has no Python {version}")
    folder = tmp_path_factory.mktemp("legs") / f"{version}-plugged"
    return _environment(folder, version, "pytest", REQUIREMENTS)


@pytest.fixture(scope="session", params=["pytest==7.4.4", "pytest==8.4.2", "pytest==9.1.1"])
def older_pytest(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leg's environment with an older pytest, for the Python that runs the tests."""
    requirement: str = request.param
    return _environment(tmp_path_factory.mktemp("legs") / requirement, sys.executable, requirement)


@pytest.fixture(scope="session", params=itertools.product(PYTESTS, FORKEDS), ids="-".join)
def pairing(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A leg's environment with each pairing of pytest and pytest-forked, for the Python that runs the tests."""
    tool, plugin = request.param
    folder = tmp_path_factory.mktemp("legs") / f"{tool}-{plugin}"
    wanted = (f"pytest-forked=={plugin}", "pytest-xdist")
    try:
        return _environment(folder, sys.executable, f"pytest=={tool}", wanted)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"pytest {tool} and pytest-forked {plugin} do not go together: {error.stderr}")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """An empty project, to be measured by the Python that runs the tests."""
    return Project(tmp_path / "project", Path(sys.executable))


@pytest.fixture
def lone_project(tmp_path: Path) -> Project:
    """An empty project in an environment of its own, in which no leg of another test runs."""
    return Project(tmp_path / "project", _environment(tmp_path / "lone", sys.executable, "pytest"))


@pytest.fixture
def matrix_project(tmp_path: Path, leg_python: Path) -> Project:
    """An empty project, measured by each Python of this machine in turn."""
    return Project(tmp_path / "project", leg_python)


def _environment(
    folder: Path, python: str, pytest_requirement: str, plugins: Sequence[str] = PLUGINS
) -> Path:
    _uv("venv", "--quiet", "--python", python, str(folder))
    program = folder / "bin" / "python"
    _uv(
        "pip",
        "install",
        "--quiet",
        "--python",
        str(program),
        pytest_requirement,
        f"slipcover=={MODEL}",
        *plugins,
    )
    return program


def _uv(*arguments: str) -> None:
    from uv import find_uv_bin

    subprocess.run([find_uv_bin(), *arguments], check=True, capture_output=True, text=True)


@pytest.fixture
def older_pytest_project(tmp_path: Path, older_pytest: Path) -> Project:
    """An empty project, measured under each older pytest in turn."""
    return Project(tmp_path / "project", older_pytest)


@pytest.fixture
def paired_project(tmp_path: Path, pairing: Path) -> Project:
    """An empty project, measured under each pairing of pytest and pytest-forked in turn."""
    return Project(tmp_path / "project", pairing)


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A repository of its own, with covlane's sessions."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def hub(request: pytest.FixtureRequest, repository: Repository, tmp_path: Path) -> Iterator[Hub]:
    """A repository on GitHub, with two shards delivered by REST, or with the settings of the test's parameter."""
    settings: tuple[str, ...] = getattr(request, "param", ("shards = 2", 'codescene.via = "rest"'))
    with GitHub(TEAM, {}) as github, StandIn(SECRET) as codescene:
        yield Hub(repository, tmp_path / "github", github, codescene, *settings)
