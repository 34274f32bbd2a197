"""Whatever a suite does to the process that it runs in, its tests end as they do unmeasured and its lines are exact."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, NamedTuple

import pytest

from habits import HABITS, HEAD
from leg import Project

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from leg import Leg

FORKS = ("-W", "error", "-W", "ignore::DeprecationWarning")


class Run(NamedTuple):
    """All habits in one suite, unmeasured and measured."""

    version: tuple[int, int]
    bare: subprocess.CompletedProcess[str]
    leg: Leg


@pytest.fixture(scope="module")
def run(leg_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    project = Project(tmp_path_factory.mktemp("habits") / "project", leg_python)
    config = (leg_python.parents[1] / "pyvenv.cfg").read_text("utf-8")
    found = re.search(r"version(?:_info)? = (\d+)\.(\d+)", config)
    assert found is not None
    version = (int(found[1]), int(found[2]))
    project.write("pkg/__init__.py", "")
    for name, habit in HABITS.items():
        if version >= habit.since:
            project.write(f"pkg/{name}.py", habit.source)
            project.write(f"test_{name}.py", HEAD.replace("{name}", name) + textwrap.dedent(habit.test))
    arguments = ("-q", "-rA", "--tb=short", *FORKS)
    return Run(version, project.bare(*arguments), project.measure(*arguments))


@pytest.mark.parametrize("name", HABITS)
def test_a_habit_costs_a_suite_no_test_and_the_leg_no_line(run: Run, name: str) -> None:
    habit = HABITS[name]
    if run.version < habit.since:
        pytest.skip("this Python has nothing of the kind")
    passed = f"PASSED test_{name}.py::test"
    assert passed in run.bare.stdout, run.bare.stdout
    assert passed in run.leg.output, run.leg.output
    assert run.leg.missed(f"pkg/{name}.py") == list(habit.missed)


def test_a_suite_of_all_habits_is_complete(run: Run) -> None:
    assert run.leg.stamp.reasons == ()
    named = [name for name, habit in HABITS.items() if habit.named and run.version < (3, 12)]
    assert list(run.leg.stamp.unbranched) == [f"pkg/{name}.py" for name in named]
    assert run.leg.code == run.bare.returncode == 0, run.leg.output


def test_a_child_that_can_open_no_file_ends_as_it_would_and_says_so(project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write(
        "test_it.py",
        """
        import os, resource, sys
        def test_it():
            child = os.fork()
            if child == 0:
                sys.stderr = None
                resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        """,
    )
    leg = project.measure(*FORKS)
    assert leg.code == 0, leg.output
    # It can open no file, and has lost nothing: its end is in memory.
    assert leg.stamp.reasons == ()
    assert leg.stamp.processes.reported == leg.stamp.processes.started == 2


PYTESTER = """
    pytest_plugins = "pytester"
    INNER = "import pkg\\ndef test_a():\\n    assert pkg.ran(1)\\ndef test_b():\\n    assert 0\\n"

    def test_in_process(pytester):
        pytester.makepyfile(INNER)
        pytester.runpytest_inprocess("-x").assert_outcomes(passed=1, failed=1)

    def test_refused(pytester):
        assert pytester.runpytest_inprocess("--no-such-option").ret == 4

    def test_subprocess(pytester):
        pytester.makepyfile(INNER)
        pytester.runpytest_subprocess("-n1").assert_outcomes(passed=1, failed=1)
    """


@pytest.mark.parametrize("arguments", [(), ("-n", "1", "--forked")], ids=["serial", "forked in a worker"])
def test_the_pytests_that_a_suite_runs_are_measured_and_are_no_part_of_its_result(
    project: Project, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project.root))
    project.write("pkg/__init__.py", "def ran(number):\n    return number\ndef never():\n    return 0\n")
    project.write("test_it.py", PYTESTER)
    leg = project.measure(*arguments)
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()
    assert {**leg.stamp.counts, "warnings": 0} == {"passed": 3, "warnings": 0}
    assert leg.missed("pkg/__init__.py") == [4]


TWINS = {
    "pkg/util.py": "def a():\n    return 1\ndef b():\n    return 2\n",
    "pkg/sub/util.py": "def a():\n    return 1\ndef b():\n    return 2\n",
    "tests/x/test_it.py": "from pkg import util\ndef test_it():\n    assert util.a() == 1\n",
    "tests/y/test_it.py": "from pkg.sub import util\ndef test_it():\n    assert util.b() == 2\n",
}


@pytest.mark.parametrize(
    "packages", [(), ("tests/__init__.py", "tests/x/__init__.py", "tests/y/__init__.py")]
)
def test_modules_that_share_a_name_keep_their_lines_apart(
    project: Project, packages: tuple[str, ...]
) -> None:
    for name, text in {
        **TWINS,
        **dict.fromkeys((*packages, "pkg/__init__.py", "pkg/sub/__init__.py"), ""),
    }.items():
        project.write(name, text)
    project.write("pytest.ini", "[pytest]\naddopts = -n 2 --import-mode=importlib -p no:cacheprovider\n")
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/util.py") == [4]
    assert leg.missed("pkg/sub/util.py") == [2]
    assert leg.stamp.reasons == ()


@pytest.mark.parametrize("mode", ["prepend", "importlib"])
def test_doctests_of_the_sources_are_measured(project: Project, mode: str) -> None:
    project.write("pkg/__init__.py", '"""Doc.\n\n>>> from pkg.m import f\n>>> f(1)\n1\n"""\n')
    project.write("pkg/m.py", "def f(n):\n    if n:\n        return n\n    return None\n")
    leg = project.measure("--doctest-modules", "pkg", f"--import-mode={mode}")
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/m.py") == [4]
    assert leg.measured.files["pkg/m.py"].taken == {(2, 3)}


CRASHES = """
    import os, signal
    import pkg, pytest

    @pytest.mark.parametrize("n", range(4))
    def test_before(n):
        pkg.ran(1)

    def test_crashes():
        pkg.ran(0)
        {end}

    @pytest.mark.parametrize("n", range(4))
    def test_after(n):
        pkg.ran(1)
    """


@pytest.mark.parametrize("end", ["os._exit(3)", "os.abort()", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_a_worker_that_ends_in_a_test_is_replaced_and_keeps_its_lines(project: Project, end: str) -> None:
    project.write("pkg/__init__.py", "def ran(number):\n    if number:\n        return 1\n    return 0\n")
    project.write("test_it.py", CRASHES.replace("{end}", end))
    leg = project.measure("-n", "2")
    assert leg.code == 1
    assert leg.stamp.counts == {"passed": 8, "failed": 1}
    assert leg.missed("pkg/__init__.py") == []
    assert leg.stamp.reasons == ()
    processes = leg.stamp.processes
    assert processes.started == processes.reported + processes.killed == 4
    assert processes.killed == ("SIGTERM" in end)
