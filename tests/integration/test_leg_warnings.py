"""What Python warns of in a source, a leg's import warns of: once, in the process that imports it, by its filters."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Project

#: Python warns of the comparison, on each version and by its compiler.
LATE = "def is_one(number):\n    return number is 1\n"
#: How a program's process meets it.
PROGRAMS = [
    "-c|import pkg.late",
    "-m|pkg.late",
    "pkg/late.py",
    "-c|import runpy; runpy.run_path('pkg/late.py')",
]


def write(project: Project, test: str) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/late.py", LATE)
    project.write("test_it.py", test)


def test_an_import_warns_each_time_that_python_would_compile(matrix_project: Project) -> None:
    test = """
        import warnings, sys
        sys.dont_write_bytecode = True
        def test_it():
            with warnings.catch_warnings(record=True) as log:
                warnings.simplefilter("always")
                import pkg.late
            assert [(one.category, one.lineno) for one in log] == [(SyntaxWarning, 2)]
        """
    write(matrix_project, test)
    for cache in ("cold", "kept", "kept"):
        leg = matrix_project.measure(cache=str(matrix_project.root / cache))
        assert leg.code == 0, leg.output
        assert leg.ran("pkg/late.py") == [1]
        assert leg.stamp.complete


def test_a_warning_that_is_an_error_stops_the_import(matrix_project: Project) -> None:
    write(matrix_project, "def test_it():\n    import time; time.sleep(1)\n    import pkg.late\n")
    for _ in range(2):
        leg = matrix_project.measure("-W", "error", cache=str(matrix_project.root / "kept"))
        assert leg.code == 1
        assert "SyntaxError" in leg.output


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_hears_it_as_often_as_without_a_leg(matrix_project: Project, program: str) -> None:
    test = f"""
        import json, os, subprocess, sys
        def test_it():
            environ = {{**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}}
            argv = [sys.executable, *{program.split("|")!r}]
            done = subprocess.run(argv, env=environ, capture_output=True, text=True)
            with open("heard.json", "a") as file:
                file.write(json.dumps([done.returncode, done.stderr.count("SyntaxWarning")]) + "\\n")
        """
    write(matrix_project, test)
    matrix_project.bare()
    for _ in range(2):
        leg = matrix_project.measure(cache=str(matrix_project.root / "kept"))
        assert leg.code == 0, leg.output
    heard = [json.loads(line) for line in (matrix_project.root / "heard.json").read_text().splitlines()]
    assert heard == [[0, 1]] * 3


def test_pytest_reports_what_it_warns_of_in_a_measured_test_once(matrix_project: Project) -> None:
    write(matrix_project, "")
    matrix_project.write("pkg/test_inside.py", "def test_it():\n    assert (1, 'always true')\n")
    for _ in range(2):
        leg = matrix_project.measure("pkg", cache=str(matrix_project.root / "kept"))
        assert leg.code == 0, leg.output
        assert leg.output.count("PytestAssertRewriteWarning: assertion is always true") == 1
        assert leg.ran("pkg/test_inside.py") == [1, 2]
