"""coverage.py of the suite's own, in a process that SlipCover's marks are in: it is told what it would see without.

From Python 3.12 on a branch mark is a line of its own to every tracer, with a number beyond a thousand million. coverage.py
keeps lines as a bit for each number up to the highest: 128 MB a file, which take it minutes to read.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from ..leg.record import MARK
from .marks import LAST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .instrumenter import Instrumenter

#: coverage.py's C tracer packs the two lines of an arc into 28 bits each; what a mark has above is added to the other.
EXCESS = MARK >> 28


def hook(engine: Instrumenter) -> None:
    """Keep branch marks out of the data of any coverage.py in this process."""
    data: Any = sys.modules["coverage.sqldata"].CoverageData
    add_lines, add_arcs = data.add_lines, data.add_arcs

    def is_marked(name: str) -> bool:
        return engine.branch and engine.sources.real(name) is not None and name not in engine.unmarked

    @functools.wraps(add_lines)
    def lines(self: Any, told: Mapping[str, Iterable[int]], *rest: Any, **named: Any) -> Any:
        plain = {name: [line for line in numbers if 0 < line < MARK] for name, numbers in told.items()}
        return add_lines(self, plain, *rest, **named)

    @functools.wraps(add_arcs)
    def arcs(self: Any, told: Mapping[str, Iterable[tuple[int, int]]], *rest: Any, **named: Any) -> Any:
        plain = {name: set(_plain(pairs)) if is_marked(name) else pairs for name, pairs in told.items()}
        return add_arcs(self, plain, *rest, **named)

    data.add_lines, data.add_arcs = lines, arcs


def _plain(arcs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield a file's arcs without the marks between two lines; the way out of a function is a negative number."""
    ways = [_unpacked(begin, end) for begin, end in arcs]
    #: From where control came to each mark: not always its own line, as that of a `match` is not that of its `case`.
    before: dict[int, list[int]] = {}
    for begin, end in ways:
        if end > LAST_LINE:
            before.setdefault(end, []).append(begin)
    for begin, end in ways:
        if end <= LAST_LINE:
            for line in _before(begin, before):
                yield line, end


def _before(line: int, before: Mapping[int, list[int]]) -> Iterator[int]:
    """Yield where control was on a line before it came to a mark, or the line itself where that is none."""
    if line <= LAST_LINE:
        yield line
    elif line in before:
        for each in before[line]:
            yield from _before(each, before)
    else:
        yield line >> 15 & LAST_LINE


def _unpacked(begin: int, end: int) -> tuple[int, int]:
    """Return an arc as it was before coverage.py's C tracer packed it."""
    if LAST_LINE < begin < MARK:
        begin, end = begin | MARK, end - EXCESS if end > 0 else end + EXCESS
    return begin, end | MARK if end > LAST_LINE else end
