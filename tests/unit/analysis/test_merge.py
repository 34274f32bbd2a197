"""Many legs to one report, and a sentence for all that is missing from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.analysis.merge import merge
from covlane.model.lines import pack
from data_words import leg

if TYPE_CHECKING:
    from covlane.model.report import Measured, Report

NAMES = ("coverage-3.11", "coverage-3.12")
OTHER = "fedcba9876543210fedcba9876543210fedcba98"


def merged(*legs: Measured, commit: str | None = data_words.COMMIT, **now: str) -> Report:
    """Merge legs in a repository where a file's digest is as it was, or as `now` has it (a_py="...")."""
    given = {name.replace("_py", ".py"): digest for name, digest in now.items()}
    return merge(
        legs, expected=NAMES, commit=commit, digest=lambda path: given.get(path, f"digest of {path}")
    )


def test_two_whole_legs_make_a_complete_report() -> None:
    assert merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1+")).incomplete == ()


def test_a_line_that_any_leg_ran_is_covered() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2- 1>2-"), leg(NAMES[1], "a.py: 1+ 2+ 1>2+"))
    assert data_words.said(report.files) == {"a.py": "1+ 2+ 1>2+"}


def test_a_line_that_only_one_leg_can_run_counts() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2-"), leg(NAMES[1], "a.py: 1+"))
    assert data_words.said(report.files) == {"a.py": "1+ 2-"}


def test_a_file_that_only_one_leg_has_is_in_the_report() -> None:
    report = merged(leg(NAMES[0], "b.py: 1-"), leg(NAMES[1], "a.py: 1+"))
    assert data_words.said(report.files) == {"a.py": "1+", "b.py": "1-"}


def test_the_files_are_in_order() -> None:
    report = merged(leg(NAMES[0], "c.py: 1-\na.py: 1-"), leg(NAMES[1], "b.py: 1+"))
    assert list(report.files) == ["a.py", "b.py", "c.py"]


def test_the_stamps_are_in_order_of_their_names() -> None:
    report = merged(leg(NAMES[1], "a.py: 1+"), leg(NAMES[0], "a.py: 1+"))
    assert tuple(stamp.leg for stamp in report.legs) == NAMES


def test_the_last_leg_s_time_is_the_report_s() -> None:
    early, late = "2026-01-01T00:00:00+00:00", "2026-01-03T00:00:00+00:00"
    report = merged(leg(NAMES[0], "a.py: 1+", timestamp=late), leg(NAMES[1], "a.py: 1+", timestamp=early))
    assert report.timestamp == late


@pytest.mark.parametrize("branches", [(True, True), (True, False), (False, False)])
def test_branches_were_measured_if_any_leg_measured_them(branches: tuple[bool, bool]) -> None:
    report = merged(*(leg(name, "a.py: 1+", branch=on) for name, on in zip(NAMES, branches, strict=True)))
    assert report.branch is any(branches)


def test_a_missing_leg_is_named_with_the_command_that_runs_it() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"))
    assert report.incomplete == ('coverage-3.12 did not run here; run `nox -s "coverage-3.12"`',)


def test_no_leg_at_all_is_an_incomplete_report_and_no_error() -> None:
    report = merged()
    assert (len(report.incomplete), report.files) == (2, {})


def test_a_leg_that_is_there_twice_is_named() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1+"), leg(NAMES[1], "a.py: 1+"))
    assert report.incomplete == ("coverage-3.12 is there 2 times; remove the legs of former runs",)


def test_a_leg_that_nobody_expects_is_named() -> None:
    report = merged(*(leg(name, "a.py: 1+") for name in (*NAMES, "coverage-3.9")))
    (reason,) = report.incomplete
    assert reason.startswith("coverage-3.9 is no leg of this repository's session list")


@pytest.mark.parametrize(
    ("ran", "at", "says"),
    [
        (OTHER, data_words.COMMIT, "it ran commit fedcba987654, the repository is at 0123456789ab"),
        (None, data_words.COMMIT, "it ran commit none, the repository is at 0123456789ab"),
        (data_words.COMMIT, None, "it ran commit 0123456789ab, the repository is at none"),
    ],
)
def test_a_leg_of_another_commit_is_left_out_and_named(ran: str | None, at: str | None, says: str) -> None:
    report = merged(leg(NAMES[0], "a.py: 1+", commit=ran), leg(NAMES[1], "a.py: 1- 2-", commit=at), commit=at)
    assert report.incomplete == (f"coverage-3.11 is left out: {says}; run it again",)
    assert data_words.said(report.files) == {"a.py": "1- 2-"}


def test_legs_without_a_commit_belong_to_a_repository_without_one() -> None:
    legs = (leg(name, "a.py: 1+", commit=None) for name in NAMES)
    assert merged(*legs, commit=None).incomplete == ()


def test_a_leg_that_measured_other_content_is_left_out_and_named() -> None:
    report = merged(
        leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1- 2-", digests={"a.py": "new"}), a_py="new"
    )
    assert report.incomplete == (
        "coverage-3.11 is left out: it measured another content of a.py; run it again",
    )
    assert data_words.said(report.files) == {"a.py": "1- 2-"}


def test_legs_that_disagree_on_a_file_that_is_gone_are_not_mixed() -> None:
    legs = [
        leg(NAMES[0], "a.py: 1+", digests={"a.py": "one"}),
        leg(NAMES[1], "a.py: 1+", digests={"a.py": "two"}),
    ]
    report = merge(legs, expected=NAMES, commit=data_words.COMMIT, digest=lambda _: None)
    assert [stamp.leg for stamp in report.legs] == [NAMES[0]]


def test_a_file_that_a_leg_made_itself_needs_no_counterpart_in_the_repository() -> None:
    legs = [leg(name, "generated.py: 1+") for name in NAMES]
    report = merge(legs, expected=NAMES, commit=data_words.COMMIT, digest=lambda _: None)
    assert report.incomplete == ()


def test_each_reason_of_an_incomplete_leg_is_named_with_it() -> None:
    reasons = ("process 7 never reported its end", "pytest was interrupted")
    report = merged(leg(NAMES[0], "a.py: 1+", complete=False, reasons=reasons), leg(NAMES[1], "a.py: 1+"))
    assert report.incomplete == tuple(f"coverage-3.11: {reason}" for reason in reasons)


def test_an_incomplete_leg_without_a_reason_is_named_all_the_same() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+", complete=False), leg(NAMES[1], "a.py: 1+"))
    assert report.incomplete == ("coverage-3.11 is incomplete",)


def test_an_incomplete_leg_s_lines_are_in_the_report() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+", complete=False), leg(NAMES[1], "a.py: 1-"))
    assert data_words.said(report.files) == {"a.py": "1+"}


def test_a_line_that_not_every_leg_ran_is_disputed() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2+ 3-"), leg(NAMES[1], "a.py: 1+ 2- 3+"))
    assert report.disputed == {"a.py": {NAMES[0]: pack([2]), NAMES[1]: pack([3])}}


def test_a_file_that_one_leg_does_not_have_is_disputed() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "b.py: 1-"))
    assert report.disputed == {"a.py": {NAMES[0]: pack([1])}}


def test_legs_that_agree_dispute_nothing() -> None:
    assert merged(*(leg(name, "a.py: 1+ 2-") for name in NAMES)).disputed == {}


def test_a_leg_that_is_left_out_disputes_nothing() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+", commit=OTHER), leg(NAMES[1], "a.py: 1-"))
    assert report.disputed == {}
