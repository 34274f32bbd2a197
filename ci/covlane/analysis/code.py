"""Python code by its parts: each function's body, and the module level, which is all that runs at import."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from covlane.analysis.statements import parse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: The name of the module level among the parts.
MODULE = ""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Part(NamedTuple):
    """A function's body: its code without places, comments and formatting, and its first and last line."""

    code: str
    first: int
    last: int


class Change(NamedTuple):
    """What differs between two texts of a file: the module level, and names of functions."""

    module: bool
    functions: frozenset[str]

    def __bool__(self) -> bool:
        return self.module or bool(self.functions)


EVERYTHING = Change(module=True, functions=frozenset())


def parts(text: str) -> dict[str, Part]:
    """Return a file's functions by qualified name, and its module level by "".

    A function inside of another belongs to that one. Decorators, defaults and annotations are of the module level, as
    they run where the function is defined. Of several functions of one name each has a number.

    Raises:
        SyntaxError: this Python cannot parse it.
    """
    tree = parse(text.encode("utf-8", "surrogatepass"))
    found: dict[str, Part] = {}
    for name, node in [*_functions(tree, "")]:
        while name in found:
            name += "'"  # noqa: PLW2901 - the name under which it is kept
        code = "\n".join(ast.dump(each) for each in node.body)
        found[name] = Part(code, node.body[0].lineno, node.end_lineno or node.lineno)
        node.body = []
    found[MODULE] = Part(ast.dump(tree), 0, 0)
    return found


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, _Function]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield prefix + child.name, child
        elif not isinstance(child, ast.expr):
            yield from _functions(
                child, f"{prefix}{child.name}." if isinstance(child, ast.ClassDef) else prefix
            )


def change(old: str | None, new: str | None) -> Change:
    """Return what differs between two texts of a file, of which either may be absent."""
    if old == new:
        return Change(module=False, functions=frozenset())
    if old is None or new is None:
        return EVERYTHING
    try:
        before, after = parts(old), parts(new)
    except SyntaxError:
        return EVERYTHING
    names = {name for name in before.keys() & after.keys() if before[name].code != after[name].code}
    return Change(before.keys() != after.keys() or MODULE in names, frozenset(names - {MODULE}))


def names_at(known: Mapping[str, Part], lines: list[int]) -> set[str]:
    """Return the functions in whose bodies some lines lie; what lies in none is of the module level."""
    ranges = sorted((part.first, part.last, name) for name, part in known.items() if name)
    found, place = set[str](), 0
    for line in sorted(lines):
        while place < len(ranges) and ranges[place][1] < line:
            place += 1
        inside = place < len(ranges) and ranges[place][0] <= line
        found.add(ranges[place][2] if inside else MODULE)
    return found
