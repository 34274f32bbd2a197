"""What of a source can run: its lines and branches, without those that are excluded."""

from __future__ import annotations

import ast
import importlib.util
import sys
from typing import TYPE_CHECKING, NamedTuple

from ..instrument import exclusion
from ..instrument.marks import compile_marked
from ..leg.record import number
from .slipcover_compat import code_lines, numbers

if TYPE_CHECKING:
    import types
    from collections.abc import Sequence

    from .slipcover_compat import Branch, CodeLines


def of_code(code: types.CodeType, unmarked: str | None, source: bytes) -> CodeLines:
    """Return what the code of a source has: SlipCover's lines, in one pass, and the branches of its marks."""
    found = numbers(code, source)
    if sys.version_info < (3, 12):
        from .probes.recorder import branches

        found.update(map(number, branches(code)))
    return code_lines(found, unmarked)


class Executable(NamedTuple):
    """The lines and branches of a file that can run, and why its branches are unknown where they are.

    `anchors` maps the first line of a statement, from which SlipCover's branches leave, to the first of its lines
    that can run, where that is another.
    """

    lines: set[int]
    branches: set[Branch]
    unmarked: str | None
    anchors: dict[int, int]


class Reader:
    """Works out what is executable, the same way for every file."""

    def __init__(self, *, branch: bool, exclude: Sequence[str], partial: Sequence[str] = ()) -> None:
        self._branch = branch
        self._patterns = exclusion.compiled(exclude, partial)

    def executable(self, source: bytes, filename: str, known: CodeLines | None = None) -> Executable:
        """Return a file's executable lines and branches, without those that are excluded.

        `known` are the lines and branches of its code, if they have been computed.

        Raises:
            SyntaxError, ValueError: Python refuses the source.
        """
        if known is None:
            code, unmarked, _ = compile_marked(source, filename, branch=self._branch)
            known = of_code(code, unmarked, source)
        unmarked = known.unmarked
        excluded, unbranched = exclusion.excluded(
            importlib.util.decode_source(source), self._patterns, known.lines
        )
        lines = known.lines - excluded - {0}
        if lines == {1} and not ast.parse(source).body:
            lines.clear()  # up to Python 3.10 a file without a statement has code on its first line
        branches: set[Branch] = set()
        anchors: dict[int, int] = {}
        if self._branch and unmarked is None:
            found = {pair for pair in known.branches if pair[1] not in excluded and pair[0] not in unbranched}
            anchors = _anchors({pair[0] for pair in found} - lines - excluded, known.branches, lines)
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
