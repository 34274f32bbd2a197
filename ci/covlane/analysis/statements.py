"""The statements of Python source that changed lines belong to, as line sets."""

from __future__ import annotations

import ast
import warnings
from functools import cache
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from covlane.model.lines import from_ranges, pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.diff import FileDiff

#: A statement, or a node that contains statements.
_Node = ast.stmt | ast.ExceptHandler | ast.match_case
#: Starts of definitions, and quotes of multi-line strings.
_DEFINES = (b"def ", b"class ", b"async def ", b"@")
_QUOTES = (b'"""', b"'''")
_INNER = ("body", "handlers", "orelse", "finalbody", "cases")


def touched(source: bytes, file: FileDiff) -> tuple[int, ...]:
    """Return the statements that a diff changed, each as the set of its lines, in order.

    A compound statement counts with its header only. Decorators, docstrings, comments, blank lines, `else:` and moved
    lines belong to no statement.

    Raises:
        SyntaxError: this Python cannot parse the source.
    """
    lines = source.split(b"\n")
    found: dict[int, int] = {}
    changed, cut = file.changed, file.cut
    try:
        trees = list(_trees(lines, changed | cut))
    except SyntaxError:  # cannot be parsed in parts
        trees = [parse(source)]
    for first, last, node in chain.from_iterable(map(_spans, trees)):
        span = (2 << last) - (1 << first)
        if not span & (changed | cut):
            continue
        code = span & ~_noise(lines, first, last, node) if first < last else span
        # Lines removed after any but the last line of a statement belonged to it.
        inside = (1 << code.bit_length() - 1) - (1 << first)
        if code & changed or inside & cut:
            found[first] = found.get(first, 0) | code
    return tuple(found[first] for first in sorted(found))


def _trees(lines: list[bytes], changed: int) -> Iterator[ast.Module]:
    """Parse each top-level definition with changed lines alone, at its line numbers."""
    starts = [number for number, line in enumerate(lines) if line.startswith(_DEFINES)]
    for start, end in pairwise([0, *starts, len(lines)]):
        if changed >> start + 1 & (1 << end - start) - 1:
            before = b"\n".join(lines[:start])
            if any(before.count(quotes) % 2 for quotes in _QUOTES):
                raise SyntaxError("a string that looks like a definition")
            # The first lines may declare the encoding.
            head = b"\n".join(line if b"coding" in line else b"" for line in lines[: min(2, start)])
            yield parse(head + b"\n" * (start - head.count(b"\n")) + b"\n".join(lines[start:end]))


def parse(source: bytes) -> ast.Module:
    """Return the syntax tree of Python source; SyntaxError if this Python cannot parse it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # warnings about the source are not ours to show
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, nested too deeply
        raise SyntaxError(str(error)) from None


def _spans(tree: ast.Module) -> Iterator[tuple[int, int, _Node]]:
    """Yield each statement with its first and last line; for a compound one, those of its header."""
    pending: list[_Node] = list(tree.body)
    while pending:
        node = pending.pop()
        inner: list[_Node] = [one for name in _inner(node._fields) for one in getattr(node, name)]
        pending += inner
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                continue  # a docstring or a bare string: no code
            case ast.match_case():
                first = node.pattern.lineno
            case _:
                first = node.lineno
        end: int | None = getattr(node, "end_lineno", None)
        last = max(first, _first(inner[0]) - 1) if inner else end or first
        yield first, last, node


@cache
def _inner(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in _INNER if name in fields)


def _first(node: _Node) -> int:
    if isinstance(node, ast.match_case):
        return node.pattern.lineno
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(one.lineno for one in decorators)])


def _noise(lines: list[bytes], first: int, last: int, node: _Node) -> int:
    """Return the blank lines and comments between two lines, except those inside strings."""
    texts = ((number, lines[number - 1].strip()) for number in range(first, min(last, len(lines)) + 1))
    noise = pack([number for number, text in texts if not text or text.startswith(b"#")])
    if noise:
        for part in ast.walk(node):
            if isinstance(part, ast.JoinedStr) or (
                isinstance(part, ast.Constant) and isinstance(part.value, str | bytes)
            ):
                noise &= ~from_ranges([(part.lineno, part.end_lineno or part.lineno)])
    return noise


def by_lines(file: FileDiff) -> tuple[int, ...]:
    """Return each changed line as one statement: for files other than Python."""
    return tuple(1 << line for line in unpack(file.changed))
