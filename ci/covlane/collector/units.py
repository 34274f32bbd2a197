"""Code that tells its instructions in place of its lines, from Python 3.12 on, and those of them that tell no line."""

from __future__ import annotations

import ast
import contextlib
import sys
from array import array
from opcode import opmap
from typing import TYPE_CHECKING, NamedTuple, Optional

from .marks import uncollected
from .record import MARK

if TYPE_CHECKING:
    import types
    from collections.abc import Collection, Sequence

    #: The number of a code object that tells its instructions, and the units of it that tell nothing.
    Telling = tuple[int, tuple[int, ...]]
    #: `code.co_lines()`: each run of bytes, and its line.
    Table = list[tuple[int, int, Optional[int]]]
    #: First line, last line, first column, column after the last one.
    Place = tuple[Optional[int], Optional[int], Optional[int], Optional[int]]

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


_EXTENDED = opmap["EXTENDED_ARG"]
_JUMPS = _operations("JUMP_", "POP_JUMP_")
_COLLECTING = _operations("LIST_APPEND", "SET_ADD", "MAP_ADD", "YIELD_VALUE")
#: What uses a value, and has the place of the expression that made it.
_USING = (
    _COLLECTING | _JUMPS | _operations("GET_ITER", "GET_AITER", "FOR_ITER", "RETURN_VALUE", "CALL", "BEFORE_")
)
_USING |= _operations("LOAD_SPECIAL") | {_EXTENDED}


def telling(found: Sequence[types.CodeType], tables: Sequence[Table], source: bytes) -> tuple[Telling, ...]:
    """Return which of the code objects of a source tell their instructions; `tables` are their `co_lines`."""
    if not SOUND:
        return ()
    hollow: Optional[Hollow] = None
    chosen = []
    for index, (code, table) in enumerate(zip(found, tables)):
        silent: tuple[int, ...] = ()
        if _may_mislead(code, table):
            hollow = _hollow(source) if hollow is None else hollow
            silent = _silent(code, hollow)
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


_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp)


class Hollow(NamedTuple):
    """Places of expressions at which code that does not evaluate their first line is placed all the same.

    What uses the value of a conditional expression has the place of the whole, which begins with a part that may not
    have been chosen. In a comprehension the jump to the next round has the place of the element, which a condition or
    an empty inner loop may have skipped.
    """

    choices: set[Place]
    elements: set[Place]


def _hollow(source: bytes) -> Hollow:
    found = Hollow(set(), set())
    # A loader may take for a source what Python does not.
    with uncollected(), contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.IfExp) and node.body.lineno != node.test.lineno:
                found.choices.add(_place(node, node))
            elif isinstance(node, ast.DictComp) and _may_skip(node.key, node.generators):
                found.elements.add(_place(node.key, node.value))
            elif isinstance(node, _COMPREHENSIONS) and _may_skip(node.elt, node.generators):
                found.elements.add(_place(node.elt, node.elt))
    return found


def _may_skip(element: ast.expr, generators: list[ast.comprehension]) -> bool:
    """Say whether a round of a comprehension may leave out the line on which its element begins."""
    skipping = [part for each in generators for part in (*each.ifs, each.iter)]
    return len(skipping) > 1 and any(part.lineno != element.lineno for part in skipping)


def _place(first: ast.expr, last: ast.expr) -> Place:
    return first.lineno, last.end_lineno, first.col_offset, last.end_col_offset


def _may_mislead(code: types.CodeType, table: Table) -> bool:
    """Say whether a line comes back at which code uses a value: what `_silent` finds is among that."""
    operations, before = code.co_code, 0
    for begin, end, line in table:
        if line is not None and line < MARK:
            if line < before and (
                operations[begin] in _USING or not _COLLECTING.isdisjoint(operations[begin:end:2])
            ):
                return True
            before = line
    return False


def _silent(code: types.CodeType, hollow: Hollow) -> tuple[int, ...]:
    """Return the units of code that stand for a line without evaluating anything of it."""
    found = []
    # What extends an argument belongs to the operation that comes after.
    extending: list[int] = []
    for index, (place, operation) in enumerate(zip(code.co_positions(), code.co_code[::2])):
        if operation == _EXTENDED:
            extending.append(index)
            continue
        if place in hollow.choices or (operation in _JUMPS and place in hollow.elements):
            found += [*extending, index]
        extending.clear()
    return tuple(found)
