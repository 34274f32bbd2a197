"""coverage.py as the engine: for interpreters and suites that SlipCover cannot serve."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types

    from ..instrument.sources import Sources
    from ..leg.fragments import Fragment
    from ..leg.guard import Guard
    from ..leg.plan import Plan

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

REPLACED = (
    "the suite called sys.settrace, and what ran until coverage.py's function was back was not measured: "
    'set engine = "slipcover"'
)


class Engine:
    """coverage.py in one process, from its first line on; scripts, `exec` and `runpy` need no hook of ours."""

    keeps = True
    spawns = True
    reads_early = False
    contexts = None

    def __init__(self, plan: Plan, sources: Sources, fragment: Fragment, lock: Guard) -> None:
        self._sources, self._fragment, self._lock = sources, fragment, lock
        fragment.keep()
        self._branch = plan.branch
        self._last: dict[str, list[Any]] | None = None
        self._said: set[str] = set()
        real = (
            os.path.realpath(os.path.join(plan.root, name)) for name in [*plan.source, plan.selfcheck_folder]
        )
        # It takes folders; what else lies in the one of a single file is left out of what is said.
        self._source = [path if os.path.isdir(path) else os.path.dirname(path) for path in real]

    def start(self) -> None:
        """Trace what runs from now on."""
        self._coverage: Any = quiet_coverage(branch=self._branch, source=self._source)
        self._coverage.start()
        atexit.register(self._keep_last)
        self._name_rivals()

    def _name_rivals(self) -> None:
        """Say where the suite starts another coverage.py, or a trace function of its own in the place of this one's."""
        others = importlib.import_module("coverage").Coverage
        start, settrace = others.start, sys.settrace

        @functools.wraps(start)
        def start_other(other: Any) -> Any:
            self._lose(PAUSED)
            return start(other)

        @functools.wraps(settrace)
        def set_other(function: Any) -> None:
            # coverage.py's own, or one of its own that somebody puts back, as threading does in each thread.
            caller = _caller()
            if caller is None and function is None:
                # PyPy itself, when the program has ended: what is registered for the exit is still to run.
                return
            homes = caller, getattr(function, "__module__", None), type(function).__module__
            if not _monitors() and not any(str(home).partition(".")[0] == "coverage" for home in homes):
                self._lose(REPLACED)
            settrace(function)

        others.start, sys.settrace = start_other, set_other

    def _lose(self, why: str) -> None:
        if why not in self._said:
            self._said.add(why)
            with contextlib.suppress(OSError):
                self._fragment.add(lost=why)

    def flush(self) -> None:
        """Say the lines that ran, or with branches the arcs, of which coverage.py makes its lines."""
        if hasattr(self, "_coverage"):
            self._fragment.add(files=self._ran() if self._last is None else self._last)

    def _keep_last(self) -> None:
        """Take what ran before coverage.py's own exit: that empties its data, and then it takes one file for another."""
        # A handler of SIGTERM that reads the data meanwhile would find half a database.
        with self._lock:
            self._last = self._ran()

    def _ran(self) -> dict[str, list[Any]]:
        data = self._coverage.get_data()
        read = data.arcs if data.has_arcs() else data.lines
        ran = {self._sources.real(name): sorted(read(name) or ()) for name in data.measured_files()}
        return {name: items for name, items in ran.items() if name}

    def forget(self) -> None:
        """Begin anew in a forked child.

        Tracing goes on as it was: another start would not see the frames that run already, the one that forks first.
        """
        self._coverage.get_data().erase()


def quiet_coverage(**options: Any) -> Any:
    """Return a Coverage that reads no configuration, writes no file and says nothing."""
    made = importlib.import_module("coverage").Coverage(data_file=None, config_file=False, **options)
    made.set_option("run:disable_warnings", QUIET)
    return made


def _caller() -> str | None:
    """Return the name of the module that called the caller of this, None where it was called from no Python code."""
    frame: types.FrameType | None = sys._getframe()
    for _ in range(2):
        frame = frame.f_back if frame else None
    return frame.f_globals.get("__name__") if frame else None


def _monitors() -> bool:
    """Say whether coverage.py measures by sys.monitoring, which no trace function disturbs."""
    monitoring = getattr(sys, "monitoring", None)
    return monitoring is not None and monitoring.get_tool(monitoring.COVERAGE_ID) == "coverage.py"
