"""A package as large as one likes, with its tests: what large code bases cost, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Thirty lines: a function with branches, one with a loop, and a class.
PART = '''\
def choose_{n}(value, other=None):
    """Return what fits the value."""
    if value > {n}:
        return value - {n}
    elif value == {n}:
        other = "same"
    elif other:
        other = "other"
    return other


def add_{n}(values):
    total = 0
    for value in values:
        if value % 2:
            total += value
        else:
            total -= value
    return total


class Thing{n}:
    """A thing."""

    size = {n}

    def grow(self, by=1):
        self.size += by
        while self.size > 10:
            self.size -= 10
        return self.size


'''
TEST = """\
import pytest
from made.part{folder}.module{module} import *


@pytest.mark.parametrize("value", range({cases}))
def test_module{module}(value):
    assert add_1(range(value)) == add_2(range(value))
    assert choose_3(value) == (value - 3 if value > 3 else "same" if value == 3 else None)
    assert Thing4().grow(value) <= 10
"""


def make(root: Path, *, modules: int, lines: int, tests: int) -> None:
    """Write a package `made` of so many modules of about so many lines, and `tests` tests that import all of it."""
    (root / "made").mkdir(parents=True)
    (root / "made" / "__init__.py").touch()
    (root / "pyproject.toml").write_text(
        '[project]\nname = "made"\nversion = "1"\nrequires-python = ">=3.10"\n', "utf-8"
    )
    (root / "tests").mkdir()
    for module in range(modules):
        folder = root / "made" / f"part{module // 25}"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").touch()
        text = "".join(PART.format(n=n) for n in range(1, max(5, lines // 30) + 1))
        (folder / f"module{module}.py").write_text(text, "utf-8")
        cases = tests * (module + 1) // modules - tests * module // modules
        test = TEST.format(folder=module // 25, module=module, cases=max(1, cases))
        (root / "tests" / f"test_module{module}.py").write_text(test, "utf-8")
