"""Fixtures that several kinds of test share."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
from typing import TYPE_CHECKING

import hypothesis
import pytest

from covlane.testing.codescene import StandIn
from covlane.testing.github import GitHub
from environments import Environments, each_python
from hub import SECRET, TEAM, Hub
from leg import Project
from pythons import HOST
from repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# A shell starts what runs in the background with Ctrl-C ignored, and nohup with a hangup ignored: programs that tests
# start would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
# Where no bytecode is kept, each of some thousand interpreters compiles pytest anew: a quarter of the suite's time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# How long an example takes says something of the machine's other work only.
hypothesis.settings.register_profile("whole", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("whole")

#: The last of each line that differs for pytest-forked; docs/forked.md shows the pairings.
PYTESTS = ("7.4.4", "8.0.2", "8.4.2", "9.0.3", "9.1.1", "9.2.0")
FORKEDS = ("1.6.0", "1.7.5")
#: The ends of the table, where tools differ most.
QUICK_PAIRINGS = (("7.4.4", "1.6.0"), ("9.2.0", "1.7.5"))


@pytest.fixture(scope="session")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Environments:
    """The environments of the run; the workers of pytest-xdist share them."""
    base = tmp_path_factory.getbasetemp()
    return Environments((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "environments")


@pytest.fixture(scope="session", params=each_python())
def leg_python(request: pytest.FixtureRequest, environments: Environments) -> Path:
    """A leg's environment, with the newest pytest, for each Python of this machine."""
    return environments.leg(request.param)


@pytest.fixture(scope="session", params=each_python())
def plugged_python(request: pytest.FixtureRequest, environments: Environments) -> Path:
    """A leg's environment with the plugins and libraries that suites have, for each Python of this machine."""
    return environments.plugged(request.param)


@pytest.fixture(
    scope="session",
    params=[
        "pytest==7.4.4",
        *(pytest.param(f"pytest=={one}", marks=pytest.mark.whole) for one in ("8.4.2", "9.1.1")),
    ],
)
def older_pytest(request: pytest.FixtureRequest, environments: Environments) -> Path:
    """A leg's environment with an older pytest, for the Python that runs the tests."""
    return environments.leg(HOST, request.param, name=request.param)


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(pair, marks=() if pair in QUICK_PAIRINGS else pytest.mark.whole, id="-".join(pair))
        for pair in itertools.product(PYTESTS, FORKEDS)
    ],
)
def pairing(request: pytest.FixtureRequest, environments: Environments) -> Path:
    """A leg's environment with each pairing of pytest and pytest-forked, for the Python that runs the tests."""
    tool, plugin = request.param
    wanted = (f"pytest-forked=={plugin}", "pytest-xdist")
    try:
        return environments.leg(HOST, f"pytest=={tool}", wanted, name=f"{tool}-{plugin}")
    except subprocess.CalledProcessError as error:
        pytest.skip(f"pytest {tool} and pytest-forked {plugin} do not go together: {error.stderr}")


@pytest.fixture
def project(tmp_path: Path, environments: Environments) -> Project:
    """An empty project, to be measured by the Python that runs the tests."""
    return Project(tmp_path / "project", environments.leg(HOST))


@pytest.fixture
def lone_project(tmp_path: Path) -> Project:
    """An empty project in an environment of its own, in which no leg of another test runs."""
    return Project(tmp_path / "project", Environments(tmp_path).leg(HOST))


@pytest.fixture
def matrix_project(tmp_path: Path, leg_python: Path) -> Project:
    """An empty project, measured by each Python of this machine in turn."""
    return Project(tmp_path / "project", leg_python)


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
    settings: tuple[str, ...] = getattr(
        request, "param", ("shards = 2", 'codescene.via = "rest"', "github.cache = true")
    )
    with GitHub(TEAM, {}) as github, StandIn(SECRET) as codescene:
        yield Hub(repository, tmp_path / "github", github, codescene, *settings)
