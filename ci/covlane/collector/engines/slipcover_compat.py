"""Which lines and branches a source has: those of SlipCover, worked out here.

Nothing of SlipCover is installed or runs in a leg. tests/unit/collector/test_marks.py holds what is worked out here
equal to what SlipCover itself says of the standard library and of rare statements.
"""

from __future__ import annotations

import ast
import dis
import re
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, NamedTuple

from ..instrument.marks import paused_gc
from ..leg.record import MARK, branch
from .codes import codes

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator

#: The release of SlipCover whose lines and branches these are.
RELEASE = "1.1.0"

Branch = tuple[int, int]

#: The operations of a line that only loads what annotations name (SlipCover 1.1.0, `_ANNOTATION_ONLY_OPS`).
_NAMED = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_ATTR", "BINARY_SUBSCR")

#: Up to Python 3.10; there is no such operation later.
_SETUP_FINALLY = dis.opmap.get("SETUP_FINALLY", -1)
#: A row that may be the head of a `match`.
_MATCH = re.compile(rb"^[ \t\f]*match\b", re.MULTILINE)


def line_starts(code: types.CodeType) -> list[tuple[int, int]]:
    """Return where the lines of code begin, as SlipCover's `findlinestarts`, which asks for the whole bytecode at each.

    Nor does that see where the copy of a `finally` begins that an exception comes to, where that is one line: the one
    before it is the same line's, for when there is none.
    """
    return _scanned(code)[0]


def _match_heads(source: bytes) -> frozenset[int]:
    """Return the lines from each `match` to the end of its subject: of all statements only these may load and no more."""
    if not _MATCH.search(source):
        return frozenset()
    with paused_gc():
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Match)]
    return frozenset(
        line for node in found for line in range(node.lineno, (node.subject.end_lineno or 0) + 1)
    )


def _scanned(code: types.CodeType) -> tuple[list[tuple[int, int]], set[int]]:
    """Return where the lines of code begin, and those of them that only load what annotations name."""
    if sys.version_info < (3, 11):
        starts = {**dict(_copied_lines(code)), **dict(dis.findlinestarts(code))}
        return sorted(starts.items()), _loading_lines(code)
    found: list[tuple[int, int]] = []
    loading: set[int] = set()
    other: set[int] = set()
    bytecode, before = code.co_code, None
    for start, end, line in code.co_lines():
        if line:
            operation = bytecode[start]
            if line != before and operation not in _SILENT:
                found.append((start, line))
            # What most begin with loads nothing.
            loads = operation in _LOADING and _LOADING.issuperset(bytecode[start:end:2])
            (loading if loads else other).add(line)
        before = line
    return found, loading - other


def _loading_lines(code: types.CodeType) -> set[int]:
    """Return the lines of code that only load what annotations name (Python 3.10 and earlier)."""
    loading: set[int] = set()
    other: set[int] = set()
    line = 0
    for each in dis.get_instructions(code):
        line = each.starts_line or line
        (loading if each.opname in _NAMED else other).add(line)
    return loading - other


def _copied_lines(code: types.CodeType) -> Iterator[tuple[int, int]]:
    """Yield where an exception comes to a copy of the line that ends before, and that line (Python 3.10 and earlier)."""
    bytecode, starts = code.co_code, dict(dis.findlinestarts(code))
    for each in dis.get_instructions(code) if _SETUP_FINALLY in bytecode[::2] else ():
        if each.opcode == _SETUP_FINALLY:
            first, copy = max((at for at in starts if at < each.argval), default=0), each.argval
            # What removes the name of `except … as name` is no copy: it deletes what it has set.
            deletes = any(dis.opname[one].startswith("DELETE_") for one in bytecode[copy + 4 : copy + 5])
            if bytecode[first : first + 4] == bytecode[copy : copy + 4] and not deletes:
                yield each.argval, starts[first]


if sys.version_info >= (3, 11):
    _SILENT = {dis.opmap[name] for name in ("RESUME", "RETURN_GENERATOR")}
    _LOADING = {dis.opmap[name] for name in (*_NAMED, "CACHE") if name in dis.opmap}


class CodeLines(NamedTuple):
    """The lines and branches that a file's code has, and why it has no branches where it has none."""

    lines: set[int]
    branches: set[Branch]
    unmarked: str | None


def numbers(code: types.CodeType, source: bytes) -> set[int]:
    """Return the numbers of the lines, and from Python 3.12 on of the marks, that the code of a source has."""
    found: set[int] = set()
    heads = _match_heads(source)
    for each in codes(code):
        starts, loading = _scanned(each)
        if sys.version_info >= (3, 14):
            loading = set()  # annotations run where they are asked for
        found |= {line for _, line in starts} - (loading - heads)
    return found


def code_lines(numbers: Iterable[int], unmarked: str | None) -> CodeLines:
    """Return what a file has whose lines and marks have these numbers."""
    ordered = sorted(numbers)
    first = bisect_left(ordered, MARK)
    return CodeLines(set(ordered[:first]), set(map(branch, ordered[first:])), unmarked)
