"""Many legs to one report, and a sentence for all that is missing from it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.analysis.merge import Content, merge
from covlane.analysis.paths import Places
from covlane.errors import ReportError
from covlane.formats.foreign import Foreign
from covlane.formats.untrusted import Odd
from covlane.model.lines import pack
from covlane.model.report import Alone, Component, LegGroup, Ratio
from data_words import leg

if TYPE_CHECKING:
    from covlane.model.report import Measured, Report

NAMES = ("coverage-3.11", "coverage-3.12")
#: One leg whole, and another in two shards.
EXPECTED = (NAMES[0], *(f"{NAMES[1]}(shard-{number}-of-2)" for number in (1, 2)))
OTHER = "fedcba9876543210fedcba9876543210fedcba98"
#: How many lines each file has.
LENGTH = 50
HERE = frozenset({"a.py", "b.py", "c.py", "web/x.ts"})


def merged(
    *inputs: Measured | tuple[str, Foreign] | ReportError,
    commit: str | None = data_words.COMMIT,
    gone: tuple[str, ...] = (),
    components: tuple[Component, ...] = (),
    expected: tuple[str, ...] = NAMES,
    omit: tuple[str, ...] = (),
    **now: str,
) -> Report:
    """Merge legs in a repository where a file's digest is as it was, or as `now` has it (a_py="...")."""
    given = {name.replace("_py", ".py"): digest for name, digest in now.items()}

    def content(path: str) -> Content | None:
        return None if path in gone else Content(given.get(path, f"digest of {path}"), LENGTH)

    places = Places(lambda name: name if name in HERE - set(gone) else None, roots=["/repo"])
    named = [one if isinstance(one, tuple) else ("its file", one) for one in inputs]
    return merge(
        named,
        expected=expected,
        commit=commit,
        now=content,
        places=places,
        components=components,
        omit=omit,
    )


def other(name: str, text: str) -> tuple[str, Foreign]:
    """Return what another tool measured, after its file's name."""
    return name, Foreign("LCOV", True, None, data_words.files(text))


def both(text: str) -> tuple[Measured, Measured]:
    """Return two legs that say the same."""
    return leg(NAMES[0], text), leg(NAMES[1], text)


def test_two_whole_legs_make_a_complete_report() -> None:
    assert merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1+")).incomplete == ()


def test_legs_of_two_engines_are_no_complete_report() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1+", engine="coverage"))
    assert report.incomplete == (
        (
            "legs were measured by coverage and slipcover, whose line counts are not comparable; "
            "run all legs with one `engine`"
        ),
    )


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


@pytest.mark.parametrize("first", [False, True])
def test_branches_outlive_a_leg_that_measured_lines_alone(*, first: bool) -> None:
    words = {False: "a.py: 1+ 2-", True: "a.py: 1+ 2- 1>0+ 1>2-"}
    legs = (leg(name, words[on], branch=on) for name, on in zip(NAMES, (first, not first), strict=True))
    assert data_words.said(merged(*legs).files) == {"a.py": "1+ 2- 1>0+ 1>2-"}


def test_a_missing_leg_is_named_with_the_command_that_runs_it() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"))
    assert report.incomplete == ('coverage-3.12 did not run here; run `nox -s "coverage-3.12"`',)


def test_no_leg_at_all_is_an_incomplete_report_and_no_error() -> None:
    report = merged()
    assert (len(report.incomplete), report.files) == (2, {})


def test_a_leg_that_is_there_twice_is_named() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "a.py: 1+"), leg(NAMES[1], "a.py: 1+"))
    assert report.incomplete == ("coverage-3.12 exists 2 times; remove the legs of earlier runs",)


def test_a_leg_that_nobody_expects_is_named() -> None:
    report = merged(*(leg(name, "a.py: 1+") for name in (*NAMES, "coverage-3.9")))
    (reason,) = report.incomplete
    assert reason.startswith("coverage-3.9 is not in this repository's session list")


@pytest.mark.parametrize(
    ("ran", "at", "says"),
    [
        (OTHER, data_words.COMMIT, "it measured commit fedcba987654, the repository is at 0123456789ab"),
        (None, data_words.COMMIT, "it measured commit none, the repository is at 0123456789ab"),
        (data_words.COMMIT, None, "it measured commit 0123456789ab, the repository is at none"),
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
        "coverage-3.11 is left out: it measured other content of a.py; run it again",
    )
    assert data_words.said(report.files) == {"a.py": "1- 2-"}


def test_a_file_that_is_gone_and_of_which_legs_measured_different_contents_is_left_out_and_named() -> None:
    legs = [
        leg(NAMES[0], "a.py: 1+\nb.py: 1+", digests={"a.py": "one"}),
        leg(NAMES[1], "a.py: 1+\nb.py: 1+", digests={"a.py": "two"}),
    ]
    report = merged(*legs, gone=("a.py",))
    assert report.incomplete == ("a.py is left out: legs measured different contents of it; run them again",)
    assert data_words.said(report.files) == {"b.py": "1+"}


def test_a_file_that_a_leg_made_itself_needs_no_counterpart_in_the_repository() -> None:
    report = merged(*both("generated.py: 1+"), gone=("generated.py",))
    assert (report.incomplete, list(report.files)) == ((), ["generated.py"])


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


def test_a_leg_that_cannot_be_read_is_named_with_what_to_do() -> None:
    broken = ReportError("x.json has schema 2; this covlane reads schema 1", "use one version")
    report = merged(*both("a.py: 1+"), broken)
    assert report.incomplete == ("x.json has schema 2; this covlane reads schema 1; use one version",)


def test_what_is_wrong_is_listed_in_an_order_of_its_own() -> None:
    errors = [ReportError(f"{letter}.json is broken", "run it again") for letter in "hgfedcba"]
    reasons = merged(*both("a.py: 1+"), *errors).incomplete
    assert reasons == tuple(f"{letter}.json is broken; run it again" for letter in "abcdefgh")


# Who ran what


def test_a_line_that_not_every_leg_ran_is_disputed() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2+ 3-"), leg(NAMES[1], "a.py: 1+ 2- 3+"))
    lines = pack([2, 3])
    assert report.disputed == {
        "a.py": (LegGroup((NAMES[0],), lines, pack([2])), LegGroup((NAMES[1],), lines, pack([3])))
    }


def test_a_line_that_not_every_leg_could_run_is_disputed() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2-"), leg(NAMES[1], "a.py: 1+ 3+"))
    assert report.disputed == {
        "a.py": (LegGroup((NAMES[0],), pack([2]), 0), LegGroup((NAMES[1],), pack([3]), pack([3])))
    }


def test_a_file_that_one_leg_does_not_have_is_disputed() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+"), leg(NAMES[1], "b.py: 1-"))
    assert report.disputed == {
        "a.py": (LegGroup((NAMES[0],), pack([1]), pack([1])), LegGroup((NAMES[1],), 0, 0)),
        "b.py": (LegGroup((NAMES[0],), 0, 0), LegGroup((NAMES[1],), pack([1]), 0)),
    }


def test_legs_that_agree_share_what_they_say() -> None:
    third = leg("coverage-3.13", "a.py: 1+ 2-")
    report = merged(leg(NAMES[0], "a.py: 1+ 2-"), leg(NAMES[1], "a.py: 1+ 2+"), third)
    lines = pack([2])
    assert report.disputed == {
        "a.py": (LegGroup((NAMES[0], "coverage-3.13"), lines, 0), LegGroup((NAMES[1],), lines, lines))
    }


def test_legs_that_agree_dispute_nothing() -> None:
    assert merged(*both("a.py: 1+ 2-")).disputed == {}


def test_a_leg_that_is_left_out_disputes_nothing() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+", commit=OTHER), leg(NAMES[1], "a.py: 1-"))
    assert report.disputed == {}


def test_it_is_counted_what_one_leg_alone_ran() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2+ 3- 1>2+ 1>3-"), leg(NAMES[1], "a.py: 1+ 2- 3+ 1>2- 1>3+"))
    assert report.alone == {NAMES[0]: Alone(1, 1), NAMES[1]: Alone(1, 1)}


def test_a_leg_adds_nothing_where_others_ran_all_that_it_ran() -> None:
    report = merged(leg(NAMES[0], "a.py: 1+ 2- 1>2-"), leg(NAMES[1], "a.py: 1+ 2+ 1>2+"))
    assert report.alone[NAMES[0]] == Alone(0, 0)


def test_of_one_leg_nobody_asks_what_it_adds() -> None:
    assert merged(leg(NAMES[0], "a.py: 1+")).alone == {}


# Other tools


def test_another_tool_s_files_are_in_the_report() -> None:
    report = merged(*both("a.py: 1+"), other("js/lcov.info", "web/x.ts: 1+ 2- 1>0+"))
    assert data_words.said(report.files) == {"a.py": "1+", "web/x.ts": "1+ 2- 1>0+"}
    assert (report.others, report.incomplete) == (("js/lcov.info",), ())


def test_another_tool_s_lines_of_a_leg_s_file_are_united_with_it() -> None:
    report = merged(*both("a.py: 1+ 2-"), other("coverage.xml", "/repo/a.py: 2+ 3-"))
    assert data_words.said(report.files) == {"a.py": "1+ 2+ 3-"}


def test_another_tool_disputes_only_files_that_it_names() -> None:
    report = merged(*both("a.py: 1+\nb.py: 1+"), other("x.xml", "a.py: 1-\nweb/x.ts: 1+"))
    assert report.disputed == {"a.py": (LegGroup(NAMES, 2, 2), LegGroup(("x.xml",), 2, 0))}


def test_what_cannot_be_placed_is_named_and_is_no_file_of_the_report() -> None:
    report = merged(*both("a.py: 1+"), other("x.xml", "/usr/b.py: 1+\na.py: 1+"), gone=("b.py",))
    (reason,) = report.incomplete
    assert reason.startswith("x.xml: /usr/b.py matches no file of the repository")
    assert reason.endswith("map it in [tool.covlane.paths], or leave it out with `omit`")
    assert list(report.files) == ["a.py"]


def test_of_many_names_that_cannot_be_placed_a_few_are_listed() -> None:
    names = [f"/x/{letter}.py" for letter in "abcdefg"]
    report = merged(*both("a.py: 1+"), other("x.xml", "\n".join(f"{name}: 1+" for name in names)))
    assert "/x/a.py, /x/b.py, /x/c.py, /x/d.py, /x/e.py and 2 more matches no file" in report.incomplete[0]


def test_a_file_most_of_whose_lines_lie_past_its_end_measured_another_content_and_is_left_out_alone() -> None:
    words = f"a.py: 1+ {LENGTH + 1}+ {LENGTH + 2}-\nb.py: 1+"
    report = merged(*both("a.py: 2-"), other("x.xml", words))
    assert report.incomplete == (
        "x.xml: a.py is left out because of lines 51, 52 past its end at 50; measure its present content",
    )
    assert data_words.said(report.files) == {"a.py": "2-", "b.py": "1+"}


def test_a_few_lines_past_the_end_of_a_file_are_skipped_and_named() -> None:
    report = merged(*both("a.py: 1+"), other("x.xml", "a.py: 1+ 2- 3- 60- 2>1000001+ 70>1000001-"))
    assert data_words.said(report.files) == {"a.py": "1+ 2- 3- 2>1000001+"}
    assert report.notes == ("x.xml: a.py is read without lines 60, 70 past its end at 50",)
    assert report.incomplete == ()


def test_what_omit_leaves_out_is_no_file_of_another_tool_s_report() -> None:
    words = "web/x.ts: 1+\n/repo/b.py: 1-\ngenerated/gone.py: 1-\na.py: 1+"
    report = merged(*both("a.py: 1+"), other("x.xml", words), omit=("web", "b.py", "**/gone.py"))
    assert (list(report.files), report.incomplete, report.notes) == (["a.py"], (), ())


def test_files_of_systems_and_package_managers_are_listed_and_make_nothing_incomplete() -> None:
    words = "/usr/include/c++/12/vector: 1+\nnode_modules/x/index.js: 1-\na.py: 1+"
    report = merged(*both("a.py: 1+"), other("x.info", words))
    assert (list(report.files), report.incomplete) == (["a.py"], ())
    assert report.notes == (
        "x.info: 2 files outside the repository left out: /usr/include/c++/12/vector, node_modules/x/index.js",
    )


def with_more(text: str, **more: object) -> tuple[str, Foreign]:
    name, plain = other("x.info", text)
    return name, replace(plain, **more)  # type: ignore[arg-type]


def test_a_file_that_its_report_refuses_is_left_out_alone() -> None:
    refused = {"/repo/b.py": "line 3: why", "/usr/include/b.h": "line 4: why"}
    report = merged(*both("a.py: 1+"), with_more("c.py: 1+", refused=refused))
    assert report.incomplete == (
        "x.info: /repo/b.py is left out: line 3: why; check the program that wrote it",
    )
    assert list(report.files) == ["a.py", "c.py"]
    assert merged(*both("a.py: 1+"), with_more("c.py: 1+", refused=refused), omit=("b.py",)).incomplete == ()


def test_what_is_odd_in_a_report_is_a_note() -> None:
    report = merged(
        *both("a.py: 1+"), with_more("a.py: 1+", odd=(Odd("a thing: skipped", 2, "a.py", "line 7"),))
    )
    assert report.notes == (
        "x.info: 2 records with a thing: skipped (first: line 7 of the report, for a.py)",
    )
    assert report.incomplete == ()


def test_branches_told_by_the_line_that_they_lead_to_count_only_where_no_other_report_has_any() -> None:
    old = with_more("a.py: 1+ 2+ 2>1000001+ 3>1000001-\nb.py: 1+ 2>1000001+", led=frozenset({"a.py", "b.py"}))
    legs = leg(NAMES[0], "a.py: 1+ 1>2+ 1>3-"), leg(NAMES[1], "a.py: 1+ 1>2+ 1>3-")
    for inputs in ((*legs, old), (old, *legs)):
        report = merged(*inputs)
        assert data_words.said(report.files) == {"a.py": "1+ 2+ 1>2+ 1>3-", "b.py": "1+ 2>1000001+"}
        assert "left out of files whose branches other reports have" in report.notes[0]


def test_the_last_line_of_a_file_is_no_line_past_it() -> None:
    assert merged(*both("a.py: 1+"), other("x.xml", f"a.py: {LENGTH}+")).incomplete == ()


def test_names_of_one_file_are_one_file() -> None:
    report = merged(*both("a.py: 1+"), other("x.xml", "a.py: 2-\n/repo/a.py: 2+\n./a.py: 3-"))
    assert data_words.said(report.files) == {"a.py": "1+ 2+ 3-"}


def test_a_branch_that_one_report_names_and_another_numbers_is_one_branch() -> None:
    report = merged(*both("a.py: 1+ 1>2+ 1>3-"), other("x.info", "a.py: 1+ 1>1000001+ 1>1000002+"))
    assert report.branches == Ratio(2, 2)


def test_without_a_time_a_report_is_of_no_time() -> None:
    assert merged(other("x.info", "a.py: 1+")).timestamp == "1970-01-01T00:00:00+00:00"


# Parts of the repository


def test_a_component_has_the_files_below_its_sources() -> None:
    api, web = Component("api", ("a.py", "pkg/"), ("backend",)), Component("web", ("./web",))
    text = "a.py: 1+\nab.py: 1-\npkg/b.py: 1-\npkgs/c.py: 1-\nweb/x.ts: 1+"
    report = merged(*both(text), components=(api, web))
    assert list(report.part(api).files) == ["a.py", "pkg/b.py"]
    assert report.part(web).lines == Ratio(1, 1)
    assert report.components == (api, web)


def test_a_component_of_the_whole_repository_has_all_files() -> None:
    everything = Component("all", (".",))
    report = merged(*both("a.py: 1+\npkg/b.py: 1-"), components=(everything,))
    assert report.part(everything).files == report.files


# Shards: parts of one leg's tests


def shards(*texts: str, splits: tuple[str, ...] = ("same", "same")) -> list[Measured]:
    """Return one shard of NAMES[1] for each text, and NAMES[0] whole, which is as the first."""
    parts = [
        leg(f"{NAMES[1]}(shard-{number}-of-2)", text, shard=f"{number}/2", split=split)
        for number, (text, split) in enumerate(zip(texts, splits, strict=True), start=1)
    ]
    return [leg(NAMES[0], texts[0]), *parts]


def test_shards_count_as_the_one_leg_whose_tests_they_share() -> None:
    report = merged(*shards("a.py: 1+ 2+ 3- 1>2+ 1>3-", "a.py: 1+ 2- 3+ 1>2- 1>3+"), expected=EXPECTED)
    assert report.incomplete == ()
    assert data_words.said(report.files) == {"a.py": "1+ 2+ 3+ 1>2+ 1>3+"}
    assert report.alone == {NAMES[0]: Alone(0, 0), NAMES[1]: Alone(1, 1)}
    assert report.disputed == {
        "a.py": (LegGroup((NAMES[0],), pack([3]), 0), LegGroup((NAMES[1],), pack([3]), pack([3])))
    }
    assert report.others == ()


def test_shards_that_agree_with_another_leg_leave_nothing_disputed() -> None:
    parts = shards("a.py: 1+ 2- 1>2-", "a.py: 1- 2+ 1>2+")
    report = merged(leg(NAMES[0], "a.py: 1+ 2+ 1>2+"), *parts[1:], expected=EXPECTED)
    assert report.disputed == {}
    assert report.alone == {NAMES[0]: Alone(0, 0), NAMES[1]: Alone(0, 0)}


def test_a_shard_that_did_not_run_is_named() -> None:
    report = merged(*shards("a.py: 1+", "a.py: 1+")[:2], expected=EXPECTED)
    name = f"{NAMES[1]}(shard-2-of-2)"
    assert report.incomplete == (f'{name} did not run here; run `nox -s "{name}"`',)


def test_shards_that_were_split_otherwise_are_no_complete_report() -> None:
    report = merged(*shards("a.py: 1+", "a.py: 1+", splits=("same", "other")), expected=EXPECTED)
    (reason,) = report.incomplete
    assert reason.startswith(f"the shards of {NAMES[1]} were split from different tests or durations")


def test_shards_in_any_order_make_the_same_report() -> None:
    found = shards("a.py: 1+ 2+ 3-", "a.py: 1+ 2- 3+")
    assert merged(*found, expected=EXPECTED) == merged(*reversed(found), expected=EXPECTED)


def test_a_leg_of_another_system_says_where_it_has_to_run() -> None:
    report = merged(
        leg("coverage-3.12@linux", "a.py: 1+"), expected=("coverage-3.12@linux", "coverage-3.12@macos")
    )
    assert report.incomplete == (
        'coverage-3.12@macos did not run here; run `nox -s "coverage-3.12"` on macos',
    )
