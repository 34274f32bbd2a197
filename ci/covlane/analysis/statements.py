"""Statements of Python source, as sets of lines: what a changed line is a part of."""

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

#: A statement, or what has statements without being one.
_Node = ast.stmt | ast.ExceptHandler | ast.match_case
#: What begins a definition, and what a string of several lines.
_DEFINES = (b"def ", b"class ", b"async def ", b"@")
_QUOTES = (b'"""', b"'''")
_INNER = ("body", "handlers", "orelse", "finalbody", "cases")


def touched(source: bytes, file: FileDiff) -> tuple[int, ...]:
    """Return the statements that a diff changed, each as the set of its lines, in order.

    A compound statement is its header. Decorators, docstrings, comments, blank lines and `else:` are part of none;
    neither are lines that moved.

    Raises:
        SyntaxError: this Python does not read the source.
    """
    lines = source.split(b"\n")
    found: dict[int, int] = {}
    changed, cut = file.changed, file.cut
    try:
        trees = list(_trees(lines, changed | cut))
    except SyntaxError:  # not to be read in parts
        trees = [_tree(source)]
    for first, last, node in chain.from_iterable(map(_spans, trees)):
        span = (2 << last) - (1 << first)
        if not span & (changed | cut):
            continue
        code = span & ~_noise(lines, first, last, node) if first < last else span
        # What was taken away after a line of a statement, but its last, was a part of it.
        inside = (1 << code.bit_length() - 1) - (1 << first)
        if code & changed or inside & cut:
            found[first] = found.get(first, 0) | code
    return tuple(found[first] for first in sorted(found))


def _trees(lines: list[bytes], changed: int) -> Iterator[ast.Module]:
    """Parse the definitions at the margin that hold changed lines, each alone, in its place."""
    starts = [number for number, line in enumerate(lines) if line.startswith(_DEFINES)]
    for start, end in pairwise([0, *starts, len(lines)]):
        if changed >> start + 1 & (1 << end - start) - 1:
            before = b"\n".join(lines[:start])
            if any(before.count(quotes) % 2 for quotes in _QUOTES):
                raise SyntaxError("a string that looks like a definition")
            # The encoding is named in the first lines.
            head = b"\n".join(line if b"coding" in line else b"" for line in lines[: min(2, start)])
            yield _tree(head + b"\n" * (start - head.count(b"\n")) + b"\n".join(lines[start:end]))


def _tree(source: bytes) -> ast.Module:
    """Parse source; SyntaxError where this Python cannot."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it is not ours to say how the source should be written
            return ast.parse(source)
    except (ValueError, RecursionError, MemoryError) as error:  # NUL bytes, nested too deeply
        raise SyntaxError(str(error)) from None


def _spans(tree: ast.Module) -> Iterator[tuple[int, int, _Node]]:
    """Yield first and last line of each statement; of one with others inside, of what precedes the first of them."""
    pending: list[_Node] = list(tree.body)
    while pending:
        node = pending.pop()
        inner: list[_Node] = [one for name in _inner(node._fields) for one in getattr(node, name)]
        pending += inner
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                continue  # a docstring, or a string that stands alone: there is no code
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
    """Return the blank lines and comments between two lines, those inside of strings left out."""
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
    """Return each changed line as if it was a statement: for what is no Python."""
    return tuple(1 << line for line in unpack(file.changed))
