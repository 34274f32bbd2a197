"""Measurement of one process: what it imports is instrumented, and what ran is written down at its end."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Optional

from . import fragments, hooks
from .code_cache import CodeCache
from .sources import Sources

if TYPE_CHECKING:
    import types

    from .plan import Plan
    from .slip import Recorder

#: Seconds between two checkpoints, so that a killed process loses no more than that.
CHECKPOINT = 5.0


class Measurement:
    """This process's part of the leg. SlipCover is loaded with the first file that is measured."""

    def __init__(self, plan: Plan) -> None:
        self.sources = Sources(plan.root, plan.source, plan.omit)
        self.branch = plan.branch
        self.lock = threading.RLock()
        self.pytest: Optional[dict[str, Any]] = None
        #: Lines of a main script that SlipCover does not see.
        self.traced: dict[str, set[int]] = {}
        #: The test that pytest has announced; pytest-forked forks before the test itself begins.
        self.running = ""
        self.unmarked: dict[str, str] = {}
        self._folder = plan.folder
        self._codes = CodeCache(plan.folder, branch=plan.branch)
        self._recorder: Optional[Recorder] = None
        self._next = time.monotonic() + CHECKPOINT
        self._begin()

    def start(self) -> None:
        """Instrument what is imported from now on, and see to every way in which the process can end."""
        self._write(ended=False)
        hooks.hook_imports(self)
        hooks.hook_ends(self)
        hooks.hook_forks(self)

    def instrument(self, code: types.CodeType, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return the code of a measured file, instrumented."""
        return self.recorder().watch(code, module)

    def recorder(self) -> Recorder:
        """Return this process's SlipCover, loaded now if it was not."""
        if self._recorder is None:
            from .slip import Recorder

            self._recorder = Recorder(self.lock, branch=self.branch)
        return self._recorder

    def compile(self, source: bytes, filename: str) -> types.CodeType:
        """Compile a measured file as its import would, remembering why its branches are not measured."""
        if (kept := self._codes.get(source, filename)) is not None:
            return kept
        from .slip import compile_marked

        code, unmarked = compile_marked(source, filename, branch=self.branch)
        if unmarked:
            self.unmarked[filename] = unmarked
        else:
            self._codes.put(source, filename, code)
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

    def forked(self) -> None:
        """Begin anew in a forked child, which reports only what it saw itself."""
        self.lock.release()
        if self._recorder is not None:
            self._recorder.forget()
        self.traced.clear()
        self.pytest = None
        self._begin()
        # subprocess forks by way of Python only to run `preexec_fn`; another program follows at once.
        if sys._getframe(1).f_code.co_name != "_execute_child":
            self._write(ended=False)

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._path = fragments.path_for(self._folder)
        self._argv = fragments.command_line()
        self._test = fragments.current_test() or self.running

    def _write(self, *, ended: bool) -> None:
        files: dict[str, list[list[Any]]] = {}
        seen: list[tuple[str, set[Any]]] = [(name, set(lines)) for name, lines in self.traced.items()]
        seen += self._recorder.seen().items() if self._recorder else ()
        for filename, items in seen:
            real = self.sources.real(filename)
            if real is not None:
                lines, branches = files.setdefault(real, [[], []])
                lines += sorted({item for item in items if isinstance(item, int)})
                branches += sorted(item for item in items if isinstance(item, tuple))
        unmarked = {self.sources.real(name) or name: why for name, why in self.unmarked.items()}
        fragment = fragments.Fragment(self._pid, self._argv, self._test, ended, files, unmarked, self.pytest)
        try:
            fragments.write(self._path, fragment)
        except OSError as error:
            sys.stderr.write(
                f"covlane: {self._path} cannot be written: {error.strerror}; this leg is incomplete\n"
            )
