"""pytest in this process, as `python -m pytest` runs it, with the modules that it rewrites measured too."""

from __future__ import annotations

import importlib
import os
import sys
import types
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from .slip import mark

if TYPE_CHECKING:
    import ast

    from .measure import Measurement


def main(measurement: Measurement, arguments: list[str]) -> int:
    """Run pytest and return its exit code."""
    _become_pytest(arguments)
    import pytest

    _hook_rewriting(measurement)
    try:
        code = pytest.main(plugins=[_witness(measurement)])
        sys.stdout.flush()
    except BrokenPipeError:
        # As pytest's own console_main does: whoever read our output has gone.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return int(code)


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


def _hook_rewriting(measurement: Measurement) -> None:
    """Measure the files that pytest rewrites itself: plugins and conftests below the sources.

    pytest compiles these on its own and keeps the result in its cache; for measured files the cache is left
    alone in both directions, branches are marked before the rewriting, and the code is instrumented where it
    is about to run. Every name below exists in pytest 7.4 to 9.2; the arguments are taken by position.
    """
    rewrite: Any = importlib.import_module("_pytest.assertion.rewrite")
    rewrite_asserts, read_pyc, write_pyc = rewrite.rewrite_asserts, rewrite._read_pyc, rewrite._write_pyc
    real = measurement.sources.real

    def marked_rewrite(module: ast.Module, source: bytes, *rest: Any, **named: Any) -> Any:
        path = named.get("module_path") or (rest[0] if rest else None)
        if measurement.branch and path and real(path):
            measurement.compile(source, path)
            if path not in measurement.unmarked:
                mark(module)
        return rewrite_asserts(module, source, *rest, **named)

    def read(path: Any, *rest: Any, **named: Any) -> Any:
        return None if real(str(path)) else read_pyc(path, *rest, **named)

    def write(state: Any, code: types.CodeType, *rest: Any, **named: Any) -> Any:
        return False if real(code.co_filename) else write_pyc(state, code, *rest, **named)

    def execute(code: types.CodeType, namespace: dict[str, Any]) -> None:
        if real(code.co_filename):
            code = measurement.instrument(code, sys.modules.get(namespace["__name__"]))
        exec(code, namespace)  # noqa: S102 - in the place of pytest's own

    rewrite.rewrite_asserts, rewrite._read_pyc, rewrite._write_pyc = marked_rewrite, read, write
    rewrite.exec = execute


def _witness(measurement: Measurement) -> object:
    """Return the plugin that notes how the run went; it changes nothing."""
    import pytest

    class Witness:
        stopped = ""

        def pytest_runtest_logfinish(self) -> None:
            measurement.checkpoint()

        @pytest.hookimpl(trylast=True)
        def pytest_sessionfinish(self, session: Any) -> None:
            self.stopped = str(session.shouldfail or session.shouldstop or "")

        @pytest.hookimpl(trylast=True)
        def pytest_unconfigure(self, config: Any) -> None:
            reporter = config.pluginmanager.get_plugin("terminalreporter")
            stats = getattr(reporter, "stats", {})
            counts = {name: len(reports) for name, reports in stats.items() if name}
            measurement.pytest = {"version": pytest.__version__, "counts": counts, "stopped": self.stopped}

    return Witness()
