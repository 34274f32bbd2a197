"""Counts and the figures that are derived from them."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

import data_words
from covlane.model.report import Component, Ratio, total


@pytest.mark.parametrize(
    ("covered", "count", "text"),
    [
        (0, 3, "0.00%"),
        (1, 3, "33.33%"),
        (2, 3, "66.66%"),
        (3, 3, "100.00%"),
        (1, 1_000, "0.10%"),
        (99_999, 100_000, "99.99%"),
        (10**18 - 1, 10**18, "99.99%"),
        (0, 0, "-"),
    ],
)
def test_a_percentage_is_rounded_down(covered: int, count: int, text: str) -> None:
    assert Ratio(covered, count).text == text


@pytest.mark.parametrize(
    ("covered", "count", "rate"),
    [
        (0, 3, "0"),
        (1, 3, "0.3333"),
        (1, 2, "0.5"),
        (1, 1_000, "0.001"),
        (3, 3, "1"),
        (99_999, 100_000, "0.9999"),
        (0, 0, "1"),
    ],
)
def test_a_rate_is_rounded_down(covered: int, count: int, rate: str) -> None:
    assert Ratio(covered, count).rate == rate


def test_what_is_missing_is_the_rest() -> None:
    assert Ratio(2, 5).missing == 3


def test_ratios_add_up_by_their_counts_and_not_by_their_percentages() -> None:
    assert total([Ratio(1, 1), Ratio(0, 3)]) == Ratio(1, 4)


def test_the_total_of_nothing_is_nothing_of_nothing() -> None:
    assert total([]) == Ratio(0, 0)


def test_a_file_counts_lines_and_branches_apart() -> None:
    file = data_words.file("1+ 2- 3+ 1>2- 1>3+ 3>0-")
    assert (file.lines, file.branch) == (Ratio(2, 3), Ratio(1, 3))


def test_the_union_of_two_files_has_what_either_has() -> None:
    union = data_words.file("1+ 2- 1>2-") | data_words.file("2+ 5- 1>2+ 1>5-")
    assert union == data_words.file("1+ 2+ 5- 1>2+ 1>5-")


def test_a_report_counts_all_its_files() -> None:
    report = data_words.report("a.py: 1+ 2- 1>2-\nb.py: 1+ 1>0+")
    assert (report.lines, report.branches) == (Ratio(2, 3), Ratio(1, 2))


def test_a_report_cannot_be_changed() -> None:
    with pytest.raises(FrozenInstanceError):
        data_words.report("a.py: 1+").branch = False  # type: ignore[misc]


@pytest.mark.parametrize(
    ("source", "path", "held"),
    [
        ("src", "src/a.py", True),
        ("./src/", "src/a/b.py", True),
        ("src", "srcs/a.py", False),
        ("src/a.py", "src/a.py", True),
        (".", "a.py", True),
        ("src/*term*", "src/termui.py", True),
        ("src/*term*", "src/a/termui.py", False),
        ("**/web", "src/web/a.py", True),
    ],
)
def test_a_component_holds_files_folders_and_globs(source: str, path: str, held: bool) -> None:
    assert Component("part", (source,)).holds(path) is held
