"""Laws of merging: what the legs ran does not depend on how, or in what order, they are put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import data_words
from covlane.analysis.merge import merge
from covlane.model.lines import pack
from covlane.model.report import FileCoverage, Measured, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

NUMBERS = st.integers(min_value=1, max_value=40)
BRANCHES = st.frozensets(st.tuples(NUMBERS, st.integers(min_value=0, max_value=40)), max_size=6)


@st.composite
def files(draw: st.DrawFn) -> FileCoverage:
    executable, ran = draw(st.sets(NUMBERS)), draw(st.sets(NUMBERS))
    branches, taken = draw(BRANCHES), draw(BRANCHES)
    return FileCoverage(pack(executable | ran), pack(ran), branches | taken, taken)


@st.composite
def legs(draw: st.DrawFn, most: int = 4) -> list[Measured]:
    names = st.sampled_from(["a.py", "b.py", "pkg/c.py"])
    found = draw(st.lists(st.dictionaries(names, files()), min_size=1, max_size=most))
    return [leg(f"coverage-3.{minor}", one) for minor, one in enumerate(found, 10)]


def leg(name: str, found: Mapping[str, FileCoverage]) -> Measured:
    return Measured(data_words.stamp(name), True, data_words.WHEN, found, {})


def merged(found: Sequence[Measured]) -> Report:
    names = [one.stamp.leg for one in found]
    return merge(found, expected=names, commit=data_words.COMMIT, digest=lambda _: None)


@given(legs().flatmap(lambda found: st.tuples(st.just(found), st.permutations(found))))
def test_the_order_of_the_legs_does_not_matter(pair: tuple[list[Measured], list[Measured]]) -> None:
    assert merged(pair[0]) == merged(pair[1])


@given(legs(), st.integers(min_value=0, max_value=4))
def test_how_the_legs_are_grouped_does_not_matter(found: list[Measured], at: int) -> None:
    first, second = merged(found[:at]), merged(found[at:])
    grouped = merged([leg("coverage-3.10", first.files), leg("coverage-3.11", second.files)])
    assert grouped.files == merged(found).files


@given(legs())
def test_a_leg_twice_adds_nothing(found: list[Measured]) -> None:
    assert merged([*found, *found]).files == merged(found).files


@given(legs())
def test_what_ran_is_a_part_of_what_can_run(found: list[Measured]) -> None:
    for file in merged(found).files.values():
        assert file.executed & ~file.executable == 0
        assert file.taken <= file.branches


@given(legs())
def test_the_counts_are_those_of_a_slow_count(found: list[Measured]) -> None:
    report = merged(found)

    def distinct(items: Callable[[FileCoverage], set[object]]) -> int:
        return len(
            {(path, item) for one in found for path, file in one.files.items() for item in items(file)}
        )

    assert report.lines.covered == distinct(lambda file: _slow(file.executed))
    assert report.lines.total == distinct(lambda file: _slow(file.executable))
    assert report.branches.covered == distinct(lambda file: set(file.taken))
    assert report.branches.total == distinct(lambda file: set(file.branches))


@given(legs())
def test_a_line_is_disputed_where_some_leg_ran_it_and_another_did_not(found: list[Measured]) -> None:
    expected: dict[str, dict[str, set[object]]] = {}
    for path in {path for one in found for path in one.files}:
        ran = {one.stamp.leg: _slow(one.files.get(path, FileCoverage()).executed) for one in found}
        disputed = set.union(*ran.values()) - set.intersection(*ran.values())
        shares = {name: lines & disputed for name, lines in ran.items() if lines & disputed}
        if shares:
            expected[path] = shares
    disputes = merged(found).disputed.items()
    assert {path: {name: _slow(lines) for name, lines in by.items()} for path, by in disputes} == expected


def _slow(lines: int) -> set[object]:
    """Read a line set without the module under test."""
    return {number for number in range(lines.bit_length()) if lines // 2**number % 2}
