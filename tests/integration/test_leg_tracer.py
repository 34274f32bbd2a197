"""What the collector sees of programs is what CPython's own tracer sees, without the lines on which nothing began."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leg import HANGS, Project

if TYPE_CHECKING:
    from collections.abc import Iterable

TESTS = Path(__file__).parents[1]
#: Modules of the standard library and their tests: tests of the language, and programs.
PROGRAMS = {
    **{
        f"test.test_{name}": f"test.test_{name}"
        for name in ("asyncgen", "coroutines", "generators", "grammar")
    },
    **{f"test.test_{name}": f"test.test_{name}" for name in ("listcomps", "patma", "with", "except_star")},
    **{name: f"test.test_{name}" for name in ("shlex", "string", "textwrap")},
}
#: It has lines that CPython tells of although nothing on them has begun.
LEFT_OUT = """\
import unittest


def filtered(numbers):
    return [
        number
        for number in numbers
        if number > 9
    ]


def chosen(numbers):
    return [
        str(number)
        if number > 9
        else "less"
        for number in numbers
    ]


class Test(unittest.TestCase):
    def test_it(self):
        self.assertEqual(filtered([1]), [])
        self.assertEqual(chosen([1]), ["less"])
"""


def compared(project: Project, programs: Iterable[tuple[str, str]]) -> dict[str, dict[str, list[int]]]:
    project.write("left_out.py", LEFT_OUT)
    argv = [str(project.python), str(TESTS / "tracing.py"), *(f"{one}={tests}" for one, tests in programs)]
    environ = {**os.environ, "PYTHONPATH": f"{project.root}:{TESTS.parent / 'ci'}"}
    done = subprocess.run(
        argv, cwd=project.root, env=environ, capture_output=True, text=True, timeout=HANGS, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, list[int]]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.whole
def test_what_is_seen_is_what_is_told_and_true(matrix_project: Project) -> None:
    if matrix_project.python.parts[-3] in ("3.10", "3.11"):
        pytest.skip("there probes tell lines")
    has = subprocess.run(
        [matrix_project.python, "-c", "import test.test_grammar"], check=False, capture_output=True
    )
    programs = PROGRAMS if has.returncode == 0 else {}
    found = compared(matrix_project, [*programs.items(), ("left_out", "left_out")])
    assert found.keys() == {*programs, "left_out"}
    differing = {name: ways for name, ways in found.items() if any(ways.values())}
    assert differing == {}
