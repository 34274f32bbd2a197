"""Which lines do not count: each clause or statement whose head a pattern matches, as coverage.py has it.

SlipCover's own answer leaves a function in whose signature ends on a marked line of its own (`) -> int:  # pragma: no
cover`), and takes the `except` clauses out with the `else` of a `try`.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, NamedTuple

from .marks import paused_gc

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: coverage.py's word for a statement that is not expected to take each of its branches.
NO_BRANCH = re.compile(r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(branch|BRANCH)")


#: What can keep a pattern that matches a row from matching it among others (assertions about what is beside it, flags,
#: the ends of a text, parts that give nothing back), or have it search them all from each place.
_LOOKS_BEYOND = re.compile(r"\(\?|\\[AZzDW]|[*+?}]\+|\[\^")


class Clause(NamedTuple):
    """A clause or a simple statement: its first line, its last one, and the lines of its head."""

    first: int
    last: int
    head: Iterable[int]


class Excluded(NamedTuple):
    """Lines that do not count, and first lines of statements whose branches do not."""

    lines: set[int]
    unbranched: set[int]


def excluded(text: str, patterns: Sequence[re.Pattern[str]]) -> Excluded:
    """Return what patterns, each searched for in each line, take out of a file; SyntaxError where it is none."""
    # Python ends a line at a newline alone, str.splitlines at more than that.
    rows = ["", *text.split("\n")]
    found = [one for one in patterns if _may_match(one, text)]
    matched = {number for one in found for number, row in enumerate(rows) if one.search(row)} - {0}
    unbranched = set()
    if NO_BRANCH.search(text):  # what it finds lies in one row, or in two
        unbranched = {number for number, row in enumerate(rows) if NO_BRANCH.search(row)}
    if not matched and not unbranched:
        return Excluded(set(), set())
    smallest: dict[int, Clause] = {}
    partial = set()
    with paused_gc():
        clauses = list(_clauses(_parts(text, matched | unbranched), rows))
    for clause in clauses:
        for line in clause.head:
            known = smallest.get(line, clause)
            if line in matched and clause.last - clause.first <= known.last - known.first:
                smallest[line] = clause
            if line in unbranched:
                partial.add(clause.first)
    lines = set(matched)
    for clause in smallest.values():
        lines.update(range(clause.first, clause.last + 1))
    return Excluded(lines, partial)


def _may_match(pattern: re.Pattern[str], text: str) -> bool:
    """Say whether a pattern may match in some row of a text: most match nowhere, and one search is quicker than many."""
    if _LOOKS_BEYOND.search(pattern.pattern):
        return True
    return bool(re.compile(pattern.pattern, pattern.flags | re.MULTILINE).search(text))


def _parts(source: str, lines: Iterable[int]) -> list[Any]:
    """Return the statements, `except` clauses and cases of a source in which some lines lie, of theirs or of an inner one."""
    ordered = sorted(lines)
    found: list[Any] = [ast.parse(source)]
    for node in found:  # which grows
        for name in ("body", "handlers", "orelse", "finalbody", "cases"):
            for part in getattr(node, name, ()):
                at = bisect_left(ordered, _first(part))
                if at < len(ordered) and ordered[at] <= _last(part):
                    found.append(part)
    return found[1:]


def _clauses(found: list[Any], rows: list[str]) -> Iterator[Clause]:
    for node in found:
        first, inner = _first(node), getattr(node, "body", None) or getattr(node, "cases", None)
        if not inner:
            if _begins_row(node, rows):
                yield Clause(first, _last(node), range(first, _last(node) + 1))
            continue
        last = _last(inner[-1])
        yield Clause(first, last, range(first, _first(inner[0]) + (not _begins_row(inner[0], rows))))
        for handler in getattr(node, "handlers", ()):
            last = _last(handler)
        for keyword in ("orelse", "finalbody"):
            if part := getattr(node, keyword, None):
                between = range(last + 1, _first(part[0]) + (not _begins_row(part[0], rows)))
                last = _last(part[-1])
                for line in between:
                    if rows[line].lstrip().startswith(("else", "finally")):
                        yield Clause(line, last, range(line, between.stop))


def _begins_row(node: Any, rows: list[str]) -> bool:
    """Say whether a statement stands first in its row, and not behind the head of a clause; only simple ones may."""
    simple = isinstance(node, ast.stmt) and not hasattr(node, "body") and not hasattr(node, "cases")
    return not simple or not rows[node.lineno].encode()[: node.col_offset].strip()


def _first(node: Any) -> int:
    own = node if hasattr(node, "lineno") else node.pattern
    return min(int(each.lineno) for each in (own, *getattr(node, "decorator_list", ())))


def _last(node: Any) -> int:
    return int(node.end_lineno) if hasattr(node, "end_lineno") else _last(node.body[-1])
