"""The canary runs where the suite ran; a mechanism that loses its lines makes the leg incomplete, by name."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from leg import Leg, Project

#: Tests that do all that a canary does, and enough of them for each worker.
BUSY = """\
import os, subprocess, sys, pkg, pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    if not (child := os.fork()):
        os._exit(0)
    os.waitpid(child, 0)
    subprocess.run([sys.executable, "-c", "import pkg"], check=True)
"""


def measure(project: Project, *arguments: str, test: str = BUSY, plugin: str = "", **changes: object) -> Leg:
    project.write("pkg/__init__.py", "X = 1\n")
    project.write("test_it.py", test)
    project.write("plugin.py", plugin)
    changes.setdefault("canary", True)
    return project.measure("-p", "plugin", *arguments, **changes)


def canaries(project: Project) -> dict[str, dict[str, Any]]:
    """Return what each process of a leg said of its canary at last."""
    lines: Iterator[dict[str, Any]] = (
        json.loads(line)
        for path in (project.root / "reports/legs/leg.d").glob("*.fragment")
        for line in path.read_text().splitlines()
    )
    return {said["process"]: said["canary"] for said in lines if "canary" in said}


@pytest.mark.parametrize("mode", ["", "-n 2", "--forked", "--dist each --tx 2*popen"])
def test_it_comes_back_from_every_mode(project: Project, mode: str) -> None:
    it_comes_back(project, *mode.split())


def test_it_comes_back_on_every_python(matrix_project: Project) -> None:
    it_comes_back(matrix_project, *["--forked", "-n", "2"])


def test_it_comes_back_by_either_engine(project: Project) -> None:
    it_comes_back(project, *["--forked", "-n", "2"], engine="coverage")


def test_it_comes_back_without_branches(project: Project) -> None:
    it_comes_back(project, branch=False)


def it_comes_back(project: Project, *mode: str, **changes: Any) -> None:
    leg = measure(project, *mode, **changes)
    assert leg.code == 0, leg.output
    assert (leg.stamp.self_check, leg.stamp.reasons) == ("passed", ())
    flown = canaries(project)
    assert len(flown) == (2 if "-n" in mode or "--dist" in mode else 1)
    for canary in flown.values():
        assert set(canary["ways"]) - {"forks"} == {"imports", "Pythons that tests start"}
        # Python 3.12 lets no worker fork when it ends.
        assert "forks" in canary["ways"] or (len(flown) == 2 and leg.stamp.python.startswith("3.12."))


LOADER = "from importlib.machinery import SourceFileLoader as loader\nloader.get_code = super(loader, loader).get_code\n"
#: What breaks each mechanism, and what is said of it.
BROKEN = {
    "imports": (
        LOADER,
        "its branches did not come back",
    ),  # its lines do, as those of code that no importer was asked for
    "children": (
        "import os\ndef pytest_runtest_setup():\n    os.environ['_COVLANE_LEG'] = ''\n",
        "the lines of Pythons that tests start did not come back",
    ),
    # Its lines do come back, as they are told while they run.
    "forks": ("import os, posix\nos._exit = posix._exit\n", "a process of it never reported its end"),
}


@pytest.mark.parametrize("mode", ["", "-n 1"])
@pytest.mark.parametrize("mechanism", BROKEN)
def test_a_mechanism_that_is_broken_is_named(project: Project, mechanism: str, mode: str) -> None:
    plugin, lost = BROKEN[mechanism]
    it_is_lost(measure(project, *mode.split(), plugin=plugin), lost)


def test_what_a_test_has_broken_is_named(project: Project) -> None:
    leg = measure(project, test=f"import pkg\ndef test_it():\n    exec({LOADER!r})\n")
    it_is_lost(leg, "its branches did not come back")


def it_is_lost(leg: Leg, lost: str) -> None:
    assert leg.code == 0, leg.output
    assert leg.stamp.self_check == "lost"
    assert not leg.stamp.complete
    assert leg.stamp.reasons[-1].startswith(
        f"the self-check, a module whose lines are known, was not fully measured: {lost}"
    )


@pytest.mark.parametrize("engine", ["slipcover", "coverage"])
def test_workers_that_nobody_measured_are_named(project: Project, engine: str) -> None:
    project.write("conftest.py", "import os\nos.environ.pop('_COVLANE_LEG', None)\n")
    leg = measure(project, "-n", "2", subprocess=False, engine=engine)
    it_is_lost(leg, "the lines of tests did not come back")


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ("sys.executable = '/none'", "FileNotFoundError: "),
        ("sys.executable = '/bin/false'", "RuntimeError: a Python of its own ended with 1"),
        ("os.fork = None", "TypeError: "),
    ],
)
def test_one_that_cannot_run_is_no_verdict(project: Project, broken: str, why: str) -> None:
    leg = measure(project, plugin=f"import os, sys\ndef pytest_unconfigure():\n    {broken}\n")
    assert leg.stamp.complete
    assert leg.stamp.self_check.startswith(f"it could not run: {why}")


def test_a_suite_may_remove_it(project: Project) -> None:
    removing = "import atexit, shutil\natexit.register(shutil.rmtree, 'reports/legs/leg.d/.canary')\n"
    leg = measure(project, plugin=removing)
    assert leg.stamp.complete
    assert leg.stamp.self_check.startswith("it could not run: [Errno 2] No such file")


def test_it_goes_the_ways_that_the_suite_went_and_no_other(project: Project) -> None:
    leg = measure(project, test="import pkg\ndef test_it(): pass\n")
    assert leg.stamp.self_check == "passed"
    assert [set(flown["ways"]) for flown in canaries(project).values()] == [{"imports"}]


def test_it_runs_in_the_legs_own_processes_alone(project: Project) -> None:
    inner = "import os, sys; sys.argv[1:] = ['-p', 'no:cacheprovider', '-p', 'breaking', '-n', '1', 'inner.py']; import pytest; sys.exit(pytest.main())"
    project.write("inner.py", "def test_inner(): pass\n")
    project.write("breaking.py", LOADER)
    test = f"import subprocess, sys, pkg\ndef test_it():\n    subprocess.run([sys.executable, '-c', {inner!r}], check=True)\n"
    for mode in ([], ["-n", "1"]):
        leg = measure(project, *mode, test=test)
        assert (leg.code, leg.stamp.self_check) == (0, "passed"), leg.output
        # A worker of another run has its own word for that: its canary is lost, and decides nothing.
        assert len({flown["run"] for flown in canaries(project).values()}) == 2


def test_what_multiprocessing_forks_has_none(project: Project) -> None:
    test = """
import multiprocessing, pkg

def test_it():
    process = multiprocessing.get_context("fork").Process(target=print)
    process.start()
    process.join()
"""
    leg = measure(project, "-n", "1", "-W", "ignore::DeprecationWarning", test=test)
    assert leg.stamp.self_check == "passed"
    assert len(canaries(project)) == 1


@pytest.mark.parametrize("arguments", [["--collect-only"], ["-k", "none"]])
def test_a_leg_without_tests_needs_none(project: Project, arguments: list[str]) -> None:
    assert measure(project, *arguments).stamp.self_check in {"passed", "off"}


def test_it_can_be_switched_off(project: Project) -> None:
    assert measure(project, canary=False).stamp.self_check == "off"
    assert not canaries(project)


def test_it_does_not_count_in_the_leg(project: Project) -> None:
    leg = measure(project)
    assert list(leg.measured.files) == ["pkg/__init__.py"]
    # pytest's own, and four times a fork and a Python.
    assert (leg.stamp.processes.started, leg.stamp.processes.reported) == (9, 9)


def test_the_suite_finds_nothing_of_it(project: Project) -> None:
    plugin = """
import atexit, os, sys

def look():
    assert "covlane_canary" not in sys.modules
    assert "PYTEST_CURRENT_TEST" not in os.environ
    open("looked", "a").close()

atexit.register(look)
"""
    for mode in ([], ["-n", "1"]):
        leg = measure(project, *mode, plugin=plugin)
        assert leg.stamp.self_check == "passed", leg.output
        assert "Error" not in leg.output, leg.output
    assert (project.root / "looked").exists()


def test_one_of_which_nothing_came_back_is_lost_by_either_engine(project: Project) -> None:
    silent = "import sys\ndef pytest_unconfigure():\n    sys.settrace(None)\n"
    leg = measure(project, plugin=silent, engine="coverage")
    if sys.version_info < (3, 14):  # where coverage.py traces
        it_is_lost(leg, "the lines of imports did not come back, the lines of tests did not come back")
