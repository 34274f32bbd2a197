"""Whether code that carries a file's name comes from it."""

from __future__ import annotations

import ast
import sys
import textwrap
import types

import pytest

from covlane.collector.instrument import origins

SOURCE = """\
import os


def first(value):
    total = value + 1
    return total


class Kept:
    @property
    def second(self):
        return os.name
"""
FIRST = SOURCE[SOURCE.index("def first") :]
SECOND = textwrap.dedent(SOURCE[SOURCE.index("    def second") :])

pytestmark = pytest.mark.skipif(sys.version_info < (3, 11), reason="code carries lines alone")


def function(text: str, by: int = 0) -> types.CodeType:
    tree = ast.increment_lineno(ast.parse(text), by)
    code = compile(tree, "a.py", "exec")
    return next(const for const in code.co_consts if isinstance(const, types.CodeType))


def judged(code: types.CodeType) -> tuple[bool, bool]:
    source = SOURCE.encode()
    return origins.is_part(code, source, "a.py"), origins.is_like_part(code, source, "a.py")


@pytest.mark.parametrize(
    ("code", "part", "like"),
    [
        pytest.param(function(SOURCE), True, True, id="the function itself"),
        pytest.param(function(FIRST, 3), True, True, id="cut out, and moved to its lines"),
        pytest.param(function(SECOND, 10), True, True, id="cut out and dedented"),
        pytest.param(function(SOURCE).replace(co_name="other"), True, False, id="called otherwise"),
        pytest.param(function(FIRST), False, True, id="on lines of its own"),
        pytest.param(function(SOURCE.replace("total", "sum")), False, True, id="of changed text"),
        pytest.param(function("def made(value):\n    return 1\n", 3), False, False, id="generated"),
        pytest.param(compile(SOURCE[:10], "a.py", "exec"), True, True, id="the file's first statement"),
        pytest.param(compile("x = 1\n", "a.py", "exec"), False, False, id="another statement"),
    ],
)
def test_code_is_a_part_of_a_source_by_its_places(code: types.CodeType, part: bool, like: bool) -> None:
    assert judged(code) == (part, like)


def test_code_of_a_part_says_its_rows_and_whether_it_is_marked() -> None:
    code = function(SOURCE)
    assert origins.rows(code) == (4, 6)
    assert not origins.is_marked(code)
