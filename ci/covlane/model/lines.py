"""Sets of line numbers as integers: bit N stands for line N, so that sets merge in machine words."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def pack(numbers: Iterable[int]) -> int:
    """Return the set of these line numbers (each 0 or more)."""
    numbers = list(numbers)
    if not numbers:
        return 0
    bits = bytearray(max(numbers) // 8 + 1)
    for number in numbers:
        bits[number >> 3] |= 1 << (number & 7)
    return int.from_bytes(bits, "little")


def unpack(lines: int) -> list[int]:
    """Return the line numbers of a set, in order."""
    return [number for number, bit in enumerate(bin(lines)[:1:-1]) if bit == "1"]


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
