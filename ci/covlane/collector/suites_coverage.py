"""coverage.py of the suite's own, in a process that SlipCover's marks are in: it is told what it would see without.

From Python 3.12 on a branch mark is a line of its own to every tracer, with a number beyond a thousand million. coverage.py
keeps lines as a bit for each number up to the highest: 128 MB a file, which take it minutes to read.
"""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Any

from .marks import LAST_LINE
from .record import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from .slipcover_engine import Engine

#: coverage.py's C tracer packs the two lines of an arc into 28 bits each; what a mark has above is added to the other.
EXCESS = MARK >> 28


def hook(engine: Engine) -> None:
    """Keep branch marks out of the data of any coverage.py in this process."""
    data: Any = sys.modules["coverage.sqldata"].CoverageData
    add_lines, add_arcs = data.add_lines, data.add_arcs

    def is_marked(name: str) -> bool:
        return engine.branch and engine.sources.real(name) is not None and name not in engine.unmarked

    @functools.wraps(add_lines)
    def lines(self: Any, told: Mapping[str, Iterable[int]], *rest: Any, **named: Any) -> Any:
        # On Python 3.11 a mark is line 0.
        plain = {name: [line for line in numbers if 0 < line < MARK] for name, numbers in told.items()}
        return add_lines(self, plain, *rest, **named)

    @functools.wraps(add_arcs)
    def arcs(self: Any, told: Mapping[str, Iterable[tuple[int, int]]], *rest: Any, **named: Any) -> Any:
        plain = {name: set(_plain(pairs)) if is_marked(name) else pairs for name, pairs in told.items()}
        return add_arcs(self, plain, *rest, **named)

    data.add_lines, data.add_arcs = lines, arcs


def _plain(arcs: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield a file's arcs without the marks between two lines; the way out of a function is a negative number."""
    for begin, end in arcs:
        if abs(end) > LAST_LINE:  # to a mark: the arc from there says the same
            continue
        if begin <= LAST_LINE:
            yield begin, end
        elif begin & MARK:
            yield begin >> 15 & LAST_LINE, end
        else:
            yield begin >> 15, end - EXCESS if end > 0 else end + EXCESS
