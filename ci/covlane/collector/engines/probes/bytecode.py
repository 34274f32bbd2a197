"""Python up to 3.11: code taken apart into its instructions and put together again, each with its own position."""

from __future__ import annotations

import dis
import sys
from typing import TYPE_CHECKING

from . import tables
from .tables import NOWHERE

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Sequence

    from .tables import Position

_JUMPS_RELATIVE = frozenset(dis.hasjrel)
_JUMPS = _JUMPS_RELATIVE.union(dis.hasjabs)
_BACKWARD = frozenset(number for name, number in dis.opmap.items() if "JUMP_BACKWARD" in name)
#: Units that follow an operation, for the interpreter's own use (Python 3.11).
_CACHES: Sequence[int] = getattr(dis, "_inline_cache_entries", [0] * 256)
#: The highest argument that fits without EXTENDED_ARG.
_BYTE = 0xFF
_FILLING = [bytes(2 * count) for count in _CACHES]


class Instruction:
    """One operation; `target` is the one that it may jump to, instead of an argument."""

    __slots__ = ("argument", "extended", "offset", "operation", "position", "target", "units")

    def __init__(self, operation: int, argument: int = 0, position: Position = NOWHERE) -> None:
        self.operation, self.argument, self.position = operation, argument, position
        self.target: Instruction | None = None
        #: In units, from the start of the code; where it was read, later where it is put.
        self.offset = 0
        #: How many EXTENDED_ARG its argument takes, and its length with these.
        self.extended, self.units = 0, 1 + _CACHES[operation]
        if argument > _BYTE:
            self.extend()

    def skip(self, others: Iterable[Instruction]) -> None:
        """Let the jump that this is pass by the instructions that follow it."""
        self.argument = sum(each.units for each in others)

    def aim(self) -> bool:
        """Let a jump lead to where its target is; say whether that took more room."""
        assert self.target is not None  # noqa: S101 - only jumps are aimed
        argument = self.target.offset
        if self.operation in _JUMPS_RELATIVE:
            argument = abs(argument - self.offset - self.units)
        self.argument = argument
        return self.argument > _BYTE and self.extend()

    def extend(self) -> bool:
        """Make room for the argument as it is now; say whether that took more."""
        more = max(0, (self.argument.bit_length() + 7) // 8 - 1 - self.extended)
        self.extended += more
        self.units += more
        return more > 0

    def encoded(self) -> bytes:
        """Return the instruction as bytes."""
        found = bytes((self.operation, self.argument & _BYTE)) + _FILLING[self.operation]
        for byte in range(1, self.extended + 1):
            found = bytes((dis.EXTENDED_ARG, self.argument >> 8 * byte & _BYTE)) + found
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
        self._handlers = list(tables.exceptions(code))

    def _read(self) -> Iterator[Instruction]:
        operations, positions = self._code.co_code, list(tables.positions(self._code))
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
            fields["co_linetable"] = tables.table_of_positions(rows, first)
            entries = [(begin.offset, end.offset, to.offset, depth) for begin, end, to, depth in handlers]
            fields["co_exceptiontable"] = b"".join([tables.handler(entry) for entry in entries])
        else:
            fields["co_linetable"] = tables.table_of_lines(rows, first)
        return self._code.replace(**fields)  # type: ignore[arg-type]

    def _lay_out(self) -> None:
        offset = 0
        for each in self.instructions:
            each.offset = offset
            offset += each.units
        self._end.offset = offset


def _target(jump: Instruction) -> int:
    """Return the unit that an instruction jumps to, by its argument."""
    units = jump.argument
    if jump.operation not in _JUMPS_RELATIVE:
        return units
    return jump.offset + jump.units + (-units if jump.operation in _BACKWARD else units)
