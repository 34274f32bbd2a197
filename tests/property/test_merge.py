"""Laws of merging: what the legs ran does not depend on how, or in what order, they are put together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import data_words
from covlane.analysis.merge import merge
from covlane.analysis.paths import Places
from covlane.formats import slipcover
from covlane.formats.foreign import Foreign
from covlane.model.lines import pack
from covlane.model.report import FileCoverage, Measured, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

PATHS = ("a.py", "b.py", "pkg/c.py")
#: Ways in which other tools may name these files.
SPELLED = st.sampled_from(["{}", "./{}", "/repo/{}", "D:\\repo\\{}", "/elsewhere/../repo/{}"])
NUMBERS = st.integers(min_value=1, max_value=40)
BRANCHES = st.frozensets(st.tuples(NUMBERS, st.integers(min_value=0, max_value=40)), max_size=6)


@st.composite
def files(draw: st.DrawFn) -> FileCoverage:
    executable, ran = draw(st.sets(NUMBERS)), draw(st.sets(NUMBERS))
    branches, taken = draw(BRANCHES), draw(BRANCHES)
    return FileCoverage(pack(executable | ran), pack(ran), branches | taken, taken)


@st.composite
def legs(draw: st.DrawFn, most: int = 4) -> list[Measured]:
    found = draw(st.lists(st.dictionaries(st.sampled_from(PATHS), files()), min_size=1, max_size=most))
    return [leg(f"coverage-3.{minor}", one) for minor, one in enumerate(found, 10)]


def leg(name: str, found: Mapping[str, FileCoverage]) -> Measured:
    seen = {path: file.leg_file() for path, file in found.items()}
    return Measured(data_words.stamp(name), True, data_words.WHEN, seen, {})


@st.composite
def others(draw: st.DrawFn) -> list[Foreign]:
    found = draw(st.lists(st.dictionaries(st.sampled_from(PATHS), files()), max_size=2))
    return [
        Foreign(f"{at}.xml", True, None, {draw(SPELLED).format(path): file for path, file in one.items()})
        for at, one in enumerate(found)
    ]


def merged(found: Sequence[Measured | Foreign]) -> Report:
    names = sorted({one.stamp.leg for one in found if isinstance(one, Measured)})
    places = Places(lambda name: name if name in PATHS else None, roots=["/repo", "D:\\repo"])
    inputs = [("" if isinstance(one, Measured) else one.format, one) for one in found]
    return merge(inputs, expected=names, commit=data_words.COMMIT, now=lambda _: None, places=places)


@given(
    st.tuples(legs(), others()).flatmap(
        lambda found: st.tuples(st.just(found), st.permutations([*found[0], *found[1]]))
    )
)
def test_the_order_of_the_legs_does_not_matter_to_a_byte(
    pair: tuple[tuple[list[Measured], list[Foreign]], list[Measured | Foreign]],
) -> None:
    (own, foreign), shuffled = pair
    one, other = merged([*own, *foreign]), merged(shuffled)
    assert one == other
    assert slipcover.write_report(one, "1") == slipcover.write_report(other, "1")


@given(legs(), others())
def test_how_another_tool_names_a_file_does_not_matter(own: list[Measured], foreign: list[Foreign]) -> None:
    def plain(path: str) -> str:
        return next(known for known in PATHS if path.replace("\\", "/").endswith(known))

    named = [replace(one, files={plain(path): file for path, file in one.files.items()}) for one in foreign]
    assert merged([*own, *foreign]) == merged([*own, *named])


@given(legs(), st.integers(min_value=0, max_value=4))
def test_how_the_legs_are_grouped_does_not_matter(found: list[Measured], at: int) -> None:
    first, second = merged(found[:at]), merged(found[at:])
    grouped = merged([leg("coverage-3.10", first.files), leg("coverage-3.11", second.files)])
    assert grouped.files == merged(found).files


@given(legs())
def test_a_leg_twice_changes_nothing_but_that_it_is_named(found: list[Measured]) -> None:
    once, twice = merged(found), merged([*found, *found])
    assert all("exists 2 times" in reason for reason in twice.incomplete)
    assert replace(twice, incomplete=()) == once


@given(legs(), others())
def test_what_any_leg_ran_is_run_in_the_report(own: list[Measured], foreign: list[Foreign]) -> None:
    report = merged([*own, *foreign])
    for one in own:
        for path, file in one.files.items():
            assert file.executed & ~report.files[path].executed == 0
            assert file.taken <= report.files[path].taken


@given(legs())
def test_what_ran_is_a_part_of_what_can_run(found: list[Measured]) -> None:
    for file in merged(found).files.values():
        assert file.executed & ~file.executable == 0
        assert file.taken <= file.branches


@given(legs())
def test_the_counts_are_those_of_a_slow_count(found: list[Measured]) -> None:
    report = merged(found)

    def distinct(items: Callable[[FileCoverage], Iterable[object]]) -> int:
        return len(
            {(path, item) for one in found for path, file in one.files.items() for item in items(file)}
        )

    assert report.lines.covered == distinct(lambda file: _slow(file.executed))
    assert report.lines.total == distinct(lambda file: _slow(file.executable))
    assert report.branches.covered == distinct(lambda file: set(file.taken))
    assert report.branches.total == distinct(lambda file: set(file.branches))


@given(legs())
def test_a_line_is_disputed_where_legs_differ_in_what_could_run_or_ran(found: list[Measured]) -> None:
    report = merged(found)
    for path, file in report.files.items():
        said = {one.stamp.leg: one.files.get(path, FileCoverage()) for one in found}
        expected = {
            line: {leg: _state(one, line) for leg, one in said.items()}
            for line in _slow(file.executable)
            if len({_state(one, line) for one in said.values()}) > 1
        }
        shares = report.disputed.get(path, ())
        disputed: set[int] = set().union(*(_slow(share.executable) for share in shares))
        assert {
            line: {
                leg: _state(FileCoverage(share.executable, share.executed), line)
                for share in shares
                for leg in share.legs
            }
            for line in disputed
        } == expected


@given(legs())
def test_what_one_leg_alone_ran_is_what_the_report_would_lose_without_it(found: list[Measured]) -> None:
    report = merged(found)
    for one in found if len(found) > 1 else ():
        rest = merged([other for other in found if other is not one])
        alone = report.alone[one.stamp.leg]
        assert alone.lines == report.lines.covered - rest.lines.covered
        assert alone.branches == report.branches.covered - rest.branches.covered


@given(legs(), others())
def test_a_report_is_read_back_as_it_was_written(own: list[Measured], foreign: list[Foreign]) -> None:
    report = merged([*own, *foreign])
    assert slipcover.read_report(slipcover.write_report(report, "1"), "coverage.json") == report


def _state(file: FileCoverage, line: int) -> tuple[bool, bool]:
    return line in _slow(file.executable), line in _slow(file.executed)


def _slow(lines: int) -> set[int]:
    """Read a line set without the module under test."""
    return {number for number in range(lines.bit_length()) if lines // 2**number % 2}
