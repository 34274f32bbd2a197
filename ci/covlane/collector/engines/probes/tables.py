"""Python up to 3.11: the tables that code carries of its instructions, read and written."""

from __future__ import annotations

import itertools
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator

#: Where an instruction comes from: line, last line, column and last column, as `co_positions` has them.
Position = tuple[int | None, int | None, int | None, int | None]
NOWHERE: Position = (None, None, None, None)


def positions(code: types.CodeType) -> Iterator[Position]:
    """Yield the position of each unit."""
    if sys.version_info >= (3, 11):
        yield from code.co_positions()
    else:
        for begin, end, line in code.co_lines():
            yield from [(line, None, None, None)] * ((end - begin) // 2)


def table_of_lines(rows: Iterable[tuple[int, Position]], line: int) -> bytes:
    """Return the lines of instructions as Python 3.10 keeps them (its Objects/lnotab_notes.txt)."""
    found = bytearray()
    for position, run in itertools.groupby(rows, lambda row: row[1][0]):
        length = 2 * sum(units for units, _ in run)
        step = -128
        if position is not None:
            step, line = position - line, position
            while not -127 <= step <= 127:
                found += bytes((0, 127 if step > 0 else -127 & 0xFF))
                step -= 127 if step > 0 else -127
        while length > 254:
            found += bytes((254, step & 0xFF))
            length, step = length - 254, -128 if position is None else 0
        found += bytes((length, step & 0xFF))
    return bytes(found)


def table_of_positions(rows: Iterable[tuple[int, Position]], line: int) -> bytes:
    """Return the positions of instructions as Python 3.11 keeps them (its Objects/locations.md)."""
    found = bytearray()
    for units, position in rows:
        for done in range(0, units, 8):
            kind, place = _place(position, line)
            found.append(0x80 | kind << 3 | min(units - done, 8) - 1)
            found += place
            line = line if position[0] is None else position[0]
    return bytes(found)


def _place(position: Position, before: int) -> tuple[int, bytes]:
    """Return the kind of a position and what is written of it, after one on the line `before`."""
    line, last, column, end = position
    if line is None:
        return 15, b""
    if last is None or column is None or end is None:
        return 13, _signed(line - before)
    if line == last and 0 <= line - before < 3 and column < 128 and end < 128:
        return 10 + line - before, bytes((column, end))
    return 14, _signed(line - before) + _unsigned(last - line) + _unsigned(column + 1) + _unsigned(end + 1)


def _signed(number: int) -> bytes:
    return _unsigned(-number << 1 | 1 if number < 0 else number << 1)


def _unsigned(number: int) -> bytes:
    """Return a number in 6 bits each byte, the lowest first."""
    found = bytearray()
    while number > 0x3F:
        found.append(0x40 | number & 0x3F)
        number >>= 6
    found.append(number)
    return bytes(found)


def exceptions(code: types.CodeType) -> Iterator[tuple[int, int, int, int]]:
    """Yield begin, end and handler of each range of units, and what its handler finds on the stack (Python 3.11)."""
    numbers = []
    number = 0
    for byte in getattr(code, "co_exceptiontable", b""):
        number = number << 6 | byte & 0x3F
        if not byte & 0x40:
            numbers.append(number)
            number = 0
    for begin, length, handler, depth in zip(*[iter(numbers)] * 4, strict=False):
        yield begin, begin + length, handler, depth


def handler(entry: tuple[int, int, int, int]) -> bytes:
    """Return one range as Python 3.11 keeps it (its Objects/exception_handling_notes.txt)."""
    begin, end, handler, depth = entry
    found = bytearray()
    for number in (begin, end - begin, handler, depth):
        places = range(max(number.bit_length() - 1, 0) // 6 * 6, 0, -6)
        found += bytes([0x40 | number >> place & 0x3F for place in places] + [number & 0x3F])
    found[0] |= 0x80
    return bytes(found)
