"""SlipCover itself in `finish`: its JSON says what of each file could run, and what of that ran."""

from __future__ import annotations

import importlib.util
import json
import os
from typing import TYPE_CHECKING, Any

from ..instrument import exclusion
from ..instrument.marks import compile_marked
from ..instrument.sources import read
from .engine import Counted, digest_of
from .executable import of_code
from .slipcover_cli import REMEDY
from .worker_pool import WorkerPool

if TYPE_CHECKING:
    from ..leg.plan import Plan
    from ..leg.record import Item


def ahead(_plan: Plan) -> WorkerPool:
    """Begin nothing: SlipCover keeps nothing of a file."""
    return WorkerPool(0, lambda _number, _count: None)


class Reader:
    """What SlipCover's JSON says of each file."""

    name = "slipcover"

    def __init__(
        self, plan: Plan, paths: list[str], _ran: dict[str, set[Item]], _before: object = None
    ) -> None:
        self.version = self.model = self.recorder = ""
        #: A sentence for each thing that is not in its report.
        self.lost: list[str] = []
        self._branch, self._root = plan.branch, plan.root
        self._patterns = exclusion.compiled(plan.exclude, plan.partial)
        self._files: dict[str, Any] = {}
        try:
            with open(plan.slipcovers, encoding="utf-8") as file:
                report = json.load(file)
            self.version = report["meta"]["version"]
            self.model = self.recorder = f"SlipCover {self.version}"
            self._take(plan.root, set(paths), report["files"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            self.lost.append(
                f"SlipCover left no report that can be read ({type(error).__name__}: {error}); "
                f"its output says why, or {REMEDY}"
            )

    def _take(self, root: str, paths: set[str], files: dict[str, Any]) -> None:
        for name, entry in files.items():
            path = os.path.realpath(os.path.join(root, name))
            if path in paths and path not in self._files:
                self._files[path] = entry
            elif path in paths or not os.path.exists(path):
                self.lost.append(f"SlipCover names a file {name!r} that is another's, or none; {REMEDY}")

    def count(self, path: str) -> Counted:
        """Return the counts of a file; OSError, SyntaxError or ValueError where it cannot be read or compiled."""
        content = read(path)
        code, unmarked, _ = compile_marked(content, path, branch=self._branch)
        code_lines = of_code(code, unmarked, content)
        text = importlib.util.decode_source(content)
        out = exclusion.excluded(text, self._patterns, code_lines.lines).lines | {0}
        if not self.version:  # the leg is incomplete: nothing is known to have run
            return Counted(digest_of(content), code_lines.lines - out, set(), set(), set())
        if path not in self._files:
            name = os.path.relpath(path, os.path.realpath(self._root))
            self.lost.append(f"SlipCover's report leaves out {name}; {REMEDY}")
            raise ValueError("SlipCover's report leaves it out")
        entry = self._files[path]
        executed = set(entry["executed_lines"]) - out
        taken = _branches(entry, "executed_branches", out)
        branches = taken | _branches(entry, "missing_branches", out)
        if code_lines.branches and not branches:
            unmarked = unmarked or "SlipCover put no marks into its branches"
        lines = executed | (set(entry["missing_lines"]) - out)
        return Counted(digest_of(content), lines, executed, branches, taken, unmarked)


def _branches(entry: dict[str, Any], key: str, out: set[int]) -> set[tuple[int, int]]:
    return {(line, target) for line, target in entry.get(key, ()) if line not in out}
