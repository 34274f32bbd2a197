"""coverage.py as the engine: for interpreters and suites that SlipCover cannot serve."""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import os
from typing import TYPE_CHECKING, Any

from .engine import Counted

if TYPE_CHECKING:
    from .fragments import Fragment
    from .plan import Plan
    from .record import Item
    from .sources import Sources
    from .termination import Guard

#: What coverage.py would say of a process is said by the leg's report, or is none of the suite's business.
QUIET = [
    "already-imported",
    "couldnt-parse",
    "dynamic-conflict",
    "include-ignored",
    "module-not-imported",
    "module-not-measured",
    "module-not-python",
    "no-ctracer",
    "no-data-collected",
    "no-sysmon",
    "trace-changed",
]

#: One coverage.py traces at a time: where the suite starts another, this one waits until that one stops.
PAUSED = (
    "coverage.py was started by the suite itself, and what ran meanwhile was not measured: "
    'give pytest --no-cov, or set engine = "slipcover"'
)


class Engine:
    """coverage.py in one process, from its first line on; scripts, `exec` and `runpy` need no hook of ours."""

    keeps = True

    def __init__(self, plan: Plan, sources: Sources, fragment: Fragment, _lock: Guard) -> None:
        self._sources, self._fragment = sources, fragment
        self._branch = plan.branch
        real = (os.path.realpath(os.path.join(plan.root, name)) for name in plan.source)
        # It takes folders; what else lies in the one of a single file is left out of what is said.
        self._source = [path if os.path.isdir(path) else os.path.dirname(path) for path in real]

    def start(self) -> None:
        """Trace what runs from now on."""
        self._coverage: Any = _coverage(branch=self._branch, source=self._source)
        self._coverage.start()
        others = importlib.import_module("coverage").Coverage
        start = others.start

        @functools.wraps(start)
        def start_other(other: Any) -> Any:
            with contextlib.suppress(OSError):
                self._fragment.add(lost=PAUSED)
            return start(other)

        others.start = start_other

    def flush(self) -> None:
        """Say the lines that ran, or with branches the arcs, of which coverage.py makes its lines."""
        if not hasattr(self, "_coverage"):
            return
        data = self._coverage.get_data()
        read = data.arcs if data.has_arcs() else data.lines
        ran = {self._sources.real(name): sorted(read(name) or ()) for name in data.measured_files()}
        self._fragment.add(files={name: items for name, items in ran.items() if name})

    def forget(self) -> None:
        """Begin anew in a forked child.

        Tracing goes on as it was: another start would not see the frames that run already, the one that forks first.
        """
        self._coverage.get_data().erase()


class Reader:
    """What of each file could run and did, by coverage.py's own JSON report."""

    name = "coverage"

    def __init__(self, plan: Plan, paths: list[str], seen: dict[str, set[Item]]) -> None:
        self.version: str = importlib.import_module("coverage").__version__
        coverage = _coverage(branch=plan.branch)
        coverage.set_option("report:exclude_lines", plan.exclude)
        data = coverage.get_data()
        if plan.branch:
            data.add_arcs(seen)
        else:
            data.add_lines(seen)
        data.touch_files(paths)
        out = os.path.join(plan.folder, "coverage.json")
        coverage.json_report(outfile=out, ignore_errors=True)
        with open(out, encoding="utf-8") as file:
            files = json.load(file)["files"]
        self._files = {os.path.realpath(name): entry for name, entry in files.items()}

    def count(self, path: str, content: bytes) -> Counted:
        """Return the counts of a file; SyntaxError or ValueError where Python refuses it."""
        compile(content, path, "exec", dont_inherit=True)
        entry = self._files[path]
        # Up to 7.13 what is excluded is among what ran.
        executed = set(entry["executed_lines"]) - set(entry["excluded_lines"])
        taken = _branches(entry, "executed_branches")
        return Counted(
            executed | set(entry["missing_lines"]),
            executed,
            taken | _branches(entry, "missing_branches"),
            taken,
        )


def _coverage(**options: Any) -> Any:
    """Return a Coverage that reads no configuration, writes no file and says nothing."""
    made = importlib.import_module("coverage").Coverage(data_file=None, config_file=False, **options)
    made.set_option("run:disable_warnings", QUIET)
    return made


def _branches(entry: dict[str, Any], key: str) -> set[tuple[int, int]]:
    """Return branches in SlipCover's form: 0 is the way out, which coverage.py writes as a negative number."""
    return {(line, max(target, 0)) for line, target in entry.get(key, ())}
