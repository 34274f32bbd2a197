"""Python up to 3.11: code taken apart into its instructions and put together again, each with its own position."""

from __future__ import annotations

import dis
import itertools
import sys
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Sequence

#: Where an instruction comes from: line, last line, column and last column, as `co_positions` has them.
Position = tuple[Optional[int], Optional[int], Optional[int], Optional[int]]
NOWHERE: Position = (None, None, None, None)

_JUMPS_RELATIVE = frozenset(dis.hasjrel)
_JUMPS = _JUMPS_RELATIVE.union(dis.hasjabs)
_BACKWARD = frozenset(number for name, number in dis.opmap.items() if "JUMP_BACKWARD" in name)
#: What a jump's argument counts for each unit of 2 bytes.
_PER_UNIT = 1 if sys.version_info >= (3, 10) else 2
#: Units that follow an operation, for the interpreter's own use (Python 3.11).
_CACHES: Sequence[int] = getattr(dis, "_inline_cache_entries", [0] * 256)
_FILLING = [bytes(2 * count) for count in _CACHES]


class Instruction:
    """One operation; `target` is the one that it may jump to, instead of an argument."""

    __slots__ = ("argument", "extended", "offset", "operation", "position", "target", "units")

    def __init__(self, operation: int, argument: int = 0, position: Position = NOWHERE) -> None:
        self.operation, self.argument, self.position = operation, argument, position
        self.target: Optional[Instruction] = None
        #: In units, from the start of the code; where it was read, later where it is put.
        self.offset = 0
        #: How many EXTENDED_ARG its argument takes, and its length with these.
        self.extended, self.units = 0, 1 + _CACHES[operation]
        if argument > 0xFF:
            self.extend()

    def skip(self, others: Iterable[Instruction]) -> None:
        """Let the jump that this is pass by the instructions that follow it."""
        self.argument = _PER_UNIT * sum(each.units for each in others)

    def aim(self) -> bool:
        """Let a jump lead to where its target is; say whether that took more room."""
        assert self.target is not None  # noqa: S101 - only jumps are aimed
        argument = self.target.offset
        if self.operation in _JUMPS_RELATIVE:
            argument = abs(argument - self.offset - self.units)
        self.argument = _PER_UNIT * argument
        return self.argument > 0xFF and self.extend()

    def extend(self) -> bool:
        """Make room for the argument as it is now; say whether that took more."""
        more = max(0, (self.argument.bit_length() + 7) // 8 - 1 - self.extended)
        self.extended += more
        self.units += more
        return more > 0

    def encoded(self) -> bytes:
        """Return the instruction as bytes."""
        found = bytes((self.operation, self.argument & 0xFF)) + _FILLING[self.operation]
        for byte in range(1, self.extended + 1):
            found = bytes((dis.EXTENDED_ARG, self.argument >> 8 * byte & 0xFF)) + found
        return found


class Body:
    """The instructions of code, in order, and what is found by their places in it."""

    def __init__(self, code: types.CodeType) -> None:
        self._code = code
        #: By unit: the instruction that it belongs to. The end of the code counts as one.
        self._at: list[Instruction] = []
        self.instructions = list(self._read())
        self._end = Instruction(-1)
        self._at.append(self._end)
        for each in self.instructions:
            if each.operation in _JUMPS:
                each.target = self._at[_target(each)]
        self._handlers = list(_exceptions(code))

    def _read(self) -> Iterator[Instruction]:
        operations, positions = self._code.co_code, list(_positions(self._code))
        unit = argument = extended = 0
        while 2 * unit < len(operations):
            operation = operations[2 * unit]
            argument = argument << 8 | operations[2 * unit + 1]
            unit += 1
            if operation == dis.EXTENDED_ARG:
                extended += 1
                continue
            unit += _CACHES[operation]
            made = Instruction(operation, argument, positions[unit - 1])
            made.units += extended - made.extended
            made.extended = extended
            made.offset = unit - made.units
            self._at += [made] * made.units
            yield made
            argument = extended = 0

    def at(self, offset: int) -> Instruction:
        """Return the instruction at a place, in bytes."""
        return self._at[offset // 2]

    def put(self, before: dict[Instruction, list[Instruction]], leave_out: Iterable[Instruction]) -> None:
        """Put instructions `before` others, so that who jumps there meets them first, and leave some out."""
        gone, entries = set(leave_out), {}
        made: list[Instruction] = []
        waiting: list[Instruction] = []
        for each in self.instructions:
            waiting.append(each)
            here = [*before.get(each, ()), *(() if each in gone else (each,))]
            if here:
                entries.update(dict.fromkeys(waiting, here[0]))
                waiting.clear()
                made += here
        for each in self.instructions:
            if each.target is not None:
                each.target = entries.get(each.target, each.target)
        self._at = [entries.get(each, each) for each in self._at]
        self.instructions = made

    def replace(self, **fields: object) -> types.CodeType:
        """Return the code with its instructions as they are now, and with other fields."""
        handlers = [
            (self._at[begin], self._at[end], self._at[to], depth) for begin, end, to, depth in self._handlers
        ]
        jumps = [each for each in self.instructions if each.target]
        self._lay_out()
        # Where one takes more room, others jump farther.
        while [each for each in jumps if each.aim()]:
            self._lay_out()
        first = self._code.co_firstlineno
        fields["co_code"] = b"".join([each.encoded() for each in self.instructions])
        rows = [(each.units, each.position) for each in self.instructions]
        if sys.version_info >= (3, 11):
            fields["co_linetable"] = _table_of_positions(rows, first)
            entries = [(begin.offset, end.offset, to.offset, depth) for begin, end, to, depth in handlers]
            fields["co_exceptiontable"] = b"".join([_handler(entry) for entry in entries])
        elif sys.version_info >= (3, 10):
            fields["co_linetable"] = _table_of_lines(rows, first)
        else:
            fields["co_lnotab"] = _table_of_starts(rows, first)
        return self._code.replace(**fields)  # type: ignore[arg-type]

    def _lay_out(self) -> None:
        offset = 0
        for each in self.instructions:
            each.offset = offset
            offset += each.units
        self._end.offset = offset


def _target(jump: Instruction) -> int:
    """Return the unit that an instruction jumps to, by its argument."""
    units = jump.argument // _PER_UNIT
    if jump.operation not in _JUMPS_RELATIVE:
        return units
    return jump.offset + jump.units + (-units if jump.operation in _BACKWARD else units)


def _positions(code: types.CodeType) -> Iterator[Position]:
    """Yield the position of each unit."""
    if sys.version_info >= (3, 11):
        yield from code.co_positions()
    elif sys.version_info >= (3, 10):
        for begin, end, line in code.co_lines():
            yield from [(line, None, None, None)] * ((end - begin) // 2)
    else:
        starts, line = dict(dis.findlinestarts(code)), code.co_firstlineno
        for offset in range(0, len(code.co_code), 2):
            line = starts.get(offset, line)
            yield line, None, None, None


def _table_of_lines(rows: Iterable[tuple[int, Position]], line: int) -> bytes:
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


def _table_of_starts(rows: Iterable[tuple[int, Position]], line: int) -> bytes:
    """Return the lines of instructions as Python 3.9 keeps them (its Objects/lnotab_notes.txt)."""
    found = bytearray()
    offset = 0
    for units, position in rows:
        if position[0] is not None and position[0] != line:
            step, line = position[0] - line, position[0]
            while offset > 255:
                found += bytes((255, 0))
                offset -= 255
            while not -128 <= step <= 127:
                found += bytes((offset, 127 if step > 0 else -128 & 0xFF))
                offset, step = 0, step - (127 if step > 0 else -128)
            found += bytes((offset, step & 0xFF))
            offset = 0
        offset += 2 * units
    return bytes(found)


def _table_of_positions(rows: Iterable[tuple[int, Position]], line: int) -> bytes:
    """Return the positions of instructions as Python 3.11 keeps them (its Objects/locations.md)."""
    found = bytearray()
    for units, position in rows:
        while units > 0:
            kind, place = _place(position, line)
            found.append(0x80 | kind << 3 | min(units, 8) - 1)
            found += place
            line = line if position[0] is None else position[0]
            units -= 8
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


def _exceptions(code: types.CodeType) -> Iterator[tuple[int, int, int, int]]:
    """Yield begin, end and handler of each range of units, and what its handler finds on the stack (Python 3.11)."""
    numbers = []
    number = 0
    for byte in getattr(code, "co_exceptiontable", b""):
        number = number << 6 | byte & 0x3F
        if not byte & 0x40:
            numbers.append(number)
            number = 0
    for begin, length, handler, depth in zip(*[iter(numbers)] * 4):
        yield begin, begin + length, handler, depth


def _handler(entry: tuple[int, int, int, int]) -> bytes:
    """Return one range as Python 3.11 keeps it (its Objects/exception_handling_notes.txt)."""
    begin, end, handler, depth = entry
    found = bytearray()
    for number in (begin, end - begin, handler, depth):
        places = range(max(number.bit_length() - 1, 0) // 6 * 6, 0, -6)
        found += bytes([0x40 | number >> place & 0x3F for place in places] + [number & 0x3F])
    found[0] |= 0x80
    return bytes(found)
