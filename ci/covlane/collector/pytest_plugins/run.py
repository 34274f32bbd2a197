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
    from collections.abc import Callable

    from ..process.measure import Measurement


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

    def end(code: int | None) -> int:
        if code is not None:
            if code in (0, 1):
                measurement.check_in_suite()
            with contextlib.suppress(BrokenPipeError):
                sys.stdout.flush()
                return int(code)
        # As pytest's own `console_main` does: whoever read our output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1

    return Prepared(pytest.main, [witness(measurement)], end)


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


def witness(measurement: Measurement) -> object:
    """Return the plugin that notes how the run went; it changes nothing."""
    import pytest

    class Witness:
        interrupted = stopped = run = ""

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
