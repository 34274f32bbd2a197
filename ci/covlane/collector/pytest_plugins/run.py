"""pytest in this process, as `python -m pytest` runs it, and a witness of how it went."""

from __future__ import annotations

import contextlib
import os
import sys
import types
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from ..selfcheck import run
from . import shard as shard_plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from ..process.measure import Measurement


#: Characters of what a suite says that are kept.
LONGEST = 300


class Prepared(NamedTuple):
    """pytest, to be called as `main(plugins=plugins)`, and what makes the exit code of that one's, or of None.

    None stands for a BrokenPipeError.
    """

    main: Callable[..., int]
    plugins: list[object]
    end: Callable[[int | None], int]


def prepare(measurement: Measurement, arguments: list[str]) -> Prepared:
    """Have this process look as `python -m pytest` does to pytest, and return that."""
    _become_pytest(arguments)
    import pytest

    observed = witness(measurement)

    def end(code: int | None) -> int:
        if code is not None:
            if code in (0, 1):
                measurement.check_in_suite()
            elif refusal := observed.refusal:
                measurement.lost(refusal)
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.flush()
                return int(code)
        # As pytest's own `console_main` does: whoever read our output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1

    return Prepared(pytest.main, [observed], end)


def _become_pytest(arguments: list[str]) -> None:
    """Leave sys.argv, sys.path and __main__ as `python -m pytest` leaves them."""
    safe = getattr(sys.flags, "safe_path", False)
    sys.path[:1] = [] if safe else [os.getcwd()]
    spec = find_spec("pytest.__main__")
    if spec is None or spec.origin is None:
        sys.exit("covlane: the leg's environment has no pytest\n  -> add it to `install` or `groups`")
    main_module = types.ModuleType("__main__")
    main_module.__spec__ = spec
    main_module.__file__ = spec.origin
    main_module.__package__ = "pytest"
    main_module.__loader__ = spec.loader
    sys.modules["__main__"] = main_module
    sys.argv[:] = [spec.origin, *arguments]


def _refusal(error: BaseException) -> str:
    """Return why pytest refused to start: what a conftest raised, or what is wrong with its arguments."""
    path = getattr(error, "path", None)
    if path is None:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        said = next((line for line in lines if "error: " in line), lines[0] if lines else repr(error))
        return said.rpartition("error: ")[2][:LONGEST]
    # pytest 8 has `cause`, before that the triple of sys.exc_info.
    cause = getattr(error, "cause", None) or getattr(error, "excinfo", (None, error))[1]
    name = os.path.basename(path)
    with contextlib.suppress(ValueError):  # on another drive
        name = os.path.relpath(path)
    return f"{name} cannot be imported: {type(cause).__name__}: {cause}"[:LONGEST]


def _note_refusal(measurement: Measurement, error: BaseException) -> str:
    """Return why pytest refused to start, and note it where pytest does not handle that, which ends this process."""
    import pytest
    from _pytest.config import ConftestImportFailure

    said = _refusal(error)
    if not isinstance(error, (pytest.UsageError, ConftestImportFailure, SystemExit)):
        measurement.lost(said)
    return said


def _error(text: str) -> str:
    """Return the exception in pytest's description of one."""
    lines = [line[1:].strip() for line in text.splitlines() if line.startswith("E  ")]
    named = [line for line in lines if line.partition(":")[0].replace(".", "").isidentifier()]
    return next(iter([*named[-1:], *lines[:1], text.strip().partition("\n")[0]]))[:LONGEST]


def witness(measurement: Measurement) -> Any:
    """Return the plugin that notes how the run went; it changes nothing."""
    import pytest

    class Witness:
        interrupted = stopped = run = ""
        #: Why the suite did not start.
        refusal = ""

        @pytest.hookimpl(hookwrapper=True)
        def pytest_cmdline_parse(self) -> Generator[None, Any, None]:
            outcome = yield
            if outcome.excinfo:
                self.refusal = _note_refusal(measurement, outcome.excinfo[1])

        def pytest_collectreport(self, report: Any) -> None:
            if report.failed and not self.refusal:
                self.refusal = f"{report.nodeid} cannot be imported: {_error(str(report.longrepr))}"

        def pytest_runtest_logfinish(self) -> None:
            measurement.checkpoint()

        def pytest_keyboard_interrupt(self, excinfo: Any) -> None:  # and pytest.exit, whose code may be 0
            self.interrupted = f"{excinfo.typename}: {excinfo.value}"

        def pytest_internalerror(self) -> None:
            # A worker's: pytest-xdist goes on, and what that had to run is lost.
            self.interrupted = "there was an internal error, which its output shows"

        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(self, session: Any) -> None:
            # pytest-xdist shuts down without a word to pytest where too many of its workers have crashed.
            workers = session.config.pluginmanager.get_plugin("dsession")
            crashed = getattr(workers, "_summary_report", None)
            self.stopped = str(session.shouldfail or session.shouldstop or self.interrupted or crashed or "")
            nodes = getattr(workers, "nodemanager", None)
            self.run = run() if workers is None else getattr(nodes, "testrunuid", "")

        @pytest.hookimpl(trylast=True)
        def pytest_unconfigure(self, config: Any) -> None:
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            stats = getattr(reporter, "stats", {})
            counts = {name: len(reports) for name, reports in stats.items() if name}
            measurement.pytest = {
                "version": pytest.__version__,
                "counts": counts,
                "stopped": self.stopped,
                "run": self.run,
                "durations": shard_plugin.durations(stats) if shard_plugin.asked(config) else {},
            }

    return Witness()
