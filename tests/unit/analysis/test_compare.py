"""Each difference of two engines has its reason where docs/engines.md knows it, and none elsewhere."""

from __future__ import annotations

import msgspec
import pytest

from covlane.analysis import compare
from covlane.analysis.compare import Difference
from covlane.model.lines import pack
from covlane.model.report import Branch, FileCoverage, Measured, Stamp

PATH = "a.py"


def leg(engine: str, file: FileCoverage, **changes: object) -> Measured:
    stamp = {
        "schema": 1,
        "leg": "compare-3.12",
        "python": "3.12.1",
        "implementation": "CPython",
        "platform": "linux",
        "commit": None,
        "dirty": False,
        "tools": {},
        "engine": engine,
        "isolation": "none",
        "workers": 0,
        "shard": None,
        "exit_code": 0,
        "counts": {},
        "processes": {"started": 1, "reported": 1},
        "argv": [],
        "canary": "passed",
        "complete": True,
        "reasons": [],
        "unbranched": {},
        "unparsable": {},
    }
    made = msgspec.convert(stamp | changes, Stamp)
    return Measured(made, True, "", {PATH: file.leg_file()}, {})


def lines(ran: list[int], missed: list[int]) -> FileCoverage:
    return FileCoverage(pack(ran + missed), pack(ran))


def branches(*all_of_them: Branch, taken: tuple[Branch, ...] = ()) -> FileCoverage:
    return FileCoverage(pack([1, 2, 3, 4]), pack([1]), frozenset(all_of_them), frozenset(taken))


def reasons(first: Measured, second: Measured, source: str = "") -> list[str]:
    found = list(compare.compare(first, second, {PATH: source.encode()}))
    backwards = list(compare.compare(second, first, {PATH: source.encode()}))
    assert [one.reason for one in found] == [one.reason for one in backwards]
    return [one.reason for one in found]


def test_each_line_and_branch_that_differs_is_told_once() -> None:
    ours = FileCoverage(pack([1, 2, 3]), pack([1, 2]), frozenset({(1, 2), (1, 3)}), frozenset({(1, 2)}))
    theirs = FileCoverage(pack([1, 2, 4]), pack([1]), frozenset({(1, 2), (1, 4)}), frozenset())
    found = list(compare.compare(leg("slipcover", ours), leg("slipcover", theirs), {}))
    assert found == [
        Difference(PATH, 2, None, "ran", "missed", ""),
        Difference(PATH, 3, None, "missed", "not counted", ""),
        Difference(PATH, 4, None, "not counted", "missed", ""),
        Difference(PATH, 1, 2, "ran", "missed", ""),
        Difference(PATH, 1, 3, "missed", "not counted", ""),
        Difference(PATH, 1, 4, "not counted", "missed", ""),
    ]


LINES = [
    ("x = [\n    1\n    for y in z\n]\n", lines([1], [2]), lines([1, 2], []), compare.EXPRESSION),
    ("try:\n    f()\nfinally:\n    g()\n", lines([1, 4], []), lines([1], [4]), compare.FINALLY),
    ("match x:\n    case _: pass\n", lines([1, 2], []), lines([2], []), compare.SUBJECT),
    ("if (\n    x\n):\n    y = 1\n", lines([2], []), lines([1, 2], []), compare.MARKED),
    ("def f(\n    a: int,\n):\n    pass\n", lines([1], []), lines([1], [2]), compare.SIGNATURE),
]


@pytest.mark.parametrize(("source", "ours", "theirs", "reason"), LINES, ids=[case[3] for case in LINES])
def test_what_is_known_of_slipcovers_lines(
    source: str, ours: FileCoverage, theirs: FileCoverage, reason: str
) -> None:
    assert reasons(leg("slipcover", ours), leg("slipcover-cli", theirs), source) == [reason]
    assert reasons(leg("slipcover", ours), leg("slipcover-cli", theirs), "x = 1\n") == [""]


def test_what_is_known_of_slipcovers_branches() -> None:
    ours, excluded = branches((1, 2)), branches((1, 2), (1, 9))
    assert reasons(leg("slipcover", ours), leg("slipcover-cli", excluded)) == [compare.EXCLUDED]
    assert reasons(leg("slipcover", excluded), leg("slipcover-cli", ours)) == [""]
    assert reasons(leg("slipcover", branches((2, 4))), leg("slipcover-cli", branches((1, 4)))) == [
        compare.HEAD,
        compare.HEAD,
    ]


def test_another_model_explains_what_is_counted_and_not_what_ran() -> None:
    ours, theirs = leg("slipcover", lines([1], [2])), leg("coverage", lines([1], [3]))
    assert reasons(ours, theirs) == [compare.MODEL, compare.MODEL]
    assert reasons(leg("slipcover", lines([], [1])), leg("coverage", lines([1], [])), "x = 1\n") == [""]
    assert reasons(
        leg("slipcover", lines([], [1])), leg("coverage", lines([1], [])), "assert (\n    x\n)\n"
    ) == [compare.ASSERT]
    assert reasons(leg("slipcover", lines([1], [])), leg("coverage", lines([], [1])), "assert (\nx)\n") == [
        ""
    ]
    missed, taken = branches((1, 2)), branches((1, 2), taken=((1, 2),))
    assert reasons(leg("slipcover", missed), leg("coverage", taken)) == [""]


def test_a_leg_that_says_what_it_lost_explains_what_only_the_other_ran() -> None:
    whole, lossy = lines([1], []), lines([], [1])
    incomplete = leg("slipcover-cli", lossy, complete=False, reasons=["lost"])
    assert reasons(leg("slipcover", whole), incomplete) == ["slipcover-cli lost it: its leg is incomplete"]
    incomplete = leg("slipcover-cli", whole, complete=False, reasons=["lost"])
    assert reasons(leg("slipcover", lossy), incomplete) == [""]
    unread = leg("slipcover-cli", FileCoverage(), unparsable={PATH: "left out"})
    assert reasons(leg("slipcover", whole), unread) == ["slipcover-cli: left out"]
