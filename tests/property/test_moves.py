"""The law of moved code: functions in another order, or in other files, with the same tests have the same verdict."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

import data_words
from covlane.analysis.moves import follow
from covlane.analysis.ratchet import minimums
from covlane.analysis.statements import touched
from covlane.model.diff import Diff
from covlane.model.evidence import Evidence
from covlane.model.lines import pack
from covlane.model.report import FileCoverage, Report
from judged import diff, measured, verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from covlane.model.diff import FileDiff
    from covlane.model.verdict import Outcome

PATHS = ("a.py", "b.py", "c/d.py")
#: Lines that are often the same, so that diffs pair them across functions.
BODIES = (
    "return 1",
    "return None",
    "if a:\n        a += 1",
    "for b in a:\n        print(b)",
    "a = sorted(a)",
)


class Function(NamedTuple):
    """A function, and whether tests ran its body before and now."""

    text: str
    before: bool
    now: bool


@st.composite
def functions(draw: st.DrawFn) -> list[Function]:
    bodies = st.lists(st.sampled_from(BODIES), min_size=1, max_size=4)
    names = st.sampled_from("fghij")  # some functions are the same, and some stand twice
    texts = draw(st.lists(st.tuples(names, bodies), min_size=1, max_size=8))
    flags = st.booleans()
    return [
        Function(f"def {name}(a):\n" + "".join(f"    {line}\n" for line in body), draw(flags), draw(flags))
        for name, body in texts
    ]


class Layout(NamedTuple):
    """Files by name, and their coverage."""

    files: dict[str, str]
    report: Report


def laid_out(placed: Sequence[tuple[str, Function]], *, now: bool) -> Layout:
    """Return files that hold functions in this order, measured before or now."""
    files: dict[str, str] = {}
    ran: dict[str, list[int]] = {}
    can: dict[str, list[int]] = {}
    for path, function in placed:
        start = files.get(path, "").count("\n") + 1
        lines = range(start, start + function.text.count("\n"))
        files[path] = files.get(path, "") + function.text + "\n\n"
        can.setdefault(path, []).extend(lines)
        covered = function.now if now else function.before
        ran.setdefault(path, []).extend(lines if covered else lines[:1])
    coverage = {}
    for path in files:
        jumps = frozenset((line, line + 1) for line in can[path])
        taken = frozenset(jump for jump in jumps if jump[0] in ran[path])
        coverage[path] = FileCoverage(pack(can[path]), pack(ran[path]), jumps, taken)
    return Layout(files, Report(True, data_words.WHEN, coverage, (data_words.stamp("coverage-3.12"),)))


def moved(file: FileDiff, lines: Mapping[str, int]) -> FileDiff:
    return replace(file, moved=lines.get(file.path, 0))


def judged(before: Layout, now: Layout) -> tuple[Outcome, list[str], int]:
    """Return the outcome, that of the ratchet, and how many statements the patch owes."""
    files = diff(before.files, now.files)
    sides = [{path: text.encode() for path, text in side.files.items()} for side in (before, now)]
    went = follow(files, *sides)
    statements = {
        file.path: touched(sides[1][file.path], moved(file, went.moved))
        for file in files
        if file.path in now.files
    }
    evidence = Evidence(
        data_words.COMMIT,
        False,
        Diff("b" * 40, tuple(moved(file, went.moved) for file in files)),
        "main",
        statements,
        baseline=measured(before.report),
        following=went.pieces,
    )
    found = verdict(now.report, evidence, patch=80, ratchet=True)
    ratchet: list[str] = [gate.outcome for gate in found.gates if gate.name == "ratchet"]
    return found.outcome, ratchet, found.patch.statements.total


@given(st.data(), functions())
def test_functions_in_another_order_and_in_other_files_have_the_same_verdict(
    data: st.DataObject, given_functions: list[Function]
) -> None:
    places = st.lists(st.sampled_from(PATHS), min_size=len(given_functions), max_size=len(given_functions))
    first = list(zip(data.draw(places), given_functions, strict=True))
    second = list(zip(data.draw(places), data.draw(st.permutations(given_functions)), strict=True))
    before = laid_out(first, now=False)
    stayed, went = laid_out(first, now=True), laid_out(second, now=True)
    assert judged(before, went) == judged(before, stayed)
    assert judged(before, went)[2] == 0


@given(st.data(), functions())
def test_nothing_is_deleted_by_a_move(data: st.DataObject, given_functions: list[Function]) -> None:
    places = st.lists(st.sampled_from(PATHS), min_size=len(given_functions), max_size=len(given_functions))
    placed = [
        list(zip(data.draw(places), order, strict=True))
        for order in (given_functions, data.draw(st.permutations(given_functions)))
    ]
    before, now = laid_out(placed[0], now=False), laid_out(placed[1], now=True)
    sides = [{path: text.encode() for path, text in side.files.items()} for side in (before, now)]
    went = follow(diff(before.files, now.files), *sides)
    lines, branches = minimums(measured(before.report), now.report.files, went.pieces)
    assert (lines.ratio, branches.ratio) == (before.report.lines, before.report.branches)
