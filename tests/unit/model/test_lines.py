"""Sets of lines as integers."""

from __future__ import annotations

import pytest

from covlane.model.lines import pack, ranges, unpack


def test_line_n_is_bit_n() -> None:
    assert pack([0, 1, 3]) == 0b1011


def test_nothing_is_zero() -> None:
    assert (pack([]), unpack(0)) == (0, [])


def test_a_line_twice_is_in_the_set_once() -> None:
    assert unpack(pack([7, 7])) == [7]


def test_numbers_may_come_from_an_iterator() -> None:
    assert unpack(pack(iter([9, 2]))) == [2, 9]


@pytest.mark.parametrize("number", [7, 8, 63, 64, 65, 1_000_000])
def test_a_number_at_the_edge_of_a_word_is_kept(number: int) -> None:
    assert unpack(pack([number])) == [number]


@pytest.mark.parametrize(
    ("missing", "executed", "expected"),
    [
        ([], [1], []),
        ([4], [], [(4, 4)]),
        ([2, 3, 4], [1, 5], [(2, 4)]),
        ([2, 9], [], [(2, 9)]),  # lines without code do not interrupt
        ([2, 9], [5], [(2, 2), (9, 9)]),
        ([2, 4, 6], [3, 5], [(2, 2), (4, 4), (6, 6)]),
        ([1, 2, 8, 9], [4], [(1, 2), (8, 9)]),
    ],
)
def test_only_a_line_that_ran_ends_a_range(
    missing: list[int], executed: list[int], expected: list[tuple[int, int]]
) -> None:
    assert ranges(pack(missing), pack(executed)) == expected
