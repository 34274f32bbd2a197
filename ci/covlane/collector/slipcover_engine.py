"""SlipCover as the engine: what is imported is instrumented, and `finish` works out what could have run."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from typing import TYPE_CHECKING, Optional

from .engine import Counted
from .record import Record

if TYPE_CHECKING:
    import types
    from collections.abc import Iterable

    from . import slip
    from .cache import Cache
    from .fragments import Fragment
    from .monitor import Recorder
    from .plan import Plan
    from .record import Flags, Item
    from .sources import Sources
    from .termination import Guard

#: Files that are worth a process of their own, in `finish`.
SHARE = 20
RECORDERS = ".monitor" if sys.version_info >= (3, 12) else ".probes"


class Engine:
    """SlipCover in one process, loaded with the first file that is measured."""

    #: sys.monitoring tells each line as it runs, probes keep theirs.
    keeps = sys.version_info < (3, 12)

    def __init__(self, plan: Plan, sources: Sources, fragment: Fragment, lock: Guard) -> None:
        self.sources = sources
        self.branch = plan.branch
        #: Lines that SlipCover does not see.
        self.traced: dict[str, set[int]] = {}
        #: Files whose branches are not measured, and why.
        self.unmarked: dict[str, str] = {}
        self._unsaid: dict[str, str] = {}
        self._fragment = fragment
        self._lock = lock
        self._record = Record(plan.folder, lock)
        self._kept = plan.kept
        self._cache: Optional[Cache] = None
        self._recorder: Optional[Recorder] = None

    def start(self) -> None:
        """Instrument what is imported from now on, and what a program compiles itself."""
        from .hooks import hook_imports
        from .scripts import watch_self_compiled

        hook_imports(self)
        watch_self_compiled(self)

    def load(self, source: bytes, filename: str, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return the code of a measured file as its import would have it, instrumented."""
        if self._cache is None:  # a process that loads no measured file needs none
            from .cache import Cache

            self._cache = Cache(self._kept)
        key = self._cache.key(source, "code", self.branch, filename)
        kept = self._cache.get(key)
        if kept is None:
            from .marks import compile_marked

            code, unmarked = compile_marked(source, filename, branch=self.branch)
            kept = unmarked, self.recorder().freeze(code)
            self._cache.put(key, kept)
        unmarked, frozen = kept
        if unmarked:
            self.unbranched(filename, unmarked)
        return self.recorder().watch(frozen, module)

    def instrument(self, code: types.CodeType, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that somebody else compiled, instrumented."""
        return self.recorder().watch(self.recorder().freeze(code), module)

    def recorder(self) -> Recorder:
        """Return this process's recorder, loaded now if it was not."""
        if self._recorder is None:
            module = importlib.import_module(RECORDERS, __package__)
            self._recorder = module.Recorder(self._lock, self._flags, branch=self.branch)
        return self._recorder

    def unbranched(self, filename: str, why: str) -> None:
        """Note that a file's branches are not measured."""
        self.unmarked[filename] = self._unsaid[self.sources.real(filename) or filename] = why
        with contextlib.suppress(OSError):  # the end tries again
            self._say()

    def flush(self) -> None:
        """Put what ran into the record; OSError where it has no place."""
        if self._recorder:
            self._recorder.flush()
        for name, lines in self.traced.items():
            memory, places = self._flags(name, lines)
            for line in lines:
                memory[places[line]] = 1
        self._record.settle()
        self._say()

    def forget(self) -> None:
        """Begin anew in a forked child: what its parent saw is, or will be, in the record."""
        self.traced.clear()

    def _say(self) -> None:
        if self._unsaid:
            self._fragment.add(unmarked=self._unsaid)
            self._unsaid.clear()

    def _flags(self, filename: str, numbers: Iterable[int]) -> Flags:
        return self._record.flags(self.sources.real(filename) or filename, numbers)


class Reader:
    """What of each file could run, worked out by SlipCover, and what of that ran."""

    name = "slipcover"

    def __init__(self, plan: Plan, paths: list[str], seen: dict[str, set[Item]]) -> None:
        from importlib import metadata

        from .cache import Cache

        self.version = metadata.version("slipcover")
        self._plan = plan
        self._seen = seen
        self._cache = Cache(plan.kept)
        self._reader: Optional[slip.Reader] = None
        self._share(paths)

    def count(self, path: str, content: bytes) -> Counted:
        """Return the counts of a file; SyntaxError or ValueError where Python refuses it."""
        kept = self._cache.get(self._key(content)) or self._work_out(content, path)
        lines, branches, unmarked, anchors = kept
        ran = self._seen.get(path, set())
        taken = {(anchors.get(item[0], item[0]), item[1]) for item in ran if isinstance(item, tuple)}
        return Counted(lines, lines & ran, branches, taken & branches, unmarked)

    def _key(self, content: bytes) -> bytes:
        return self._cache.key(content, "counts", self._plan.branch, self._plan.exclude)

    def _work_out(self, content: bytes, path: str) -> slip.Executable:
        branch = self._plan.branch
        if self._reader is None:  # loaded where a file is new
            from .slip import Reader as Worked

            self._reader = Worked(branch=branch, exclude=self._plan.exclude)
        kept = self._cache.get(self._cache.key(content, "code", branch, path))
        able = importlib.import_module(RECORDERS, __package__).able(*kept) if kept else None
        found = self._reader.executable(content, path, able)
        self._cache.put(self._key(content), tuple(found))
        return found

    def _share(self, paths: list[str]) -> None:
        """Have a process for each processor work out what is not kept yet, where that is much.

        They meet in the cache alone: what one of them did not come to is worked out when it is counted.
        """
        new = [path for path in paths if self._is_new(path)]
        count = min(_processors(), len(new) // SHARE)
        children = []
        for number in range(count if count > 1 else 0):
            child = os.fork()
            if not child:
                for path in new[number::count]:
                    with contextlib.suppress(Exception), open(path, "rb") as file:
                        self._work_out(file.read(), path)
                os._exit(0)
            children.append(child)
        for child in children:
            os.waitpid(child, 0)

    def _is_new(self, path: str) -> bool:
        try:
            with open(path, "rb") as file:
                return not self._cache.has(self._key(file.read()))
        except OSError:
            return False


def _processors() -> int:
    """Return how many processes may work at a time; one where there is no fork."""
    if not hasattr(os, "fork"):
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
