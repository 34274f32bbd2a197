"""What a suite's environment asks of Python and pytest holds for the leg as well."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Project

ASSERTING = """
def f(x):
    assert x, "no"
    if __debug__:
        x += 1
    if not __debug__:
        x -= 1
    assert (
        x
    )
    return x
"""


@pytest.mark.parametrize("level", ["1", "2"])
def test_lines_that_an_optimised_suite_has_no_code_for_are_not_missed(
    project: Project, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.write("pkg/__init__.py", ASSERTING)
    project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.f(1)\n")
    plain = project.measure()
    assert plain.missed("pkg/__init__.py") == []
    assert (plain.stamp.optimize, plain.stamp.reasons) == (0, ())
    monkeypatch.setenv("PYTHONOPTIMIZE", level)
    leg = project.measure()
    assert {2, 4} & {*leg.ran("pkg/__init__.py"), *leg.missed("pkg/__init__.py")} == set()
    assert leg.missed("pkg/__init__.py") == []
    assert (leg.stamp.optimize, leg.stamp.reasons) == (int(level), ())


def test_a_process_that_is_otherwise_optimised_is_noted(project: Project) -> None:
    project.write("pkg/__init__.py", ASSERTING)
    project.write(
        "test_it.py",
        """
        import subprocess, sys
        def test_it():
            subprocess.run([sys.executable, "-O", "-c", "import pkg; pkg.f(1)"], check=True)
        """,
    )
    leg = project.measure()
    (note,) = leg.stamp.notes
    assert "with -O 0 times, and this ran with it 1 times: " in note
    assert note.endswith(", started by test_it.py::test_it")
    assert leg.stamp.reasons == ()


@pytest.mark.parametrize("word", ["variable", "option"])
@pytest.mark.parametrize(("isolation", "arguments"), [("forked", ("--forked",)), ("process", ())])
def test_a_mode_has_its_plugins_where_pytest_loads_none_by_itself(
    project: Project, isolation: str, arguments: tuple[str, ...], word: str
) -> None:
    environ = dict(os.environ)
    if word == "option":
        project.write("pytest.ini", "[pytest]\naddopts = --disable-plugin-autoload\n")
    else:
        environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    project.write("pkg/__init__.py", "def f():\n    return 1\n")
    project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.f()\n")
    plan = project.plan(isolation=isolation, workers=2)
    subprocess.run(project.command(plan, "-n", "2", *arguments), cwd=project.root, env=environ, check=True)
    leg = project.read()
    assert (leg.missed("pkg/__init__.py"), leg.stamp.reasons) == ([], ())
