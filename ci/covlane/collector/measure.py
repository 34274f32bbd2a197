"""Measurement of one process: what ran is written down while it runs and at its end."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Optional

from . import engine, fragments, hooks
from .sources import Sources

if TYPE_CHECKING:
    from .plan import Plan

#: Seconds between two checkpoints, so that a killed process loses no more than that.
CHECKPOINT = 5.0


class Measurement:
    """This process's part of the leg."""

    def __init__(self, plan: Plan) -> None:
        self.lock = threading.RLock()
        self.pytest: Optional[dict[str, Any]] = None
        #: The test that pytest has announced; pytest-forked forks before the test itself begins.
        self.running = ""
        self._sources = Sources(plan.root, plan.source, plan.omit)
        self._engine = engine.start(plan, self._sources, self.lock)
        self._folder = plan.folder
        self._next = time.monotonic() + CHECKPOINT
        self._begin()

    def start(self) -> None:
        """Measure what runs from now on, and see to every way in which the process can end."""
        # First its ends: a process that is killed before it is known has lost nothing that it measured.
        hooks.hook_ends(self)
        self._write(ended=False)
        self._engine.start()
        hooks.hook_forks(self)

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

    def forked(self) -> None:
        """Begin anew in a forked child, which reports only what it saw itself."""
        self.lock.release()
        self._engine.forget()
        self.pytest = None
        self._begin()
        # subprocess forks by way of Python only to run `preexec_fn`; another program follows at once.
        # Its frame is behind that of the hook.
        if sys._getframe(2).f_code.co_name != "_execute_child":
            self._write(ended=False)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._path = fragments.path_for(self._folder)
        self._argv = fragments.command_line()
        self._test = fragments.current_test() or self.running

    def _write(self, *, ended: bool) -> None:
        files: dict[str, list[list[Any]]] = {}
        for filename, items in self._engine.seen().items():
            real = self._sources.real(filename)
            if real is not None:
                lines, branches = files.setdefault(real, [[], []])
                lines += sorted({item for item in items if isinstance(item, int)})
                branches += sorted(item for item in items if isinstance(item, tuple))
        unmarked = {self._sources.real(name) or name: why for name, why in self._engine.unmarked.items()}
        fragment = fragments.Fragment(self._pid, self._argv, self._test, ended, files, unmarked, self.pytest)
        try:
            fragments.write(self._path, fragment)
        except OSError as error:
            sys.stderr.write(
                f"covlane: {self._path} cannot be written: {error.strerror}; this leg is incomplete\n"
            )
