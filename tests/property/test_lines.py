"""Laws of line sets: an integer is as good as a set."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from covlane.model.lines import from_ranges, pack, ranges, to_ranges, unpack

LINES = st.sets(st.integers(min_value=0, max_value=5_000))


@given(LINES)
def test_unpack_is_the_inverse_of_pack(lines: set[int]) -> None:
    assert unpack(pack(lines)) == sorted(lines)


@given(st.integers(min_value=0, max_value=2**300))
def test_pack_is_the_inverse_of_unpack(lines: int) -> None:
    assert pack(unpack(lines)) == lines


@given(LINES, LINES)
def test_or_is_the_union(left: set[int], right: set[int]) -> None:
    assert unpack(pack(left) | pack(right)) == sorted(left | right)


@given(LINES, LINES)
def test_and_not_is_the_difference(left: set[int], right: set[int]) -> None:
    assert unpack(pack(left) & ~pack(right)) == sorted(left - right)


@given(LINES)
def test_the_count_of_bits_is_the_count_of_lines(lines: set[int]) -> None:
    assert pack(lines).bit_count() == len(lines)


@given(LINES, LINES)
def test_ranges_hold_every_missing_line_and_none_that_ran(missing: set[int], executed: set[int]) -> None:
    executed -= missing
    inside = {line for a, b in ranges(pack(missing), pack(executed)) for line in range(a, b + 1)}
    assert missing <= inside
    assert not inside & executed


@given(LINES)
def test_ranges_without_gaps_hold_the_set_and_nothing_else(lines: set[int]) -> None:
    found = to_ranges(pack(lines))
    assert {line for a, b in found for line in range(a, b + 1)} == lines
    assert all(b + 1 < a for (_, b), (a, _) in pairwise(found))


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200))))
def test_ranges_may_overlap_or_be_empty(found: list[tuple[int, int]]) -> None:
    assert unpack(from_ranges(found)) == sorted({line for a, b in found for line in range(a, b + 1)})
