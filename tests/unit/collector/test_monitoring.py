"""Where the lines and marks of a file are told, from Python 3.12 on."""

from __future__ import annotations

from array import array
from bisect import bisect_left

import pytest

from covlane.collector.engines.monitoring import FAR, places
from covlane.collector.leg import record


def test_each_number_has_its_own_place_and_no_other_near_one_has_any() -> None:
    numbers = [1, 3, FAR - 1, FAR, record.number((1, 3))]
    memory, near, known = places(record.Flags(memoryview(bytearray(5)), array("I", numbers)))
    found = [near[number] if number < FAR else bisect_left(known, number) for number in numbers]
    assert found == [0, 1, 2, 3, 4]
    with pytest.raises(IndexError):
        memory[near[2]] = 1


def test_a_file_may_have_marks_alone_or_nothing() -> None:
    for numbers in [], [record.number((1, 3))]:
        memory, near, known = places(record.Flags(memoryview(bytearray(1)), array("I", numbers)))
        assert (len(memory), len(near), list(known)) == (1, 0, numbers)
