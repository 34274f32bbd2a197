"""What differs between two texts of a Python file."""

from __future__ import annotations

import pytest

from covlane.analysis.code import EVERYTHING, change, names_at, parts

OLD = """\
import os

LIMIT = 3  # at most

class A:
    x = 1

    @property
    def f(self):
        def inner():
            return 1
        return inner()

    class B:
        def g(self): return 2

if LIMIT:
    def h(a=1):
        # why
        return a
else:
    def h():
        return 0

async def k() -> int:
    return await k()
"""


@pytest.mark.parametrize(
    ("old", "new", "module", "functions"),
    [
        ("return 1\n", "return 3\n", False, {"A.f"}),
        ("return 2", "return 3", False, {"A.B.g"}),
        ("return a", "return a + 1", False, {"h"}),
        ("return 0", "return 9", False, {"h'"}),
        ("return await k()", "return 4", False, {"k"}),
        ("# why", "# because\n", False, set()),
        ("return 2", "return (\n  2)", False, set()),
        ("import os\n", "\n\nimport os\n\n", False, set()),
        ("LIMIT = 3", "LIMIT = 4", True, set()),
        ("x = 1", "x = 2", True, set()),
        ("@property\n    ", "", True, set()),
        ("a=1", "a=2", True, set()),
        ("-> int", "-> str", True, set()),
        ("def f", "def ff", True, set()),
    ],
)
def test_a_change_is_of_functions_or_of_the_module_level(
    old: str, new: str, *, module: bool, functions: set[str]
) -> None:
    assert old in OLD
    found = change(OLD, OLD.replace(old, new, 1))
    assert (found.module, set(found.functions)) == (module, functions)
    assert bool(found) == (module or bool(functions))


@pytest.mark.parametrize("texts", [(OLD, None), (None, OLD), (OLD, "def"), ("def", OLD)])
def test_what_cannot_be_compared_is_another(texts: tuple[str | None, str | None]) -> None:
    assert change(*texts) == EVERYTHING


def test_lines_are_those_of_a_function_or_of_the_module_level() -> None:
    known = parts(OLD)
    number = {row.strip(): line for line, row in enumerate(OLD.split("\n"), 1)}
    assert names_at(known, [number["return 1"], number["return a"]]) == {"A.f", "h"}
    assert names_at(known, [number["def h(a=1):"], number["x = 1"]]) == {""}
    # What is on the line of its definition is of both; the function says more.
    assert names_at(known, [number["def g(self): return 2"]]) == {"A.B.g"}
    assert names_at(known, [1, number["return await k()"]]) == {"", "k"}
