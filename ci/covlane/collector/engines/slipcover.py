"""SlipCover as the engine: what is imported is instrumented."""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any

from ..leg.record import Record
from ..leg.stdlib import os

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable

    from ..instrument.marks import Compiled
    from ..instrument.sources import Sources
    from ..leg.cache import Cache
    from ..leg.contexts import Contexts
    from ..leg.fragments import Fragment
    from ..leg.guard import Guard
    from ..leg.plan import Plan
    from ..leg.record import Flags
    from .monitoring import Recorder

    Make = Callable[[], Compiled]

RECORDERS = ".monitoring" if sys.version_info >= (3, 12) else ".probes.recorder"


class Engine:
    """SlipCover in one process, loaded with the first file that is measured."""

    #: Each line is in the record as it runs.
    keeps = False
    spawns = True
    reads_early = False

    def __init__(self, plan: Plan, sources: Sources, fragment: Fragment, lock: Guard) -> None:
        self.sources = sources
        self.branch = plan.branch
        #: Files whose branches are not measured, and why.
        self.unmarked: dict[str, str] = {}
        #: Files of whose sources Python warns.
        self.warned: set[str] = set()
        #: What the fragment has not been told yet.
        self._unsaid: list[dict[str, object]] = []
        self._lost: set[str] = set()
        self._fragment = fragment
        self._lock = lock
        self._record = Record(plan.folder, lock, fragment.keep)
        self._cache_folder, self._selfcheck_folder = plan.cache_folder, plan.selfcheck_folder
        self._forks = plan.isolation != "none"
        #: Where tests may open files, and the folders there that are the leg's.
        self._root, self._apart = (
            plan.root,
            [os.path.dirname(plan.output), plan.cache_folder],
        )
        self._cache: Cache | None = None
        self._recorder: Recorder | None = None
        self.contexts: Contexts | None = None
        if plan.contexts:
            from ..leg.contexts import Contexts

            self.contexts = Contexts(plan.folder, self._restart, self.lose)

    def start(self) -> None:
        """Instrument what is imported from now on, and what a program compiles itself."""
        from ..instrument.imports import hook_imports
        from .scripts import watch_self_compiled

        hook_imports(self)
        watch_self_compiled(self, by_audit=self.contexts is not None)
        if self.contexts:
            from .touched import watch_files

            watch_files(self._root, self._apart, self.contexts.opened)

    def load(self, source: bytes, filename: str, module: types.ModuleType | None) -> types.CodeType:
        """Return the code of a measured file as its import would have it, instrumented."""
        return self.recorder().watch(self.cached_code(source, filename), module)

    def cached_code(self, source: bytes, filename: str, *how: object, make: Make | None = None) -> Any:
        """Return a measured file's code for the recorder, from the cache or made now: in this way, or as an import."""
        cache = self._cache_for(filename)
        unmarked, code, warned = frozen(
            cache, self.recorder(), source, filename, *how, branch=self.branch, make=make
        )
        if warned:
            self.warned.add(filename)
        if unmarked:
            self.unbranched(filename, unmarked)
        return code

    def _cache_for(self, filename: str) -> Cache:
        from ..leg.cache import Cache  # a process that loads no measured file needs none

        if filename.startswith(self._selfcheck_folder):  # each has a name of its own, and is met once
            return Cache(self._selfcheck_folder)
        if self._cache is None:
            self._cache = Cache(self._cache_folder)
        return self._cache

    def instrument(
        self, code: types.CodeType, source: bytes, module: types.ModuleType | None
    ) -> types.CodeType:
        """Return code that somebody else compiled from a source, instrumented."""
        return self.recorder().watch(self.recorder().freeze(code, source), module)

    def recorder(self) -> Recorder:
        """Return this process's recorder, loaded now if it was not."""
        if not self._recorder:
            self._recorder = self._new_recorder()
        return self._recorder

    def _new_recorder(self) -> Recorder:
        if self.contexts:
            from .contextual import Recorder

            return Recorder(self._lock, self.flags, branch=self.branch, contexts=self.contexts)
        made: Recorder = recorders().Recorder(self._lock, self.flags, branch=self.branch, at_once=self._forks)
        return made

    def begin(self, code: types.CodeType) -> bool:
        """Have code that starts tell its lines, if it is a measured file's; say whether that is so (Python 3.12 on)."""
        return self._recorder is not None and self._recorder.begin(code)

    def unbranched(self, filename: str, why: str) -> None:
        """Note that a file's branches are not measured."""
        self.unmarked[filename] = why
        self._tell(unmarked={self.sources.real(filename) or filename: why})

    def unbranched_part(self, filename: str, rows: tuple[int, int]) -> None:
        """Note that the branches from some rows of a file, first and last, are not measured: code of theirs has no marks."""
        self._tell(parts={self.sources.real(filename) or filename: [rows]})

    def lose(self, why: str) -> None:
        """Note, once, that something runs unmeasured."""
        if why in self._lost:
            return
        self._lost.add(why)
        try:
            self._fragment.add(lost=why)
        except OSError as error:
            self._fragment.record_error(error)

    def _tell(self, **said: object) -> None:
        self._unsaid.append(said)
        with contextlib.suppress(OSError):  # the end tries again
            self._say()

    def flush(self) -> None:
        """Find a place for what has none in the record; OSError where there is none."""
        self._record.settle()
        self._say()
        if self.contexts:
            self.contexts.end()

    def forget(self) -> None:
        """Begin anew in a forked child: what its parent saw is, or will be, in the record."""
        if self.contexts:
            self.contexts.forget()

    def _restart(self) -> None:
        if self._recorder:
            from .monitoring import monitoring

            monitoring.restart_events()

    def _say(self) -> None:
        while self._unsaid:
            self._fragment.add(**self._unsaid[0])
            del self._unsaid[0]

    def flags(self, filename: str, numbers: Iterable[int]) -> Flags:
        """Return where what runs of a measured file is told."""
        return self._record.flags(self.sources.real(filename) or filename, numbers)


def frozen(
    cache: Cache,
    recorder: Recorder,
    source: bytes,
    filename: str,
    *how: object,
    branch: bool,
    make: Make | None = None,
    alone: bool = True,
) -> tuple[str | None, Any, bool]:
    """Return why a file has no marks, where it has none, its code as a recorder keeps it, and whether Python warns of it.

    All of that comes from the cache, or is made now.
    """

    def freeze() -> tuple[str | None, Any, bool]:
        from ..instrument.marks import compile_marked

        made = make() if make else compile_marked(source, filename, branch=branch)
        return made.unmarked, recorder.freeze(made.code, source), made.warned

    found: tuple[str | None, Any, bool] = cache.made(
        cache.key(source, "code", branch, filename, *how), freeze, alone=alone
    )
    return found


def recorders() -> Any:
    """Return the module that records what runs on this Python."""
    return importlib.import_module(RECORDERS, __package__)
