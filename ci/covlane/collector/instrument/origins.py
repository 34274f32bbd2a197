"""Whether code that carries a measured file's name was compiled from that file.

Decorators and tools compile a function again from its source, changed or not, and make copies of code; others borrow
a file's name for tracebacks of code that they generate. The places that code carries tell these apart.
"""

from __future__ import annotations

import ast
import functools
import sys
import types
from typing import TYPE_CHECKING, NamedTuple

from ..leg.record import MARK
from .marks import collecting_warnings, paused_gc

if TYPE_CHECKING:
    from collections.abc import Iterator

    Place = tuple[int, int, int, int]


class Text(NamedTuple):
    """What is known of a file: its code objects, all places in it, and how far each of its rows is indented."""

    codes: list[types.CodeType]
    places: set[Place]
    indents: list[int]


def is_part(code: types.CodeType, source: bytes, name: str) -> bool:
    """Say whether code is a part of a source: each of its lines has places of the source, as they are or dedented.

    Tools add code of their own to a line: with places that they made up, and with names.

    Raises:
        SyntaxError, ValueError, RecursionError: Python refuses the source.
    """
    text = _read(source, name)
    akin = [own for own in text.codes if _is_akin(code, own)]
    if not 0 < code.co_firstlineno < len(text.indents) or not akin:
        return False
    if sys.version_info < (3, 11) and not any(_is_within(code, own) for own in akin):
        return False
    found = list(_places(code))
    lines = {line for line, *_ in found}
    for indent in {0, text.indents[code.co_firstlineno]}:
        known = {
            line
            for line, last, *columns in found
            if (line, last, *[c + indent for c in columns]) in text.places
        }
        if lines and known == lines:
            return True
    return False


def is_like_part(code: types.CodeType, source: bytes, name: str) -> bool:
    """Say whether code may have been compiled from a changed form of a source: a part of it is called so.

    Raises:
        SyntaxError, ValueError, RecursionError: Python refuses the source.
    """
    names = set(code.co_names)
    for own in _read(source, name).codes:
        if own.co_name == code.co_name and _arguments(own) == _arguments(code):
            theirs = set(own.co_names)
            # Many have the name <module> or <lambda>.
            if not code.co_name.startswith("<") or (
                (names and names <= theirs) or (theirs and theirs <= names)
            ):
                return True
    return False


def _is_akin(code: types.CodeType, own: types.CodeType) -> bool:
    """Say whether code may come from a part of a source: it is called like that, or has nothing that the part has not."""
    anonymous = code.co_name.startswith("<")
    if _arguments(code) != _arguments(own) or (anonymous and code.co_name != own.co_name):
        return False
    if code.co_name == own.co_name and not anonymous:
        return True
    return (
        set(code.co_names) <= set(own.co_names)
        and set(code.co_varnames) <= set(own.co_varnames)
        and _constants(code) <= _constants(own)
    )


def _is_within(code: types.CodeType, own: types.CodeType) -> bool:
    """Say whether code has no lines but those from the first to the last one of a part of a source."""
    first, last = rows(own)
    return min(first, own.co_firstlineno) <= rows(code)[0] <= rows(code)[1] <= last


def rows(code: types.CodeType) -> tuple[int, int]:
    """Return the first and the last line of code, without marks."""
    found = [line for each in _codes(code) for line in _numbers(each) if line < MARK]
    return min(found), max(found)


def is_marked(code: types.CodeType) -> bool:
    """Say whether code has branch marks (Python 3.12 on)."""
    return any(line >= MARK for each in _codes(code) for line in _numbers(each))


@functools.lru_cache(maxsize=8)
def _read(source: bytes, name: str) -> Text:
    with collecting_warnings(name), paused_gc():
        whole = compile(source, name, "exec", dont_inherit=True)
        places = set(_places(whole))
        for node in ast.walk(ast.parse(source, name)):
            if getattr(node, "end_lineno", None) is not None:
                places.add((node.lineno, node.end_lineno, node.col_offset, node.end_col_offset))  # type: ignore[attr-defined]
    indents = [len(row) - len(row.lstrip(b" \t")) for row in [b"", *source.split(b"\n")]]
    return Text(list(_codes(whole)), places, indents)


def _places(code: types.CodeType) -> Iterator[Place]:
    """Yield the places of code and the code in it; what starts it has none of its own."""
    for each in _codes(code):
        if sys.version_info < (3, 11):  # lines are all that there is
            yield from ((line, line, 0, 0) for line in _numbers(each))
            continue
        for line, last, column, end in each.co_positions():
            if line and last and column is not None and end and line < MARK:
                yield line, last, column, end


def _numbers(code: types.CodeType) -> Iterator[int]:
    return (line for *_, line in code.co_lines() if line)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _codes(const)


def _constants(code: types.CodeType) -> set[str]:
    return {repr(const) for const in code.co_consts if not isinstance(const, types.CodeType)}


def _arguments(code: types.CodeType) -> tuple[str, ...]:
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
