"""Which lines do not count: those that a pattern matches, and the clauses whose heads they are, as coverage.py has it.

Its documentation ("Excluding code from coverage.py") says what is meant, its `PythonParser` what happens: a pattern is
searched for in the whole text, with `^` and `$` at the ends of each line; what it matches in a part of a statement
takes the statement, in the head of a clause the clause, in a decorator or a signature the function or class.
"""

from __future__ import annotations

import ast
import bisect
import io
import re
import tokenize
from typing import TYPE_CHECKING, NamedTuple

from .marks import paused_gc

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

#: How many blank lines in a row are searched: a pattern may go on from each of them to the last.
BLANK = 200
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_BLANK = frozenset([tokenize.COMMENT, tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING])


class Excluded(NamedTuple):
    """Lines that do not count, and first lines of statements whose branches do not."""

    lines: set[int]
    unbranched: set[int]


class Patterns(NamedTuple):
    """What leaves out lines, and what leaves out the branches of a line."""

    lines: list[re.Pattern[str]]
    branches: list[re.Pattern[str]]


class Row(NamedTuple):
    """A logical line: where it begins and ends, how deep it is indented, and where a clause's head may end in it."""

    first: int
    last: int
    indent: int
    colons: list[int]


def compiled(lines: Iterable[str], branches: Iterable[str]) -> Patterns:
    """Return patterns as they are searched for; re.error where one is no regular expression."""
    return Patterns(*([re.compile(each, re.MULTILINE) for each in those] for those in (lines, branches)))


def excluded(text: str, patterns: Patterns, statements: Collection[int] = ()) -> Excluded:
    """Return what patterns take out of a file.

    Args:
        text: the file's content.
        patterns: the leg's.
        statements: the lines that can run. The head of a last `case` goes with them where all below it do.

    Raises:
        SyntaxError: the text is no Python.
    """
    matched, partial = (_matched(text, those) for those in patterns)
    if not matched and not partial:
        return Excluded(set(), set())
    with paused_gc():
        tree = ast.parse(text)
        rows = [*_rows(text)]
        firsts = _Firsts(rows)
        out = _with_suites(rows, {firsts.of(line) for line in matched})
        _add_definitions(tree, out)
        _add_last_cases(tree, out, {firsts.of(line) for line in statements})
    lines = out | {line for row in rows if row.first in out for line in range(row.first, row.last + 1)}
    return Excluded(lines, {firsts.of(line) for line in partial})


def _matched(text: str, patterns: Sequence[re.Pattern[str]]) -> set[int]:
    """Return the lines in which some pattern has a match, or a part of one."""
    # Python ends a line at a newline alone, str.splitlines at more than that.
    rows = text.split("\n")
    numbers = [*_searched(rows)]
    if len(numbers) < len(rows):
        text = "\n".join(rows[number - 1] for number in numbers)
    ends: list[int] = []
    found: set[int] = set()
    for match in (match for pattern in patterns for match in pattern.finditer(text)):
        ends = ends or [place for place, letter in enumerate(text) if letter == "\n"]
        first, last = (bisect.bisect_left(ends, place) for place in match.span())
        found.update(range(numbers[first], numbers[last] + 1))
    return found


def _searched(rows: Iterable[str]) -> Iterator[int]:
    """Yield the numbers of the lines that patterns see: of many blank ones in a row, some."""
    blank = 0
    for number, row in enumerate(rows, 1):
        blank = 0 if row and not row.isspace() else blank + 1
        if blank <= BLANK:
            yield number


def _rows(text: str) -> Iterator[Row]:
    """Yield the logical lines of a text; SyntaxError where it has none."""
    indent = nesting = first = 0
    colons: list[int] = []
    try:
        for kind, word, (begin, _), (end, _), _ in tokenize.generate_tokens(io.StringIO(text).readline):
            indent += (kind == tokenize.INDENT) - (kind == tokenize.DEDENT)
            if kind == tokenize.NEWLINE:
                if first:
                    yield Row(first, end, indent, colons)
                first, colons = 0, []
            elif kind not in _BLANK and word:
                first = first or begin
                nesting += (word in _OPENING) - (word in _CLOSING)
                if word == ":" and not nesting:
                    colons.append(begin)
    except tokenize.TokenError as error:
        raise SyntaxError(str(error)) from None


class _Firsts:
    """The first line of each line's statement."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._known = {
            line: row.first for row in rows if row.last > row.first for line in range(row.first, row.last + 1)
        }

    def of(self, line: int) -> int:
        return self._known.get(line, line)


def _with_suites(rows: Iterable[Row], matched: set[int]) -> set[int]:
    """Return first lines that are matched, and those of the clauses that begin with them."""
    found, inside = set(matched), -1
    for row in rows:
        if row.indent <= inside:
            inside = -1
        if inside >= 0:
            found.add(row.first)
        elif any(not matched.isdisjoint(range(row.first, colon + 1)) for colon in row.colons):
            inside = row.indent
    return found


def _add_definitions(tree: ast.AST, out: set[int]) -> None:
    """Add the functions and classes of which a decorator or the first line of the signature is out."""
    # From the outside: what is in one goes with it.
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min((each.lineno for each in node.decorator_list), default=node.lineno)
            if not out.isdisjoint(range(first, node.lineno + 1)):
                out.update(range(first, (node.end_lineno or node.lineno) + 1))


def _add_last_cases(tree: ast.AST, out: set[int], statements: set[int]) -> None:
    """Add the heads of `case _:`, the `else` of `match`, under which all is out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.match_case) and not node.guard and _takes_all(node.pattern):
            body = range(node.body[0].lineno, (node.body[-1].end_lineno or 0) + 1)
            own = statements.intersection(body)
            if own and own <= out:
                out.update(range(node.pattern.lineno, node.pattern.end_lineno + 1))


def _takes_all(pattern: ast.pattern) -> bool:
    """Say whether a pattern matches whatever there is: `_`, a name, one of several that does."""
    if isinstance(pattern, ast.MatchAs):
        return pattern.pattern is None or _takes_all(pattern.pattern)
    return isinstance(pattern, ast.MatchOr) and any(map(_takes_all, pattern.patterns))
