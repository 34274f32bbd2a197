"""Laws of the gates: more coverage never fails, disjoint patches add up, and a verdict is drawn again as it was."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
from hypothesis import given
from hypothesis import strategies as st

import data_words
from covlane.analysis.consistency import contradiction
from covlane.analysis.patch import patch
from covlane.analysis.statements import touched
from covlane.formats import evidence as written
from covlane.model.diff import Diff, FileDiff, Piece
from covlane.model.evidence import Evidence
from covlane.model.lines import pack, unpack
from covlane.model.report import FileCoverage, Report
from covlane.model.rules import MinimumCoverage, exact
from judged import measured, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.model.diff import Kind

LINE = st.integers(1, 30)
LINES = st.sets(LINE, max_size=20)
PATHS = st.sampled_from(["a.py", "b.py", "c/d.py"])


@st.composite
def reports(draw: st.DrawFn) -> Report:
    files = {}
    for path in sorted(draw(st.sets(PATHS, min_size=1))):
        executable, executed = draw(LINES), draw(LINES)
        branches = draw(st.sets(st.tuples(LINE, LINE), max_size=6))
        taken = draw(st.sets(st.sampled_from(sorted(branches)))) if branches else set()
        lines = pack(executable)
        files[path] = FileCoverage(lines, lines & pack(executed), frozenset(branches), frozenset(taken))
    return Report(True, data_words.WHEN, files, (data_words.stamp("coverage-3.12"),))


@st.composite
def evidences(draw: st.DrawFn, report: Report) -> Evidence:
    changed = draw(st.dictionaries(PATHS, LINES))
    kinds: st.SearchStrategy[Kind] = st.sampled_from(["added", "modified"])
    files = tuple(
        FileDiff(path, draw(kinds), added=pack(lines), removed=pack(draw(LINES)))
        for path, lines in sorted(changed.items())
    )
    found = {
        path: tuple(1 << line for line in sorted(changed[path])) for path in changed if path in report.files
    }
    before = draw(st.none() | st.builds(measured, reports()))
    pieces = st.builds(lambda first, path, start: Piece(first, first + 3, path, start), LINE, PATHS, LINE)
    following = draw(st.dictionaries(PATHS, st.lists(pieces, max_size=2).map(tuple)))
    return Evidence(
        data_words.COMMIT,
        False,
        Diff("b" * 40, files),
        "main",
        found,
        baseline=before,
        following=following,
        unfollowed=tuple(draw(st.lists(PATHS, max_size=1))),
    )


GATES: st.SearchStrategy[Mapping[str, object]] = st.fixed_dictionaries(
    {},
    optional={
        "total_line": st.floats(0, 100),
        "total_branch": st.floats(0, 100),
        "patch": st.floats(0, 100),
        "patch_missing": st.integers(0, 5),
        "new_files": st.floats(0, 100),
        "ratchet": st.booleans() | st.just(0.0) | st.floats(0, 5),
        "files": st.dictionaries(
            st.sampled_from(["*", "**", "c", "a.py"]),
            st.floats(0, 100) | st.builds(MinimumCoverage, line=st.floats(0, 100), together=st.booleans()),
        ),
    },
)


@given(st.data(), reports(), GATES)
def test_what_passes_still_passes_when_a_line_becomes_covered(
    data: st.DataObject, report: Report, gates: Mapping[str, object]
) -> None:
    found = data.draw(evidences(report))
    missing = [
        (path, line)
        for path, file in report.files.items()
        for line in unpack(file.executable & ~file.executed)
    ]
    if not missing or verdict(report, found, **gates).outcome != "pass":
        return
    path, line = data.draw(st.sampled_from(missing))
    better = replace(report.files[path], executed=report.files[path].executed | 1 << line)
    assert verdict(replace(report, files={**report.files, path: better}), found, **gates).outcome == "pass"


@given(st.data(), reports(), GATES)
def test_covering_what_a_failed_gate_names_passes_it(
    data: st.DataObject, report: Report, gates: Mapping[str, object]
) -> None:
    found = data.draw(evidences(report))
    for gate in verdict(report, found, **gates).gates:
        if gate.outcome != "fail" or gate.metric == "branch":
            continue
        files = dict(report.files)
        for one in gate.missing:
            lines = sum(((1 << last + 1) - (1 << first) for first, last in one.lines), 0)
            file = files[one.path]
            files[one.path] = replace(file, executed=file.executed | lines & file.executable)
        again = [
            one.outcome
            for one in verdict(replace(report, files=files), found, **gates).gates
            if (one.name, one.metric, one.subject) == (gate.name, gate.metric, gate.subject)
        ]
        assert "fail" not in again


@given(reports(), st.lists(LINES, min_size=2, max_size=2))
def test_patch_figures_of_disjoint_diffs_add_up(report: Report, drawn: list[set[int]]) -> None:
    first, second = drawn[0], drawn[1] - drawn[0]

    def owed(lines: set[int]) -> tuple[int, int]:
        diff = Diff("b" * 40, tuple(FileDiff(path, added=pack(lines)) for path in sorted(report.files)))
        statements = dict.fromkeys(report.files, tuple(1 << line for line in sorted(lines)))
        found = patch(report, diff, statements, {}).statements
        return found.covered, found.total

    both = owed(first | second)
    assert both == tuple(map(sum, zip(owed(first), owed(second), strict=True)))


SOURCE = b'''"""Text.

more
"""
import os


@decorated(
    1,
)
def first(
    a,
):
    """Text."""
    if a:
        return (
            # why
            1,

            2,
        )
    else:
        b = """
        def x():

        """
    try:
        c = 1
    except (
        ValueError
    ):
        pass
    match c:
        case 1:
            pass


class A(
    object
):
    x = 1; y = 2
'''
LAST = SOURCE.count(b"\n")


@given(st.sets(st.integers(1, LAST)), st.sets(st.integers(1, LAST)))
def test_statements_of_two_changes_are_those_of_both(one: set[int], other: set[int]) -> None:
    def statements(lines: set[int]) -> set[int]:
        return set(touched(SOURCE, FileDiff("a.py", added=pack(lines))))

    assert statements(one | other) == statements(one) | statements(other)


@given(st.sets(st.integers(1, LAST)))
def test_statements_have_the_changed_line_and_no_line_of_another(lines: set[int]) -> None:
    found = touched(SOURCE, FileDiff("a.py", added=pack(lines)))
    assert all(one & pack(lines) for one in found)
    assert sum(one.bit_count() for one in found) == sum(found).bit_count()


@given(st.data(), reports(), GATES)
def test_evidence_and_verdict_are_read_as_they_were_written(
    data: st.DataObject, report: Report, gates: Mapping[str, object]
) -> None:
    found = data.draw(evidences(report))
    content = written.write_evidence(found)
    assert written.read_evidence(content, "x") == found
    said = verdict(report, found, **gates)
    again = written.read_verdict(written.write_verdict(said), "x")
    assert written.write_verdict(again) == written.write_verdict(said)
    assert verdict(report, written.read_evidence(content, "x"), **gates) == said


@given(st.data(), reports(), GATES, st.booleans())
def test_a_verdict_agrees_with_itself_and_no_other_outcome_would(
    data: st.DataObject, report: Report, gates: Mapping[str, object], branch: bool
) -> None:
    found = data.draw(evidences(report))
    said = verdict(replace(report, branch=branch), found, **gates)
    assert contradiction(said) is None
    for outcome in {"pass", "fail", "incomplete"} - {said.outcome}:
        assert contradiction(msgspec.structs.replace(said, outcome=outcome))


@given(st.floats(0, 100))
def test_a_percentage_is_what_its_digits_say(percent: float) -> None:
    assert float(exact(percent) * 100) == percent
