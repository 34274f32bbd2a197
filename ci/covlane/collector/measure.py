"""Measurement of one process: instrument what it imports, and write down what ran at its end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any, NoReturn, Optional

from . import fragments
from .slip import Recorder, compile_marked
from .sources import Sources

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from .plan import Plan

#: Seconds between two checkpoints, so that a killed process loses no more than that.
CHECKPOINT = 5.0


class Measurement:
    """This process's part of the leg."""

    def __init__(self, plan: Plan) -> None:
        self.sources = Sources(plan.root, plan.source, plan.omit)
        self.branch = plan.branch
        self.pytest: Optional[dict[str, Any]] = None
        self._folder = plan.folder
        self._recorder = Recorder(branch=plan.branch)
        self.unmarked: dict[str, str] = {}
        self._path = fragments.path_for(plan.folder)
        self._argv = fragments.command_line()
        self._next = time.monotonic() + CHECKPOINT
        self._pid = os.getpid()

    def start(self) -> None:
        """Instrument what is imported from now on, and see to every way in which the process can end."""
        self._write(ended=False)
        _hook_imports(self)
        atexit.register(self.end)
        os._exit = _ending(self, os._exit)  # type: ignore[assignment]
        if hasattr(os, "register_at_fork"):
            # A fork while another thread holds SlipCover's lock would leave the child waiting for ever.
            lock = self._recorder.lock
            os.register_at_fork(
                before=lock.acquire, after_in_parent=lock.release, after_in_child=self._forked
            )
        if threading.current_thread() is threading.main_thread():
            _end_on_sigterm(self)

    def instrument(self, code: types.CodeType, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return the code of a measured file, instrumented."""
        return self._recorder.watch(code, module)

    def compile(self, source: bytes, filename: str) -> types.CodeType:
        """Compile a measured file as its import would, remembering why its branches are not measured."""
        code, unmarked = compile_marked(source, filename, branch=self.branch)
        if unmarked:
            self.unmarked[filename] = unmarked
        return code

    def checkpoint(self) -> None:
        """Write what was seen so far, if it is time."""
        now = time.monotonic()
        if now >= self._next:
            self._write(ended=False)
            # However large the report, no more than one part in fifty of the time goes here.
            self._next = time.monotonic() + max(CHECKPOINT, 50 * (time.monotonic() - now))

    def end(self) -> None:
        """Write what was seen; the process ends now."""
        if self._pid == os.getpid():
            self._write(ended=True)

    def _forked(self) -> None:
        self._recorder.lock.release()
        self._recorder.forget()
        self._pid = os.getpid()
        self._path = fragments.path_for(self._folder)
        self.pytest = None

    def _write(self, *, ended: bool) -> None:
        files: dict[str, list[list[Any]]] = {}
        for filename, items in self._recorder.seen().items():
            real = self.sources.real(filename)
            if real is not None:
                lines, branches = files.setdefault(real, [[], []])
                lines += sorted({item for item in items if isinstance(item, int)})
                branches += sorted(item for item in items if isinstance(item, tuple))
        fragment = fragments.Fragment(self._pid, self._argv, ended, files, self.unmarked, self.pytest)
        try:
            fragments.write(self._path, fragment)
        except OSError as error:
            sys.stderr.write(
                f"covlane: {self._path} cannot be written: {error.strerror}; this leg is incomplete\n"
            )


def _hook_imports(measurement: Measurement) -> None:
    """Make Python's own loader of source files instrument the measured ones.

    The loader stays what it is, with every attribute: only where it would fetch code does it answer with code
    that is instrumented. Imports, `python -m`, runpy, finders of editable installs and
    `spec_from_file_location` all come through here.
    """
    original = SourceFileLoader.get_code
    plain = SourceFileLoader.source_to_code

    def get_code(self: SourceFileLoader, fullname: str) -> Optional[types.CodeType]:
        path = self.get_filename(fullname)
        if measurement.sources.real(path) is None:
            return original(self, fullname)
        source = self.get_data(path)
        if type(self).source_to_code is plain:
            code = measurement.compile(source, path)
        else:  # a loader that changes what it loads: its lines are measured as it made them
            code = self.source_to_code(source, path)
        return measurement.instrument(code, sys.modules.get(fullname))

    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


def _ending(measurement: Measurement, original: Callable[[int], NoReturn]) -> Callable[[int], NoReturn]:
    def _exit(status: int) -> NoReturn:
        measurement.end()
        original(status)

    return _exit


def _end_on_sigterm(measurement: Measurement) -> None:
    """Write the fragment before a SIGTERM that nobody else handles ends the process, by that signal."""
    if not hasattr(signal, "SIGTERM") or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        return

    def handler(_number: int, _frame: object) -> None:
        measurement.end()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGTERM, handler)
