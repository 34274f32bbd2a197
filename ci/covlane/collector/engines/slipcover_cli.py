"""SlipCover itself as the engine: the leg is the command of its manual, and this watches what it loses."""

from __future__ import annotations

import atexit
import contextlib
import os
import shlex
import sys
import types
from typing import TYPE_CHECKING, Any

from ..leg.fragments import command_line, current_test
from ..leg.processes import WORKER, by

if TYPE_CHECKING:
    from ..instrument.sources import Sources
    from ..leg.fragments import Fragment
    from ..leg.guard import Guard
    from ..leg.plan import Plan

REMEDY = 'measure with engine = "slipcover"'


def command(plan: Plan) -> list[str]:
    """Return the options of the interpreter that have it run SlipCover's command, up to the options of pytest.

    SlipCover takes folders only. What the environment installs below one is no source; all else that is not measured
    is left out of its report afterwards.
    """
    os.makedirs(plan.selfcheck_folder, exist_ok=True)
    names = [plan.selfcheck_folder, *plan.source] if plan.canary else plan.source
    paths = [os.path.join(plan.root, name) for name in names]
    source = dict.fromkeys(path if os.path.isdir(path) else os.path.dirname(path) for path in paths)
    branch = ["--branch"] * plan.branch
    # The gate of a [tool.slipcover] table would hide pytest's exit code.
    options = ["--source", ",".join(source), "--omit", "*/site-packages/*", "--fail-under", "0"]
    return ["-m", "slipcover", *branch, *options, "--json", "--out", plan.slipcovers, "-m", "pytest"]


class Engine:
    """One process of the leg: it measures nothing, and names what runs of the sources where SlipCover does not."""

    keeps = False
    spawns = False
    reads_early = True
    contexts = None

    def __init__(self, _plan: Plan, sources: Sources, fragment: Fragment, _lock: Guard) -> None:
        self._sources, self._fragment = sources, fragment
        self._lost: set[str] = set()
        self._forked = False

    def start(self) -> None:
        """Look at each file's code as it starts: SlipCover has instrumented it by then, or does not measure it."""
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event not in ("exec", "cpython.run_file"):
            return
        with contextlib.suppress(Exception):  # what is raised here is raised in the suite
            code = arguments[0]
            if isinstance(code, str):
                self._meet(code)
            elif isinstance(code, types.CodeType) and not _instrumented(code):
                self._meet(code.co_filename)

    def _meet(self, filename: str) -> None:
        if not (real := self._sources.real(filename)):
            return
        name = self._sources.name(real)
        if "slipcover" in sys.modules:
            self._lose(f"SlipCover did not measure all of {name}, which was run without its import hook")
        elif WORKER in sys.orig_argv:
            self._lose(
                f"SlipCover did not measure {name} in a worker of pytest-xdist that has no plugin of its own"
            )
        else:
            started = f"{shlex.join(command_line())}{by(current_test())}"
            self._lose(
                f"SlipCover measures no Python that the suite starts, and this one ran {name}: {started}"
            )

    def flush(self) -> None:
        """Name a forked child whose end SlipCover does not see; any other has been handed over, or is named."""
        if self._forked and WORKER in sys.orig_argv:
            self._lose("SlipCover loses what a worker of pytest-xdist forks")
        elif self._forked and not _fork_globals().get("output_tmpfile"):
            self._lose("SlipCover did not see a fork, and what the child ran is lost" + by(current_test()))

    def forget(self) -> None:
        """Watch a forked child: what it ran is in SlipCover's report if `os._exit` is its end."""
        if not self._forked and "slipcover" in sys.modules:
            self._forked = True
            # A killed child hands nothing over.
            self._fragment.keep()
            atexit.register(self._end_in_child)

    def _end_in_child(self) -> None:
        how = "does not end by os._exit" + by(current_test())
        self._lose(f"SlipCover loses what a forked child ran that {how}")

    def _lose(self, why: str) -> None:
        if why not in self._lost:
            self._lost.add(why)
            with contextlib.suppress(OSError):
                self._fragment.add(lost=f"{why}; {REMEDY}")


def _fork_globals() -> dict[str, Any]:
    """Return the variables of SlipCover's command in the process that runs it, which wraps os.fork; none elsewhere."""
    return getattr(getattr(os, "fork", None), "__globals__", {})


def _instrumented(code: types.CodeType) -> bool:
    if sys.version_info < (3, 12):
        return "__slipcover__" in code.co_consts
    tool = sys.monitoring.COVERAGE_ID
    return sys.monitoring.get_tool(tool) == "SlipCover" and bool(sys.monitoring.get_local_events(tool, code))
