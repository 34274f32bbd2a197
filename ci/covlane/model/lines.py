"""Sets of line numbers as integers: bit N stands for line N, so that sets merge in machine words."""

from __future__ import annotations

import re
from itertools import compress, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

#: No source file has more lines; a set of lines is as long as its largest number.
LAST_LINE = 1_000_000
#: The digits of a set in base 2, as what is false and true.
_BITS = bytes.maketrans(b"01", b"\0\1")


def pack(numbers: Iterable[int]) -> int:
    """Return the set of these line numbers (each 0 or more)."""
    numbers = list(numbers)
    if not numbers:
        return 0
    try:
        digits = bytearray(b"0") * (numbers[-1] + 1)
        for number in numbers:
            digits[number] = 49  # the digit 1
    except IndexError:  # the last is not the largest
        return pack(sorted(numbers))
    digits.reverse()
    return int(digits, 2)


def unpack(lines: int) -> list[int]:
    """Return the line numbers of a set, in order."""
    return list(compress(count(), flags(lines)))


def flags(lines: int) -> bytes:
    """Return a byte for each line from 0 to the last of a set: 1 where it is in it, else 0."""
    return bin(lines)[:1:-1].encode().translate(_BITS)


def ranges(missing: int, executed: int) -> list[tuple[int, int]]:
    """Group missing lines into (first, last) ranges that no executed line interrupts."""
    found: list[tuple[int, int]] = []
    for number in unpack(missing):
        between = ((1 << number) - (1 << (found[-1][1] + 1))) if found else 0
        if found and not executed & between:
            found[-1] = (found[-1][0], number)
        else:
            found.append((number, number))
    return found


def to_ranges(lines: int) -> list[tuple[int, int]]:
    """Return a set as ranges from a first to a last line, without gaps."""
    return [(run.start(), run.end() - 1) for run in re.finditer("1+", bin(lines)[:1:-1])]


def from_ranges(ranges: Iterable[tuple[int, int]]) -> int:
    """Return the set of these ranges; one that ends before it begins is empty."""
    lines = 0
    for first, last in ranges:
        lines |= (1 << max(last + 1, first)) - (1 << first)
    return lines
