"""Each gate: what passes it, what fails it, which lines it names, and what it says where it cannot judge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from covlane.model.report import Component, Ratio
from covlane.model.rules import MinimumCoverage
from covlane.model.verdict import BaselineState, Missing
from data_words import report
from judged import evidence, following, measured, only, verdict

HALF = report("a.py: 1+ 2- 3+ 4- 1>2- 1>3+")


@pytest.mark.parametrize(
    ("covered", "missed", "percent", "outcome"),
    [
        (84_996, 15_004, 85, "fail"),  # 84.996 reads 85.00 where it is rounded
        (85_000, 15_000, 85, "pass"),
        (84_999, 15_001, 84.999, "pass"),
        (84_999, 15_001, 84.9991, "fail"),
        (999, 1, 99.9, "pass"),
        (2, 1, 66.67, "fail"),
        (2, 1, 66.66, "pass"),
        (0, 1, 0, "pass"),
        (1, 0, 100, "pass"),
        (29, 71, 29, "pass"),  # 0.29 * 100 is less than 29 in floating point
        (57, 43, 57, "pass"),
    ],
)
def test_figures_are_compared_and_never_rounded(
    covered: int, missed: int, percent: float, outcome: str
) -> None:
    words = [f"1..{covered}+"] if covered else []
    words += [f"{covered + 1}..{covered + missed}-"] if missed else []
    assert only(report(f"a.py: {' '.join(words)}"), total_line=percent).outcome == outcome


def test_lines_and_branches_have_gates_of_their_own() -> None:
    found = verdict(HALF, total_line=50, total_branch=51)
    assert [(one.name, one.metric, one.outcome) for one in found.gates] == [
        ("total-line", "line", "pass"),
        ("total-branch", "branch", "fail"),
    ]
    assert found.gates[1].reason == "50.00% of branches (1/2) is below 51%: cover 1 more branch"
    assert found.gates[1].missing == (Missing(path="a.py", branches=((1, 2),)),)
    assert found.outcome == "fail"


def test_a_gate_of_branches_that_nobody_measured_is_not_passed() -> None:
    found = verdict(report("a.py: 1+", branch=False), total_branch=0)
    assert (found.outcome, found.gates[0].outcome) == ("incomplete", "incomplete")


def test_a_failed_total_names_enough_lines_those_of_changed_files_first() -> None:
    found = report("a.py: 1..4-\nb.py: 1..6-\nc.py: 1..2- 3..90+")
    result = only(found, evidence({"c.py": [1]}), total_line=95)
    assert result.needed == 7
    assert [one.path for one in result.missing] == ["c.py", "b.py"]
    assert result.missing[1].lines == ((1, 6),)


def test_changed_lines_alone_are_named_where_they_are_enough() -> None:
    found = report("a.py: 1..4- 9-\nb.py: 1..6- 3>4-")
    changed = evidence({"a.py": [2, 3], "b.py": [9]})
    assert only(found, changed, total_line=18).missing == (Missing(path="a.py", lines=((2, 3),)),)
    assert [one.lines for one in only(found, changed, total_line=20).missing] == [((1, 6),)]
    assert only(found, evidence({"b.py": [3]}), total_branch=1).missing == (
        Missing(path="b.py", branches=((3, 4),)),
    )


def test_an_incomplete_report_is_neither_passed_nor_failed() -> None:
    for percent in (1, 99):
        assert verdict(replace(HALF, incomplete=("a leg",)), total_line=percent).outcome == "incomplete"


def test_a_failure_comes_before_a_gate_that_cannot_be_judged() -> None:
    assert verdict(HALF, evidence(None), total_line=99, patch=1).outcome == "fail"
    assert verdict(HALF, evidence(None), total_line=1, patch=1).outcome == "incomplete"


def test_a_component_that_the_report_was_merged_without_is_not_passed() -> None:
    found = verdict(HALF, components={"api": MinimumCoverage(line=1, branch=1)})
    assert [(one.subject, one.metric, one.outcome) for one in found.gates] == [
        ("api", "line", "incomplete"),
        ("api", "branch", "incomplete"),
    ]
    assert {(one.name, one.measured, one.threshold) for one in found.gates} == {
        ("components", Ratio(0, 0), "1")
    }
    assert "invoke merge" in found.gates[0].reason


# Changed code


def test_the_patch_is_judged_by_its_statements() -> None:
    result = only(HALF, evidence({"a.py": [1, 2, 3, 9]}), patch=80)
    assert (result.measured, result.outcome) == (Ratio(2, 3), "fail")
    assert result.reason == "66.66% of changed statements (2/3) is below 80%: cover 1 more statement"
    assert result.missing == (Missing(path="a.py", lines=((2, 2),)),)


def test_one_line_cannot_hide_in_a_large_diff() -> None:
    large = report("a.py: 1..999+ 1000-")
    found = verdict(large, evidence({"a.py": list(range(1, 1001))}), patch=99, patch_missing=0)
    assert [one.outcome for one in found.gates] == ["pass", "fail"]
    assert found.gates[1].reason == "1 statement missed, at most 0 allowed: cover 1 more"
    assert found.gates[1].missing == (Missing(path="a.py", lines=((1000, 1000),)),)
    assert only(large, evidence({"a.py": [1000]}), patch_missing=1).outcome == "pass"


@pytest.mark.parametrize("gate", ["patch", "patch_missing"])
def test_a_patch_that_owes_nothing_is_skipped_with_a_word(gate: str) -> None:
    result = only(HALF, evidence({}), **{gate: 100})
    assert (result.outcome, result.reason) == ("skipped", "nothing changed")


@pytest.mark.parametrize("gate", ["patch", "patch_missing"])
def test_a_patch_that_is_not_known_is_not_passed(gate: str) -> None:
    assert only(HALF, evidence(None), **{gate: 0}).outcome == "incomplete"


def test_each_new_file_has_to_reach_its_bar() -> None:
    found = evidence({"a.py": [1], "b.py": [1], "old.py": [1]})
    assert found.diff
    files = tuple(
        replace(one, kind="added" if one.path != "old.py" else "modified") for one in found.diff.files
    )
    found = replace(found, diff=replace(found.diff, files=files))
    judged = verdict(report("a.py: 1+\nb.py: 1+ 2-\nold.py: 1-"), found, new_files=80).gates
    assert [(one.subject, one.outcome) for one in judged] == [("b.py", "fail"), ("", "pass")]
    assert (judged[1].measured, judged[1].reason) == (Ratio(1, 1), "1 file has at least 80%")
    both = verdict(report("a.py: 1+\nb.py: 1+ 2+\nold.py: 1-"), found, new_files=80).gates
    assert [(one.measured, one.reason) for one in both] == [(Ratio(3, 3), "each of 2 files has at least 80%")]


# Files and components


def test_the_first_pattern_that_matches_decides_over_each_file() -> None:
    found = verdict(
        report("src/core/a.py: 1+ 2-\nsrc/b.py: 1+ 2-\nsrc/c.py: 1+\nother.py: 1-"),
        files={"src/core/**": 40, "src/**": MinimumCoverage(line=100), "src/core/a.py": 100},
    )
    assert [(one.subject, one.threshold, one.outcome) for one in found.gates] == [
        ("src/core/**", "40", "pass"),
        ("src/b.py", "100", "fail"),
        ("src/**", "100", "pass"),
        ("src/core/a.py", "100", "skipped"),
    ]


def test_files_of_a_pattern_may_be_judged_together() -> None:
    found = report("src/a.py: 1-\nsrc/b.py: 1..9+")
    result = only(found, files={"src": MinimumCoverage(line=90, together=True)})
    assert (result.subject, result.measured, result.outcome) == ("src", Ratio(9, 10), "pass")


def test_a_component_is_judged_as_one() -> None:
    found = replace(report("api/a.py: 1+ 2-\nweb/b.py: 1+"), components=(Component("api", ("api",)),))
    result = only(found, components={"api": MinimumCoverage(line=51)})
    assert (result.subject, result.outcome, result.measured) == ("api", "fail", Ratio(1, 2))


# The ratchet


def test_a_drop_fails_and_names_the_files_that_lost() -> None:
    before = measured(report("a.py: 1..9+ 10-\nb.py: 1-", branch=False))
    now = report("a.py: 1..8+ 9- 10-\nb.py: 1-", branch=False)
    result = only(now, evidence({}, before=before), ratchet=True)
    assert (result.outcome, result.needed, result.threshold) == ("fail", 1, "81.81")
    assert [one.path for one in result.missing] == ["a.py"]


def line(now: str, before: str, *went: str) -> str:
    """Judge lines by the ratchet; `went` says of each changed file where its lines are now."""
    found = evidence({}, before=measured(report(before, branch=False)), following=following(*went))
    return only(report(now, branch=False), found, ratchet=True).outcome


def test_the_deletion_of_covered_code_is_no_drop() -> None:
    assert line("a.py: 1..5+ 6-", "a.py: 1..9+ 10-", "a.py: 5..10 a.py:1") == "pass"
    assert line("a.py: 1+ 2-", "a.py: 1+ 2-\nb.py: 1..50+") == "pass"


def test_what_is_no_longer_covered_does_not_hide_behind_a_deletion() -> None:
    # The deleted lines had not been covered: 5 of a.py's still are no longer.
    assert line("a.py: 1..4+ 5..9-", "a.py: 1..9+\nb.py: 1..5-") == "fail"
    assert line("a.py: 1..9+ 10-\nb.py: 1-", "a.py: 1..9+ 10-\nb.py: 1+") == "fail"
    assert line("a.py: 1..9+ 10..11-", "a.py: 1..9+ 10-\nb.py: 1..50+", "a.py: 1..10 a.py:1") == "fail"
    # In the same file: five that were not covered are deleted, and five lose their tests.
    assert line("a.py: 1..5+ 6..10-", "a.py: 1..10+ 11..15-", "a.py: 1..10 a.py:1") == "fail"


def test_covered_code_that_is_written_anew_without_tests_is_a_drop() -> None:
    assert line("a.py: 1..5+ 6..10-", "a.py: 1..10+", "a.py: 1..5 a.py:1") == "fail"
    assert line("a.py: 1..10+", "a.py: 1..10+", "a.py: 1..5 a.py:1") == "pass"


def test_covered_code_that_moved_to_another_file_is_no_drop() -> None:
    before = "a.py: 1..8+ 9..10-\nb.py: 1..50+"
    assert line("c.py: 1..8+ 9..10-", before, "a.py: 1..10 c.py:1") == "pass"


@pytest.mark.parametrize("went", ["a.py: 1..9 b.py:11", "a.py: 1..4 b.py:11 5..9 b.py:15"])
def test_code_that_moved_and_lost_its_tests_is_a_drop(went: str) -> None:
    assert line("b.py: 1..10+ 11..19-", "a.py: 1..9+\nb.py: 1..10+", went) == "fail"
    # Nor does it hide behind the deletion of what had no test.
    assert line("b.py: 1..10+ 11..19-", "a.py: 1..9+ 10..30-\nb.py: 1..10+", went) == "pass"
    assert line("b.py: 1..10+ 11..19-", "a.py: 1..9+ 10..16-\nb.py: 1..10+", went) == "fail"


def test_a_file_that_is_gone_counts_with_the_one_that_took_most_of_it() -> None:
    # Half of it is written anew there, without a test.
    assert line("b.py: 1..5+ 6..10-\nc.py: 1+", "a.py: 1..10+\nc.py: 1+", "a.py: 1..5 b.py:1") == "fail"


def test_branches_follow_their_lines() -> None:
    before = measured(report("a.py: 1..4+ 1>2+ 1>3+\nb.py: 1+ 1>0+ 1>2-"))
    went = following("a.py: 1..4 b.py:11")
    pure = report("b.py: 1+ 11..14+ 1>0+ 1>2- 11>12+ 11>13+")
    found = evidence({}, before=before, following=went)
    assert [one.outcome for one in verdict(pure, found, ratchet=True).gates] == ["pass", "pass"]
    lost = report("b.py: 1+ 11..14+ 1>0+ 1>2- 11>12+ 11>13-")
    lines, branches = verdict(lost, found, ratchet=True).gates
    assert (lines.outcome, branches.outcome) == ("pass", "fail")
    assert branches.missing == (Missing(path="b.py", branches=((11, 13),)),)
    gone = verdict(report("b.py: 1+ 1>0+ 1>2-"), replace(found, following=following("a.py:")), ratchet=True)
    assert [one.outcome for one in gone.gates] == ["pass", "pass"]


def test_a_drop_names_the_lines_that_lost_their_tests() -> None:
    before = measured(report("old.py: 1+ 2-\nb.py: 1-", branch=False))
    found = evidence({}, before=before, following=following("old.py: 1..2 new.py:4"))
    result = only(report("new.py: 4- 5- 6+\nb.py: 1-", branch=False), found, ratchet=True)
    assert result.missing == (Missing(path="new.py", lines=((4, 4),)),)


def test_a_drop_within_the_tolerance_passes() -> None:
    before = evidence({}, before=measured(report("a.py: 1..800+ 801..1000-", branch=False)))
    lower = report("a.py: 1..799+ 800..1000-", branch=False)
    result = only(lower, before, ratchet=0.1)
    assert (result.outcome, result.threshold) == ("pass", "79.90")
    assert "the baseline's 80.00% (800/1,000) less the tolerance of 0.1 points" in result.reason
    assert only(lower, before, ratchet=True).outcome == only(lower, before, ratchet=0.0).outcome == "fail"
    assert only(report("a.py: 1..798+ 799..1000-", branch=False), before, ratchet=0.1).outcome == "fail"
    assert verdict(lower, before, ratchet=False).gates == ()


def test_a_drop_that_may_be_a_deletion_in_content_that_is_not_known_is_not_judged() -> None:
    before = measured(report("a.py: 1..9+ 10-", branch=False))
    found = evidence({}, before=before, unfollowed=("a.py",))
    result = only(report("a.py: 1..5+ 6-", branch=False), found, ratchet=True)
    assert result.outcome == "incomplete"
    assert "git fetch --unshallow origin" in result.reason
    assert only(report("a.py: 1..9+", branch=False), found, ratchet=True).outcome == "pass"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("a.py",), "from a.py, "),
        (("a.py", "b.py"), "from a.py and 1 more, "),
        (("b.py",) * 3, "b.py and 2 more, "),
    ],
)
def test_the_first_file_that_cannot_be_followed_is_named_and_the_others_are_counted(
    files: tuple[str, ...], said: str
) -> None:
    before = measured(report("a.py: 1..9+ 10-", branch=False))
    found = evidence({}, before=before, unfollowed=files)
    assert said in only(report("a.py: 1..5+ 6-", branch=False), found, ratchet=True).reason


def test_a_baseline_without_lines_has_nothing_to_compare_with() -> None:
    found = evidence({}, before=measured(report("", branch=False)))
    result = only(HALF, found, ratchet=True)
    assert (result.name, result.metric, result.measured) == ("ratchet", "line", HALF.lines)
    assert (result.outcome, "nothing to compare with" in result.reason) == ("skipped", True)


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("none", "skipped"), ("corrupt", "incomplete"), ("not comparable", "incomplete")],
)
def test_a_baseline_that_cannot_be_used_is_a_state_of_its_own(state: str, outcome: str) -> None:
    found = evidence({}, state=BaselineState(state=state, sentence="it is so"))  # type: ignore[arg-type]
    result = only(HALF, found, ratchet=True)
    assert (result.outcome, result.reason) == (outcome, "it is so")


def test_a_total_is_of_lines_and_branches_together() -> None:
    found = verdict(HALF, total=50)
    lines, branches = HALF.lines, HALF.branches
    gate = only(HALF, total=99)
    assert [one.outcome for one in found.gates] == ["pass"]
    assert (gate.name, gate.metric, gate.outcome) == ("total", "both", "fail")
    assert gate.measured == Ratio(lines.covered + branches.covered, lines.total + branches.total)
    assert gate.missing[0].lines
    assert gate.missing[0].branches
    assert "of lines and branches" in gate.reason


def test_a_total_without_branches_is_of_lines() -> None:
    assert only(report("a.py: 1+ 2-", branch=False), total=50).measured == Ratio(1, 2)
