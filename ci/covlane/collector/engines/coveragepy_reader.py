"""coverage.py in `finish`: its own JSON report says what of each file could run, and what of that ran."""

from __future__ import annotations

import importlib
import json
import os
from typing import TYPE_CHECKING, Any

from ..instrument.sources import read
from .coveragepy import quiet_coverage
from .engine import Counted, digest_of
from .worker_pool import WorkerPool

if TYPE_CHECKING:
    from ..leg.plan import Plan
    from ..leg.record import Item


def ahead(_plan: Plan) -> WorkerPool:
    """Begin nothing: coverage.py keeps nothing of a file."""
    return WorkerPool(0, lambda _number, _count: None)


class Reader:
    """What of each file could run and did, by coverage.py's own JSON report."""

    name = "coverage"

    def __init__(
        self, plan: Plan, paths: list[str], executed_items: dict[str, set[Item]], _before: object = None
    ) -> None:
        self.version: str = importlib.import_module("coverage").__version__
        self.model = self.recorder = f"coverage.py {self.version}"
        self.lost: list[str] = []
        coverage = quiet_coverage(branch=plan.branch)
        coverage.set_option("report:exclude_lines", plan.exclude)
        coverage.set_option("report:partial_branches", [*plan.partial])
        data = coverage.get_data()
        if plan.branch:
            data.add_arcs(executed_items)
        else:
            data.add_lines(executed_items)
        data.touch_files(paths)
        out = os.path.join(plan.folder, "coverage.json")
        coverage.json_report(outfile=out, ignore_errors=True)
        with open(out, encoding="utf-8") as file:
            files = json.load(file)["files"]
        self._files = {os.path.realpath(name): entry for name, entry in files.items()}

    def count(self, path: str) -> Counted:
        """Return the counts of a file; OSError, SyntaxError or ValueError where it cannot be read or compiled."""
        content = read(path)
        compile(content, path, "exec", dont_inherit=True)
        entry = self._files[path]
        # Up to 7.13 what is excluded is among what ran.
        executed = set(entry["executed_lines"]) - set(entry["excluded_lines"])
        taken = _branches(entry, "executed_branches")
        return Counted(
            digest_of(content),
            executed | set(entry["missing_lines"]),
            executed,
            taken | _branches(entry, "missing_branches"),
            taken,
        )


def _branches(entry: dict[str, Any], key: str) -> set[tuple[int, int]]:
    """Return branches in SlipCover's form: 0 is the way out, which coverage.py writes as a negative number."""
    return {(line, max(target, 0)) for line, target in entry.get(key, ())}
