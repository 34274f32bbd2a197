"""Plugins and libraries that change how Python runs a suite cost it no test, and the leg no line."""

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

import pytest

from habits import HEAD
from leg import Project
from plugins import PLUGINS

if TYPE_CHECKING:
    from pathlib import Path

#: What the environment has, and this suite does not want: it would turn each test into many.
ARGUMENTS = (
    "-q",
    "-rA",
    "--tb=short",
    "--randomly-seed=7",
    "-W",
    "error",
    "-W",
    "ignore::DeprecationWarning",
)


@pytest.mark.parametrize(
    "mode", [(), pytest.param(("-n", "2"), marks=pytest.mark.whole)], ids=["serial", "workers"]
)
def test_habits_with_plugins_cost_a_suite_no_test_and_the_leg_no_line(
    plugged_python: Path, tmp_path: Path, mode: tuple[str, ...]
) -> None:
    project = Project(tmp_path / "project", plugged_python)
    project.write("pkg/__init__.py", "")
    for name, habit in PLUGINS.items():
        project.write(f"pkg/{name}.py", habit.source)
        project.write(f"test_{name}.py", HEAD.replace("{name}", name) + textwrap.dedent(habit.test))
    bare, leg = project.bare(*ARGUMENTS, *mode), project.measure(*ARGUMENTS, *mode)
    assert bare.returncode == leg.code == 0, bare.stdout + leg.output
    for name, habit in PLUGINS.items():
        assert f"PASSED test_{name}.py::test" in leg.output
        assert leg.missed(f"pkg/{name}.py") == list(habit.missed), name
    assert leg.stamp.reasons == ()
    assert leg.stamp.unbranched == {}


def test_each_test_may_run_many_times(plugged_python: Path, tmp_path: Path) -> None:
    project = Project(tmp_path / "project", plugged_python)
    project.write("pkg.py", "def once():\n    return 1\ndef again():\n    return 2\n")
    project.write(
        "test_it.py",
        """
        import pkg
        CALLS = []
        def test():
            CALLS.append(pkg.again() if CALLS else pkg.once())
        """,
    )
    leg = project.measure("--flake-finder", "--flake-runs=3", source=["pkg.py"])
    assert leg.stamp.counts == {"passed": 3}
    assert leg.missed("pkg.py") == []
    assert leg.stamp.reasons == ()


MODULE = """\
def ran(number):
    if number:
        for each in range(number):
            while True:
                break
        return number
    if (
        number == 0
        and number is not None
    ):
        return None


class A:
    def f(self, x):
        try:
            if x: return 1
        finally:
            self.x = x
        while x < 3:
            x += 1


def choose(what):
    for each in what:
        match each:
            case 1:
                continue
            case [_] if what:
                break
            case (2,
                  3):
                pass
    match what:
        case [1, *_]:
            return 1
        case {"k": 1}:
            pass


def last(x):
    with open(__file__) as file:
        if file and \\
                x:
            x = 2
            x = 3
    if x and file:
        x = 4
"""


@pytest.mark.parametrize("branch", [False, True])
def test_coverage_of_the_suites_own_says_what_it_says_unmeasured(
    plugged_python: Path, tmp_path: Path, *, branch: bool
) -> None:
    project = Project(tmp_path / "project", plugged_python)
    project.write("pkg/__init__.py", MODULE)
    calls = (
        "pkg.ran(1)",
        "pkg.A().f(0)",
        "pkg.A().f(1)",
        "pkg.choose([])",
        "pkg.choose([1, {}])",
        "pkg.last(1)",
    )
    project.write("test_it.py", "".join(["import pkg\ndef test():\n", *(f"    {call}\n" for call in calls)]))
    project.write("pytest.ini", f"[pytest]\naddopts = --cov=pkg {'--cov-branch' * branch} -p no:randomly\n")
    said = project.root / "said.json"
    bare, files = project.bare("--cov-report=json:said.json"), json.loads(said.read_bytes())["files"]
    leg = project.measure("--cov-report=json:said.json")
    assert leg.code == bare.returncode == 0, leg.output
    assert json.loads(said.read_bytes())["files"] == files
    assert leg.stamp.reasons == ()
