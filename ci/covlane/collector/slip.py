"""The one module that reaches into SlipCover; each assumption has a test in tests/unit/collector/test_slip.py."""

from __future__ import annotations

import ast
import importlib.util
import re
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import slipcover
from slipcover import branch as _branch

from . import exclusion

if TYPE_CHECKING:
    import types
    from collections.abc import Sequence

#: The releases whose internals this module was written against.
KNOWN = ("1.1.0",)
VERSION: str = slipcover.__version__

Branch = tuple[int, int]
#: The last line that the number of a branch has room for, in SlipCover's marks and in the leg's record.
LAST_LINE = 0x7FFF

# SlipCover is imported before pytest looks for plugins, and its entry point makes pytest want to rewrite it.
# This is pytest's own word for "leave it", without which a project with `filterwarnings = error` cannot start.
slipcover.__doc__ = (slipcover.__doc__ or "") + "\nPYTEST_DONT_REWRITE"


class Compiled(NamedTuple):
    """Code with SlipCover's branch marks, and why it has none where it has none."""

    code: types.CodeType
    unmarked: Optional[str]


def compile_marked(source: bytes, filename: str, *, branch: bool) -> Compiled:
    """Compile a module as an import would, with a mark at each branch.

    Where SlipCover cannot mark a file (a capture pattern last in a `match`, a branch beyond line 32,767), its
    lines are measured and the reason is returned.

    Raises:
        SyntaxError, ValueError: Python itself refuses the source.
    """
    reason: Optional[str] = None
    if branch:
        try:
            tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
            if tree.body and (tree.body[-1].end_lineno or 0) > LAST_LINE:
                raise OverflowError(f"branches are marked up to line {LAST_LINE:,} alone")  # noqa: TRY301
            return Compiled(compile(_branch.preinstrument(tree), filename, "exec", dont_inherit=True), None)
        except Exception as error:  # noqa: BLE001 - whatever SlipCover cannot do, Python may
            reason = f"{type(error).__name__}: {error}"
    return Compiled(compile(source, filename, "exec", dont_inherit=True), reason)


def mark(tree: ast.Module) -> None:
    """Put SlipCover's branch marks into a tree that somebody else compiles."""
    _branch.preinstrument(tree)


class Executable(NamedTuple):
    """The lines and branches of a file that can run, and why its branches are unknown where they are.

    `anchors` maps the first line of a statement, from which SlipCover's branches leave, to the first of its lines
    that can run, where that is another.
    """

    lines: set[int]
    branches: set[Branch]
    unmarked: Optional[str]
    anchors: dict[int, int]

    def anchored(self, branches: set[Branch]) -> set[Branch]:
        """Return branches with each leaving a line that can run."""
        return {(self.anchors.get(line, line), target) for line, target in branches}


class Reader:
    """Works out what is executable, the same way for every file."""

    def __init__(self, *, branch: bool, exclude: Sequence[str]) -> None:
        self._branch = branch
        self._exclude = [re.compile(pattern) for pattern in exclude]

    def executable(self, source: bytes, filename: str) -> Executable:
        """Return a file's executable lines and branches, without those that are excluded.

        Raises:
            SyntaxError, ValueError: Python refuses the source.
        """
        code, unmarked = compile_marked(source, filename, branch=self._branch)
        excluded, unbranched = exclusion.excluded(importlib.util.decode_source(source), self._exclude)
        lines = set(slipcover.Slipcover.lines_from_code(code)) - excluded - {0}
        if lines == {1} and not ast.parse(source).body:
            lines.clear()  # up to Python 3.10 a file without a statement has code on its first line
        branches: set[Branch] = set()
        anchors: dict[int, int] = {}
        if self._branch and unmarked is None:
            found = {
                pair
                for pair in slipcover.Slipcover.branches_from_code(code)
                if pair[1] not in excluded and pair[0] not in unbranched
            }
            anchors = _anchors(source, {pair[0] for pair in found} - lines - excluded, lines)
            # `while True:` has a mark although, on some Pythons, no code of its own: that is no branch.
            branches = {pair for pair in found if pair[0] in lines or pair[0] in anchors}
        able = Executable(lines, branches, unmarked, anchors)
        return able._replace(branches=able.anchored(branches))


def _anchors(source: bytes, strays: set[int], lines: set[int]) -> dict[int, int]:
    """Return, for statements whose first line cannot run, the first one of their heads that can.

    From Python 3.12 on `if (` with the condition on the lines below has no code of its own.
    """
    found: dict[int, int] = {}
    for node in ast.walk(ast.parse(source)) if strays else ():
        first = getattr(node, "lineno", None)
        if first in strays and isinstance(node, ast.stmt):
            body = getattr(node, "body", None) or [case.pattern for case in getattr(node, "cases", ())]
            head = range(first, body[0].lineno if body else first)
            found.update((first, line) for line in head if line in lines and first not in found)
    return found
