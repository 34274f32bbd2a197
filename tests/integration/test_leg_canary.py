"""The canary is tested as the leg was; a mechanism that loses its lines makes the leg incomplete, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Leg, Project


def measure(project: Project, *arguments: str, plugin: str = "", **changes: object) -> Leg:
    project.write("pkg/__init__.py", "X = 1\n")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    project.write("plugin.py", plugin)
    changes.setdefault("canary", True)
    return project.measure("-p", "plugin", *arguments, **changes)


@pytest.mark.parametrize("mode", ["", "-n 2", "--forked", "--dist each --tx 2*popen"])
def test_it_comes_back_from_every_mode(project: Project, mode: str) -> None:
    it_comes_back(project, *mode.split())


def test_it_comes_back_on_every_python(matrix_project: Project) -> None:
    it_comes_back(matrix_project, *["--forked", "-n", "2"])


def test_it_comes_back_by_either_engine(project: Project) -> None:
    it_comes_back(project, *["--forked", "-n", "2"], engine="coverage")


def it_comes_back(project: Project, *mode: str, **changes: object) -> None:
    leg = measure(project, *mode, plugin="", **changes)
    assert leg.code == 0, leg.output
    assert (leg.stamp.canary, leg.stamp.reasons) == ("passed", ())


@pytest.mark.parametrize(
    ("plugin", "lost"),
    [
        (
            (
                "from importlib.machinery import SourceFileLoader as loader\n"
                "loader.get_code = super(loader, loader).get_code\n"
            ),
            "its branches did not come back",  # its lines do, as those of code that no importer was asked for
        ),
        (
            "import os\nos.environ['_COVLANE_LEG'] = ''\n",
            "the lines of Pythons that tests start did not come back",
        ),
        (
            "import os, posix\nos._exit = posix._exit\n",
            "the lines of forks did not come back, a process of it never reported its end",
        ),
        (
            "import pytest\n@pytest.fixture(autouse=True)\ndef no():\n    assert not __import__('sys').modules.get('covlane_canary')\n",
            "its test failed",
        ),
    ],
    ids=["imports", "children", "forks", "test"],
)
def test_a_mechanism_that_is_broken_is_named(project: Project, plugin: str, lost: str) -> None:
    leg = measure(project, plugin=plugin)
    assert leg.code == 0, leg.output
    assert leg.stamp.canary == "lost"
    assert not leg.stamp.complete
    assert leg.stamp.reasons[-1].startswith(
        f"the canary, a test whose lines are known, was not measured whole: {lost}"
    )


def test_one_that_cannot_run_is_no_verdict(project: Project) -> None:
    refusing = "import pytest\ndef pytest_configure(config):\n    if 'canary' in str(config.args): raise pytest.UsageError('no')\n"
    leg = measure(project, plugin=refusing)
    assert leg.stamp.complete
    assert leg.stamp.canary.startswith("it could not run: pytest ended with 4")


def test_it_can_be_switched_off(project: Project) -> None:
    assert measure(project, canary=False).stamp.canary == "off"


def test_flags_count_wherever_they_were_given_and_selections_do_not(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\naddopts = -n 2 -k it\npython_functions = test_i*\n")
    leg = measure(project)
    assert leg.stamp.canary == "passed"
    output = (project.root / "reports/legs/leg.d/.canary/output").read_text()
    assert "1 worker" in output


def test_it_does_not_count_in_the_leg(project: Project) -> None:
    leg = measure(project)
    assert list(leg.measured.files) == ["pkg/__init__.py"]
    assert leg.stamp.processes.started == leg.stamp.counts["passed"] == 1


def flew(project: Project) -> bool:
    return (project.root / "reports/legs/leg.d/.canary").exists()


@pytest.mark.parametrize("mode", ["", "-n 2", "--forked"])
def test_one_that_came_back_stands_for_those_of_its_kind(project: Project, mode: str) -> None:
    cache = str(project.root / "kept")
    fates = [measure(project, *mode.split(), cache=cache).stamp.canary]
    assert flew(project)
    fates.append(measure(project, *mode.split(), cache=cache).stamp.canary)
    assert not flew(project)
    assert fates == ["passed", "passed before"]


def test_it_flies_where_anything_that_decides_is_new(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = str(project.root / "kept")

    def fate(*arguments: str, plugin: str = "", **changes: object) -> str:
        fate: str = measure(project, *arguments, plugin=plugin, cache=cache, **changes).stamp.canary
        return fate

    assert fate() == "passed"
    assert fate(branch=False) == "passed"
    assert fate("--forked") == "passed"
    assert fate("--forked", plugin="X = 1\n") == "passed"
    monkeypatch.setenv("PYTHONHASHSEED", "1")
    assert fate() == "passed"
    monkeypatch.setenv("EDITOR", "ed")
    assert fate() == "passed before"


def test_what_a_worker_alone_loads_decides_too(project: Project) -> None:
    plugin = "import os\nif 'PYTEST_XDIST_WORKER' in os.environ:\n    import of_worker\n"
    cache = str(project.root / "kept")
    project.write("of_worker.py", "")
    assert measure(project, "-n", "1", plugin=plugin, cache=cache).stamp.canary == "passed"
    assert measure(project, "-n", "1", plugin=plugin, cache=cache).stamp.canary == "passed before"
    project.write("of_worker.py", "import os\nos.environ['_COVLANE_LEG'] = ''\n")
    assert measure(project, "-n", "1", plugin=plugin, cache=cache).stamp.canary == "lost"


def test_one_that_was_lost_stands_for_none(project: Project) -> None:
    plugin, cache = "import os\nos.environ['_COVLANE_LEG'] = ''\n", str(project.root / "kept")
    for _ in range(2):
        leg = measure(project, plugin=plugin, cache=cache)
        assert (leg.stamp.canary, leg.stamp.complete) == ("lost", False)
