"""Code that tells its instructions in place of its lines, from Python 3.12 on, and those of them that tell no line."""

from __future__ import annotations

import dis
import sys
from array import array
from opcode import opmap
from typing import TYPE_CHECKING

from ..leg.record import MARK

if TYPE_CHECKING:
    import types
    from collections.abc import Collection, Sequence

    #: The number of a code object that tells its instructions, and the units of it that tell nothing.
    PerInstruction = tuple[int, tuple[int, ...]]
    #: `code.co_lines()`: each run of bytes, and its line.
    Table = list[tuple[int, int, int | None]]
    #: First line, last line, first column, column after the last one.
    Place = tuple[int | None, int | None, int | None, int | None]

#: Up to Python 3.13, for a line that lies 127 lines or more from where CPython expects it, it reads the table of the
#: code's lines from its start: at each event, and at each jump within such a line, which it tells nobody and which is
#: never over (`compute_line` and `_Py_call_instrumentation_line` in its Python/instrumentation.c; gh-127953). Then
#: instructions are told, each once: they take no search, and what has been told costs nothing.
SEARCHING = sys.version_info < (3, 14)
REACH = 127
#: Bytes of code below which a search takes less than to tell each instruction once.
LONG = 1024

#: Python 3.12.0 loses track of instructions (gh-109371), and of code that changes in the middle (gh-108976).
SOUND = sys.version_info >= (3, 12, 1)


def _operations(*prefixes: str) -> frozenset[int]:
    return frozenset(number for name, number in opmap.items() if name.startswith(prefixes))


_EXTENDED, _JUMPS, _LOOPS = (
    opmap["EXTENDED_ARG"],
    # From Python 3.14 on NOT_TAKEN follows a conditional jump, for the branch events.
    _operations("JUMP_", "POP_JUMP_", "NOT_TAKEN"),
    _operations("FOR_ITER", "GET_ANEXT"),
)
#: What adds an element of a comprehension, and in a generator expression yields it.
_COLLECTING, _YIELDING = _operations("LIST_APPEND", "SET_ADD", "MAP_ADD"), _operations("YIELD_VALUE")
#: What else uses a value, and has its place.
_USING, _RETURNING = frozenset[int](), frozenset[int]()
if sys.version_info >= (3, 13):
    _USING = _operations("GET_ITER", "GET_AITER", "BEFORE_", "LOAD_SPECIAL")
    _RETURNING = _operations("RETURN_VALUE")


def per_instruction(found: Sequence[types.CodeType], tables: Sequence[Table]) -> tuple[PerInstruction, ...]:
    """Return which of some code objects tell their instructions; `tables` are their `co_lines`."""
    if not SOUND:
        return ()
    chosen = []
    for index, (code, table) in enumerate(zip(found, tables, strict=False)):
        silent = _silent(code, table)
        if silent or (SEARCHING and is_long(code.co_firstlineno, table)):
            chosen.append((index, silent))
    return tuple(chosen)


def is_long(first: int, table: Table) -> bool:
    """Say whether CPython searches for one of the lines of code, by its first one and its `co_lines`.

    Marks, which lie beyond all lines, are met once.
    """
    # It expects another line every 16 units of code, of 2 bytes.
    return (
        bool(table)
        and table[-1][1] >= LONG
        and any(
            line is not None and line < MARK and not -REACH < line - first - begin // 32 <= REACH
            for begin, _, line in table
        )
    )


def lines_of_units(code: types.CodeType, silent: Collection[int]) -> array[int]:
    """Return, for each unit of code, the number of its line or mark; 0 where it tells nothing."""
    found = array("I", bytes(2 * len(code.co_code)))
    for begin, end, line in code.co_lines():
        if line is not None:
            found[begin // 2 : end // 2] = array("I", [line]) * (end // 2 - begin // 2)
    # A function's RESUME has the line of its `def`, which has run elsewhere or not at all.
    resume = opmap["RESUME"]
    for index, operation in enumerate(code.co_code[::2]):
        if operation == resume:
            found[index] = 0
    for index in silent:
        found[index] = 0
    return found


def _silent(code: types.CodeType, table: Table) -> tuple[int, ...]:
    """Return the units of code that stand for a line without evaluating anything of it.

    What uses a value has the place of the expression that made it. That of a conditional expression begins with a part
    that may not have been chosen, and of all expressions over several lines it alone has nothing at its own place before.
    In a comprehension the jump to the next round has the place of the element, which a condition or an empty inner loop
    may have skipped. Where the first line of an expression is evaluated, what begins there tells it.
    """
    operations = code.co_code[::2]
    collecting = _YIELDING if code.co_name == "<genexpr>" else _COLLECTING
    ending = _RETURNING if code.co_name == "<lambda>" else frozenset()
    using = _USING | collecting | ending
    back = _uses(operations, table, using)
    if not back and collecting.isdisjoint(operations):
        return ()
    places = list(code.co_positions())
    wholes = {places[unit] for unit in back if places[unit][0] != places[unit][1]}
    choices = {place for place in wholes if _operation(operations, places.index(place)) in using}
    elements = {
        place for place, operation in zip(places, operations, strict=False) if operation in collecting
    }
    chosen = [unit for unit, place in enumerate(places) if place in choices]
    jumps = [
        unit
        for unit, place in enumerate(places)
        if place in elements and _operation(operations, unit) in _JUMPS
    ]
    return (*chosen, *jumps) if _skips(code, places, jumps) else tuple(chosen)


def _uses(operations: bytes, table: Table, using: frozenset[int]) -> list[int]:
    """Return the units at which code comes back to a line above by one of some operations."""
    found, before = [], 0
    for begin, _, line in table:
        if line is not None and line < MARK:
            if line < before and _operation(operations, begin // 2) in using:
                found.append(begin // 2)
            before = line
    return found


def _operation(operations: bytes, unit: int) -> int:
    """Return the operation of a unit, or which one's argument it extends."""
    while operations[unit] == _EXTENDED:
        unit += 1
    return operations[unit]


def _skips(code: types.CodeType, places: list[Place], jumps: list[int]) -> bool:
    """Say whether a comprehension may come to its next round from another line than its element's."""
    operations, labels = code.co_code[::2], None
    for unit in jumps:
        line, loop = places[unit][0], unit
        while loop and operations[loop] not in _LOOPS:
            loop -= 1
        if any(place[0] not in (None, line) for place in places[loop:unit]):
            labels = labels or set(dis.findlabels(code.co_code))  # type: ignore[arg-type]
            if places[unit - 1][0] != line or 2 * unit in labels:
                return True
    return False
