"""LCOV tracefiles."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.formats import lcov
from golden_file import golden

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPICAL = """
    pkg/__init__.py:
    pkg/core.py: 1+ 2+ 3- 5+ 6- 7- 2>3- 2>5+ 5>6- 5>0-
    pkg/sub/deep.py: 1- 2- 1>2- 1>0-
    setup.py: 1+ 2+ 3+ 1>2+ 1>3+
"""


def records(words: str | Mapping[str, str], kind: str, *, branch: bool = True) -> list[str]:
    """Return the values of all records of a kind."""
    text = "".join(lcov.write(data_words.report(words, branch=branch)))
    return [value for name, _, value in (line.partition(":") for line in text.split("\n")) if name == kind]


def test_a_report_is_written_as_its_golden_file_has_it() -> None:
    assert "".join(lcov.write(data_words.report(TYPICAL))) == golden("lcov.info")


def test_a_report_of_nothing_is_an_empty_file() -> None:
    assert "".join(lcov.write(data_words.report(""))) == ""


def test_a_line_ran_or_did_not() -> None:
    assert records("a.py: 1+ 2-", "DA") == ["1,1", "2,0"]


def test_a_branch_of_a_line_that_ran_was_taken_or_not() -> None:
    assert records("a.py: 1+ 1>2+ 1>3-", "BRDA") == ["1,0,0,1", "1,0,1,0"]


def test_a_branch_of_a_line_that_never_ran_is_neither() -> None:
    assert records("a.py: 1- 1>2- 1>3-", "BRDA") == ["1,0,0,-", "1,0,1,-"]


def test_a_branch_that_was_taken_was_taken_whatever_its_line_says() -> None:
    assert records("a.js: 2+ 1>2+ 1>3-", "BRDA") == ["1,0,0,1", "1,0,1,-"]


def test_branches_are_numbered_within_their_line() -> None:
    assert records("a.py: 1+ 4+ 4>5+ 4>0- 1>2+", "BRDA") == ["1,0,0,1", "4,0,0,0", "4,0,1,1"]


@pytest.mark.parametrize(("kind", "count"), [("LF", "3"), ("LH", "2"), ("BRF", "3"), ("BRH", "1")])
def test_a_file_s_counts_are_found_and_hit(kind: str, count: str) -> None:
    assert records("a.py: 1+ 2- 3+ 1>2- 1>3+ 3>0-", kind) == [count]


@pytest.mark.parametrize("kind", ["BRDA", "BRF", "BRH"])
def test_a_report_without_branches_says_nothing_of_them(kind: str) -> None:
    assert records("a.py: 1+ 2-", kind, branch=False) == []


def test_the_files_are_in_order() -> None:
    assert records("b.py: 1+\na.py: 1+", "SF") == ["a.py", "b.py"]


def test_a_line_break_in_a_name_begins_no_record() -> None:
    assert records({"a.py\nDA:9,1\rSF:b": "1+"}, "DA") == ["1,1"]
