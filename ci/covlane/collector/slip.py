"""The one module that reaches into SlipCover; each assumption has a test in tests/unit/collector/test_slip.py."""

from __future__ import annotations

import ast
import dis
import importlib.util
import re
import sys
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import slipcover

from . import exclusion
from .marks import compile_marked, uncollected
from .monitor import codes
from .record import MARK, branch, number

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable, Iterator, Sequence

#: The releases whose internals this module was written against.
KNOWN = ("1.1.0",)

Branch = tuple[int, int]

_slipcover: Any = sys.modules["slipcover.slipcover"]  # the package has a class of that name

# SlipCover is imported before pytest looks for plugins, and its entry point makes pytest want to rewrite it.
# This is pytest's own word for "leave it", without which a project with `filterwarnings = error` cannot start.
slipcover.__doc__ = (slipcover.__doc__ or "") + "\nPYTEST_DONT_REWRITE"

#: Up to Python 3.10; there is no such operation later.
_SETUP_FINALLY = dis.opmap.get("SETUP_FINALLY", -1)
#: A row that may be the head of a `match`.
_MATCH = re.compile(rb"^[ \t\f]*match\b", re.MULTILINE)
#: What forgets an exception, before a `finally` that returns (Python 3.9).
_DROPPING = ("POP_TOP", "POP_EXCEPT")


def line_starts(code: types.CodeType) -> list[tuple[int, int]]:
    """Return where the lines of code begin, as SlipCover's `findlinestarts`, which asks for the whole bytecode at each.

    Nor does that see where the copy of a `finally` begins that an exception comes to, where that is one line: the one
    before it is the same line's, for when there is none.
    """
    return _scanned(code)[0]


def _match_heads(source: bytes) -> frozenset[int]:
    """Return the lines from each `match` to the end of its subject: of all statements only these may load and no more."""
    if sys.version_info < (3, 10) or not _MATCH.search(source):
        return frozenset()
    with uncollected():
        found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Match)]
    return frozenset(
        line for node in found for line in range(node.lineno, (node.subject.end_lineno or 0) + 1)
    )


def _scanned(code: types.CodeType) -> tuple[list[tuple[int, int]], set[int]]:
    """Return where the lines of code begin, and those of them that only load what annotations name."""
    if sys.version_info < (3, 11):
        starts = {**dict(_copied_lines(code)), **dict(dis.findlinestarts(code))}
        return sorted(starts.items()), set(_slipcover._get_annotation_only_lines(code))
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


def _copied_lines(code: types.CodeType) -> Iterator[tuple[int, int]]:
    """Yield where an exception comes to a copy of the line that ends before, and that line (Python 3.10 and earlier)."""
    bytecode, starts = code.co_code, dict(dis.findlinestarts(code))
    for each in dis.get_instructions(code) if _SETUP_FINALLY in bytecode[::2] else ():
        if each.opcode == _SETUP_FINALLY:
            first, copy = max((at for at in starts if at < each.argval), default=0), each.argval
            while bytecode[copy : copy + 1] and dis.opname[bytecode[copy]] in _DROPPING:
                copy += 2
            # What removes the name of `except … as name` is no copy: it deletes what it has set.
            deletes = any(dis.opname[one].startswith("DELETE_") for one in bytecode[copy + 4 : copy + 5])
            if bytecode[first : first + 4] == bytecode[copy : copy + 4] and not deletes:
                yield each.argval, starts[first]


if sys.version_info >= (3, 11):
    _SILENT = {dis.opmap[name] for name in ("RESUME", "RETURN_GENERATOR")}
    _LOADING = {dis.opmap[name] for name in (*_slipcover._ANNOTATION_ONLY_OPS, "CACHE") if name in dis.opmap}


class Able(NamedTuple):
    """The lines and branches that a file's code has, and why it has no branches where it has none."""

    lines: set[int]
    branches: set[Branch]
    unmarked: Optional[str]


def of_code(code: types.CodeType, unmarked: Optional[str], source: bytes) -> Able:
    """Return what the code of a source has: SlipCover's lines, in one pass, and the branches of its marks."""
    numbers: set[int] = set()
    heads = _match_heads(source)
    for each in codes(code):
        starts, loading = _scanned(each)
        if sys.version_info >= (3, 14):
            loading = _slipcover._get_annotation_only_lines(each)
        numbers |= {line for _, line in starts} - (loading - heads)
    if sys.version_info < (3, 12):
        from .probes import branches

        numbers.update(map(number, branches(code)))
    return able(numbers, unmarked)


def able(numbers: Iterable[int], unmarked: Optional[str]) -> Able:
    """Return what a file has whose lines and marks have these numbers."""
    ordered = sorted(numbers)
    first = bisect_left(ordered, MARK)
    return Able(set(ordered[:first]), set(map(branch, ordered[first:])), unmarked)


class Executable(NamedTuple):
    """The lines and branches of a file that can run, and why its branches are unknown where they are.

    `anchors` maps the first line of a statement, from which SlipCover's branches leave, to the first of its lines
    that can run, where that is another.
    """

    lines: set[int]
    branches: set[Branch]
    unmarked: Optional[str]
    anchors: dict[int, int]


class Reader:
    """Works out what is executable, the same way for every file."""

    def __init__(self, *, branch: bool, exclude: Sequence[str]) -> None:
        self._branch = branch
        self._exclude = [re.compile(pattern) for pattern in exclude]

    def executable(self, source: bytes, filename: str, able: Optional[Able] = None) -> Executable:
        """Return a file's executable lines and branches, without those that are excluded.

        `able` is what its code has, where that is known.

        Raises:
            SyntaxError, ValueError: Python refuses the source.
        """
        if able is None:
            code, unmarked = compile_marked(source, filename, branch=self._branch)
            able = of_code(code, unmarked, source)
        unmarked = able.unmarked
        excluded, unbranched = exclusion.excluded(importlib.util.decode_source(source), self._exclude)
        lines = able.lines - excluded - {0}
        if lines == {1} and not ast.parse(source).body:
            lines.clear()  # up to Python 3.10 a file without a statement has code on its first line
        branches: set[Branch] = set()
        anchors: dict[int, int] = {}
        if self._branch and unmarked is None:
            found = {pair for pair in able.branches if pair[1] not in excluded and pair[0] not in unbranched}
            anchors = _anchors({pair[0] for pair in found} - lines - excluded, able.branches, lines)
            # `while True:` has a mark although, on some Pythons, no code of its own: that is no branch.
            branches = {pair for pair in found if pair[0] in lines or pair[0] in anchors}
        branches = {(anchors.get(line, line), target) for line, target in branches}
        return Executable(lines, branches, unmarked, anchors)


def _anchors(strays: set[int], branches: set[Branch], lines: set[int]) -> dict[int, int]:
    """Return, for statements whose first line cannot run, the first one of their heads that can.

    From Python 3.12 on `if (` with the condition on the lines below has no code of its own. A head ends where the
    nearest branch from it leads, forward, which is to its block.
    """
    ends: dict[int, int] = {}
    for line, target in branches:
        if line in strays and line < target <= ends.get(line, target):
            ends[line] = target
    firsts = {line: min(lines.intersection(range(line, end)), default=0) for line, end in ends.items()}
    return {line: first for line, first in firsts.items() if first}
