"""`isolation = "process"`: a pytest plugin that runs each test in a forked child, which tells what became of it.

It needs pytest and the standard library alone: `plugins.py` puts a copy of it where pytest and xdist's workers load it
by name. What a child shares with its parent is one file without a name: no pipe that a test's own children could keep
open, and room for reports of any size.
"""

from __future__ import annotations

import contextlib
import io
import marshal
import os
import signal
import sys
import tempfile
import time
import traceback
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from _pytest.runner import runtestprotocol
from _pytest.skipping import evaluate_xfail_marks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: In a leg the collector's, by which the child says its end. A test may leave something else in its place.
_exit = os._exit
#: Seconds that a child has after each word to end.
GRACE = 5.0
_PR_SET_PDEATHSIG = 1
_PLAIN: tuple[Any, ...] = (bool, int, float, complex, str, bytes)


def pytest_configure(config: Any) -> None:
    """Run tests in processes from now on; refuse where that cannot be."""
    if not hasattr(os, "fork"):
        raise pytest.UsageError(
            'isolation = "process" needs os.fork, which this system lacks: set it to "none"'
        )
    if getattr(config.option, "usepdb", False) or getattr(config.option, "trace", False):
        raise pytest.UsageError(
            '--pdb and --trace cannot follow a test into its process: set isolation = "none"'
        )
    # Last, and so before the protocols of other plugins.
    config.pluginmanager.register(Processes(config), "covlane_processes")


class Processes:
    """Runs each test in a child of this process.

    As under pytest-forked, a test's fixtures of every scope are set up and torn down in its child, and what wraps
    `pytest_runtest_protocol` runs here.
    """

    def __init__(self, config: Any) -> None:
        self._config = config
        self._told = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as the session
        self._end_with_parent = _parent_death_signal()
        #: In a child: its number, and whether a part of the test has been reported.
        self._child = 0
        self._parts = False

    def pytest_unconfigure(self) -> None:
        """Close what the children wrote to."""
        self._told.close()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> bool:
        """Run a test in a child, and report what that told, or how it ended."""
        hook, begin, parent = item.ihook, time.time(), os.getpid()
        hook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        try:
            call = _call(lambda: self._fork(item))
            if not call.excinfo and not call.result:
                with self._as_child(item, parent):
                    # Called here, a test has as much of the stack as without processes.
                    runtestprotocol(item)
            if not call.excinfo:
                child = call.result
                call = _call(lambda: _wait(child))
        finally:
            # The child itself, or a fork of the test's own that came back from it.
            if os.getpid() != parent:
                _exit(1)
        reports, trouble = self._hear(item, None if call.excinfo else call.result)
        if call.excinfo:  # pytest-timeout, in the middle of the wait; or no process could be had
            trouble = str(call.excinfo.value)
        if trouble is not None:
            reports.append(self._failure(item, reports, trouble, begin))
        for report in reports:
            hook.pytest_runtest_logreport(report=report)
        hook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _fork(self, item: Any) -> int:
        """Fork the child that runs a test; return its number, in the child 0."""
        if "tmp_path_factory" in getattr(item, "fixturenames", ()):
            item.config._tmp_path_factory.getbasetemp()  # each child would make, or empty, a folder of its own
        self._told.seek(0)
        self._told.truncate()
        _flush()
        return _fork_for(item)

    @contextlib.contextmanager
    def _as_child(self, item: Any, parent: int) -> Iterator[None]:
        """Tell each report of the test that runs meanwhile as it comes, and end."""
        self._child = os.getpid()
        self._end_with_parent()
        if os.getppid() != parent:
            _exit(1)
        _keep_from_others(self._config.hook.pytest_runtest_logreport, self)
        try:
            with self._telling_warnings():
                yield
            self._tell("end", None)
        except (KeyboardInterrupt, pytest.exit.Exception) as end:
            code = getattr(end, "returncode", None)
            self._tell("exit", (isinstance(end, KeyboardInterrupt), str(end), code))
            item.session._setupstate.teardown_exact(None)
        except BaseException:  # noqa: BLE001 - of a plugin; it would end a session
            self._tell("end", traceback.format_exc())
        _flush()
        _exit(0)

    def pytest_runtest_logreport(self, report: Any) -> None:
        """In a child, tell the report of a phase, or of a part of the test (subtests)."""
        if not self._child:
            return
        if type(report) is not pytest.TestReport:
            self._parts = True
        elif self._parts:
            # Here pytest fails a test for its parts, by what it counted in this process.
            self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        self._tell(
            "report", self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        )

    @contextlib.contextmanager
    def _telling_warnings(self) -> Iterator[None]:
        if not self._config.pluginmanager.hasplugin("warnings"):
            yield
            return
        with warnings.catch_warnings(record=True) as log:
            yield
        for each in log:
            kind = each.category
            told = (
                str(each.message),
                kind.__module__,
                kind.__qualname__,
                each.filename,
                each.lineno,
                each.line,
            )
            self._tell("warning", told)

    def _tell(self, kind: str, what: Any) -> None:
        if os.getpid() != self._child:
            return
        try:
            told = marshal.dumps((kind, what))
        except ValueError:
            told = marshal.dumps((kind, _plain(what)))
        self._told.write(told)

    def _hear(self, item: Any, status: int | None) -> tuple[list[Any], str | None]:
        """Return the reports that a child told, and what went wrong beside them; its exits are raised here."""
        self._told.seek(0)
        told, reports, hook = io.BytesIO(self._told.read()), [], self._config.hook
        trouble: str | None = f"{item.location[0]}:{(item.location[1] or 0) + 1}: {_in_words(status)}"
        with contextlib.suppress(EOFError):
            while True:
                kind, what = marshal.load(told)  # noqa: S302 - our own child's
                if kind == "report":
                    reports.append(hook.pytest_report_from_serializable(config=self._config, data=what))
                elif kind == "warning":
                    said = {"warning_message": _warning(what), "when": "runtest", "nodeid": item.nodeid}
                    item.ihook.pytest_warning_recorded.call_historic(kwargs={**said, "location": None})
                elif kind == "exit":
                    interrupted, message, code = what
                    raise KeyboardInterrupt if interrupted else pytest.exit.Exception(message, code)
                else:
                    trouble = what
        return reports, trouble

    def _failure(self, item: Any, reports: list[Any], trouble: str, begin: float) -> Any:
        """Return the report of a phase that did not come to its end."""
        phase: Any = "teardown" if reports else "setup"
        if reports and reports[-1].when == "setup" and reports[-1].passed:
            phase = "call"
        end, capture = time.time(), self._config.pluginmanager.getplugin("capturemanager")
        output = zip(("stdout", "stderr"), capture.read_global_capture() if capture else (), strict=False)
        keywords: Any = dict.fromkeys(item.keywords, 1)
        report = pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords=keywords,
            outcome="failed",
            longrepr=trouble,
            when=phase,
            sections=[(f"Captured {name} {phase}", text) for name, text in output if text],
            duration=end - begin,
            start=begin,
            stop=end,
            user_properties=item.user_properties,
        )
        expected = None if self._config.option.runxfail else evaluate_xfail_marks(item)
        if expected and expected.raises is None:
            report.outcome, report.wasxfail = "skipped", expected.reason
        return report


def _fork_for(item: Any) -> int:  # noqa: ARG001 - the collector names a child by it
    with warnings.catch_warnings():
        # That this process has threads, as a worker of xdist has.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _call(work: Callable[[], Any]) -> Any:
    """Return what became of a call, but for what ends the session."""
    return pytest.CallInfo.from_call(work, "call", reraise=(pytest.exit.Exception, KeyboardInterrupt))


def _wait(child: int) -> int | None:
    try:
        return os.waitpid(child, 0)[1]
    except ChildProcessError:  # SIGCHLD is ignored
        return None
    except BaseException as error:
        # Ctrl-C has reached the child as well, unless it was sent to this process alone.
        words = (0, signal.SIGTERM, signal.SIGKILL)
        _end(child, words[0 if isinstance(error, KeyboardInterrupt) else 1 :])
        raise


def _end(child: int, words: tuple[int, ...]) -> None:
    """Have a child end: wait after each signal, 0 being none. Ctrl-C goes on to the next."""
    for word in words:
        with contextlib.suppress(KeyboardInterrupt, ProcessLookupError):
            os.kill(child, word)
            until = time.monotonic() + GRACE
            while time.monotonic() < until:
                if os.waitpid(child, os.WNOHANG)[0]:
                    return
                time.sleep(0.01)


def _parent_death_signal() -> Callable[[], object]:
    """Return what has the process that calls it end with its parent, by SIGTERM, where the system can do that."""
    try:
        import ctypes

        prctl = ctypes.CDLL(None).prctl
    except (ImportError, OSError, AttributeError):
        return lambda: None
    return lambda: prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))


def _keep_from_others(hook: Any, plugin: object) -> None:
    """Let one plugin alone hear of a hook, in this process."""
    for other in hook.get_hookimpls():
        if other.plugin is not plugin:
            hook._remove_plugin(other.plugin)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


def _in_words(status: int | None) -> str:
    if status is None:
        return "the test's process ended, and nobody knows how"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name if number in list(signal.Signals) else "of no name"
        return f"the test's process was ended by signal {number} ({name})"
    return f"the test's process exited with status {os.WEXITSTATUS(status)} before the test ended"


def _plain(value: Any) -> Any:
    """Return a value as what marshal knows, which a plugin or a test may have put into a report."""
    if isinstance(value, dict):
        return {_plain(key): _plain(each) for key, each in value.items()}
    for kind in (list, tuple, set, frozenset):
        if isinstance(value, kind):
            return kind(map(_plain, value))
    if value is None or type(value) in _PLAIN:
        return value
    for kind in _PLAIN:
        if isinstance(value, kind):
            return kind(value)
    return str(value)


def _warning(told: tuple[str, str, str, str, int, str | None]) -> warnings.WarningMessage:
    """Return a warning again; a class that this process does not have is made anew."""
    text, module, name, filename, lineno, line = told
    category: Any = getattr(sys.modules.get(module), name, None)
    if not (isinstance(category, type) and issubclass(category, Warning)):
        category = type(name, (Warning,), {"__module__": module})
    message: Any = text
    with contextlib.suppress(Exception):
        if str(made := category(text)) == text:
            message = made
    return warnings.WarningMessage(message, category, filename, lineno, line=line)
