"""Branches of one line, of which several reports know different things."""

from __future__ import annotations

import pytest

import data_words
from covlane.model.branches import LAST_TARGET, MOST_NUMBERED, counted, listed, settled
from covlane.model.lines import LAST_LINE
from covlane.model.report import FileCoverage, Ratio


def settled_words(*reports: str) -> str:
    """Return the branches of line 1 in several reports; `#1`: the first of a list; `#1/2`: of two that are counted."""
    union = FileCoverage()
    for report in reports:
        words = [f"1>{_target(word[:-1])}{word[-1]}" for word in report.split()]
        union |= data_words.file(" ".join(words))
    found = settled(union)
    return " ".join(
        f"{_word(target)}{'+' if (1, target) in found.taken else '-'}" for _, target in sorted(found.branches)
    )


def _target(text: str) -> int:
    number, _, count = text.removeprefix("#").partition("/")
    if count:
        return counted(int(number), int(count))
    return listed(int(number)) if text.startswith("#") else int(number)


def _word(target: int) -> str:
    count, number = divmod(target - LAST_LINE, MOST_NUMBERED)
    return str(target) if target <= LAST_LINE else f"#{number}/{count}" if count else f"#{number}"


@pytest.mark.parametrize(
    ("reports", "expected"),
    [
        (["2+ 3-"], "2+ 3-"),
        (["#1+ #2-"], "#1+ #2-"),
        (["3- #1/2+"], "3- #1/2+"),  # one report: it names what is missing, and counts the rest
        (["2+ 3-", "2- 3+"], "2+ 3+"),
        (["#1+ #2-", "#1- #2+"], "#1+ #2+"),  # the second of a list is the same in each
        (["#1/2+ #2/2-", "#1/2+ #2/2-"], "#1/2+ #2/2-"),  # which one each took is not told
        (["#1/2+ #2/2-", "#1/2+ #2/2+"], "#1/2+ #2/2+"),
        (["#1/2+ #2/2-", "#1/3+ #2/3- #3/3-"], "#1/3+ #2/3- #3/3-"),
        (["2+ 3-", "#1/2+ #2/2-"], "2+ 3-"),  # names are kept where they tell as much
        (["2+ 3-", "3- #1/2+"], "2+ 3-"),
        (["2+ 3-", "#1/2+ #2/2+"], "#1/2+ #2/2+"),
        (["2+ 3-", "#1- #2+"], "2+ 3-"),
        (["2- 3-", "#1- #2+"], "#1- #2+"),
        (["2- 3-", "#1- #2-", "#1/2+ #2/2-"], "#1/2+ #2/2-"),
        (["2- #1/2+", "3- #1/2+"], "#1/2+ #2/2-"),
        (["2- #1/2+", "#1/2+ #2/2+"], "#1/2+ #2/2+"),
        (["2- 3-", "2- 3-"], "2- 3-"),
    ],
)  # fmt: skip
def test_branches_are_counted_once(reports: list[str], expected: str) -> None:
    assert settled_words(*reports) == expected
    assert settled_words(*reversed(reports)) == expected
    assert settled_words(expected) == expected


def test_other_lines_are_left_alone() -> None:
    union = data_words.file(f"1+ 5- 1>2+ 1>{listed(1)}+ 5>6- 5>0-")
    assert settled(union) == data_words.file("1+ 5- 1>2+ 5>6- 5>0-")


def test_what_names_every_branch_is_the_very_same() -> None:
    file = data_words.file("1+ 1>2+ 1>0-")
    assert settled(file) is file
    assert file.branch == Ratio(1, 2)


def test_numbers_are_past_every_line_and_no_two_are_the_same() -> None:
    some = (1, 2, MOST_NUMBERED - 1, MOST_NUMBERED)
    numbers = [*map(listed, some), *(counted(number, count) for count in some for number in some)]
    assert len(set(numbers)) == len(numbers) == 20
    assert (min(numbers), max(numbers)) == (LAST_LINE + 1, LAST_TARGET)
