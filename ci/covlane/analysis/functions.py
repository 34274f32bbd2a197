"""Uncovered code by the function that it is in."""

from __future__ import annotations

import ast
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from covlane.analysis.statements import parse
from covlane.model.lines import from_ranges, ranges
from covlane.model.target import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.analysis.priority import Uncovered
    from covlane.model.report import Branch

#: A function or class.
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


class Function(NamedTuple):
    """A function or class: its qualified name, and the set of its lines with decorators."""

    name: str
    lines: int


def functions(source: bytes) -> list[Function]:
    """Return the functions and classes of Python source, outer ones before those inside of them.

    Raises:
        SyntaxError: this Python cannot parse the source.
    """
    return list(_functions(parse(source)))


def _functions(tree: ast.Module) -> Iterator[Function]:
    pending: list[tuple[str, ast.AST]] = [("", tree)]
    while pending:
        prefix, node = pending.pop()
        if isinstance(node, _Definition):
            first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
            yield Function(prefix + node.name, from_ranges([(first, node.end_lineno or node.lineno)]))
            prefix += f"{node.name}."
        if not isinstance(node, ast.expr):
            pending += [(prefix, child) for child in ast.iter_child_nodes(node)]


def places(found: Uncovered, known: list[Function] | None, executed: int) -> tuple[Place, ...]:
    """Return uncovered code by its innermost function, that with most missing lines first.

    Args:
        found: the code.
        known: the functions of the file, as `functions` returns them; None if not known.
        executed: the lines of the file that ran.
    """
    left, jumps = found.lines, list(found.branches)
    by_name: dict[str | None, tuple[int, list[Branch]]] = defaultdict(lambda: (0, []))

    def put(name: str | None, within: int) -> None:
        nonlocal left, jumps
        own = [jump for jump in jumps if within >> jump[0] & 1]
        if left & within or own:
            lines, branches = by_name[name]
            by_name[name] = (lines | left & within, branches + own)
            left, jumps = left & ~within, [jump for jump in jumps if not within >> jump[0] & 1]

    for function in reversed(known or []):
        put(function.name, function.lines)
    put("" if known is not None else None, -1)
    ordered = sorted(
        by_name.items(),
        key=lambda item: (-item[1][0].bit_count(), -len(item[1][1]), _first(item[1][0], item[1][1])),
    )
    return tuple(
        # A line of another function ends a range as one that ran does.
        Place(
            function=name,
            lines=tuple(ranges(lines, executed | found.lines & ~lines)),
            branches=tuple(sorted(branches)),
        )
        for name, (lines, branches) in ordered
    )


def _first(lines: int, branches: list[Branch]) -> int:
    return (lines & -lines).bit_length() - 1 if lines else min(branches)[0]
