"""SlipCover in `finish`: what of each file could run, and what of that ran."""

from __future__ import annotations

import contextlib
import functools
import marshal
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from ..instrument.sources import Sources, read
from ..leg.cache import Cache
from ..leg.guard import Guard
from .engine import Counted, digest_of
from .slipcover import frozen, recorders
from .slipcover_compat import RELEASE
from .worker_pool import WorkerPool, processors

if TYPE_CHECKING:
    from ..leg.plan import Plan
    from ..leg.record import Item
    from . import executable
    from .monitoring import Recorder

#: Files that are worth a process of their own.
SHARE = 20
#: How many processes may work ahead.
AHEAD = 3
#: Nanoseconds after which another change of a file shows in its times.
SETTLED = 2_000_000_000


class Looked(NamedTuple):
    """A file as it was found: what says that it is the same still, a digest of its content, its counts as they are kept."""

    state: tuple[int, ...]
    digest: str
    counts: memoryview


class Ahead(WorkerPool):
    """What goes on while the suite runs: idle processes work out what is new, a thread looks up what is not."""

    def __init__(self, plan: Plan) -> None:
        count = min(processors() - 1, AHEAD)
        super().__init__(count, functools.partial(_work_ahead, plan), idle=True)
        #: By path, for as long as a file stays what it is.
        self.looked: dict[str, Looked] = {}
        self._dismissed = False
        self._looking = threading.Thread(target=self._look, args=(plan,), daemon=True)
        self._looking.start()

    def dismiss(self) -> None:
        """Have all of it end after what is at hand."""
        self._dismissed = True
        super().dismiss()
        self._looking.join()

    def _look(self, plan: Plan) -> None:
        reader = Reader(plan, [], {})
        # What this does not come to is done where it is asked for.
        with contextlib.suppress(Exception):
            for path, _ in Sources(plan.root, plan.source, plan.omit).walk():
                if self._dismissed:
                    break
                if found := reader.look(path):
                    self.looked[path] = found


def ahead(plan: Plan) -> Ahead:
    """Begin what the leg's processes and `finish` will ask of files."""
    return Ahead(plan)


def _work_ahead(plan: Plan, number: int, count: int) -> None:
    reader = Reader(plan, [], {})
    paths = [path for path, _ in Sources(plan.root, plan.source, plan.omit).walk()]
    # From the end: the suite's imports begin, as a rule, at the other one.
    reader.prepare(paths[::-1][number::count])


class Reader:
    """What of each file could run, worked out by SlipCover, and what of that ran."""

    name = "slipcover"
    model = f"SlipCover {RELEASE}"
    recorder = "covlane: sys.monitoring" if sys.version_info >= (3, 12) else "covlane: probes in the bytecode"

    def __init__(
        self, plan: Plan, paths: list[str], executed_items: dict[str, set[Item]], ahead: Ahead | None = None
    ) -> None:
        self.version = RELEASE
        self.lost: list[str] = []
        self._plan = plan
        self._ran = executed_items
        self._cache = Cache(plan.cache_folder)
        self._reader: executable.Reader | None = None
        self._looked = ahead.looked if ahead else {}
        #: What has not been shared out yet.
        self._paths = paths

    def count(self, path: str) -> Counted:
        """Return the counts of a file; OSError, SyntaxError or ValueError where there is none or Python refuses it."""
        looked = self._looked.pop(path, None)
        if looked and looked.state == state(path):
            digest, kept = looked.digest, marshal.loads(looked.counts)  # noqa: S302 - the cache's own
        else:
            content = read(path)
            digest, kept = digest_of(content), self._cache.get(self._key(content))
            if kept is None:
                self._share()
                kept = self._cache.get(self._key(content)) or self._work_out(content, path)
        lines, branches, (unmarked, anchors) = set(kept[0]), set(kept[1]), kept[2:]
        ran = self._ran.get(path, set())
        taken = {(anchors.get(item[0], item[0]), item[1]) for item in ran if isinstance(item, tuple)}
        return Counted(digest, lines, lines & ran, branches, taken & branches, unmarked, anchors)

    def look(self, path: str) -> Looked | None:
        """Return what is known of a file that will not change without a trace, None where that is nothing."""
        try:
            found, content = state(path), read(path)
        except OSError:
            return None
        # The clock of a file system may stand still for as long as a second change takes.
        if time.time_ns() - max(found[2:]) < SETTLED:
            return None
        counts = self._cache.sealed(self._key(content))
        return None if counts is None else Looked(found, digest_of(content), counts)

    def _key(self, content: bytes) -> bytes:
        return self._cache.key(content, "counts", self._plan.branch, self._plan.exclude, self._plan.partial)

    def _code_key(self, content: bytes, path: str) -> bytes:
        return self._cache.key(content, "code", self._plan.branch, path)

    def _work_out(self, content: bytes, path: str) -> tuple[Any, ...]:
        """Return what is kept of a file's `executable.Executable`."""
        branch = self._plan.branch
        if self._reader is None:  # loaded where a file is new
            from .executable import Reader as Worked

            self._reader = Worked(branch=branch, exclude=self._plan.exclude, partial=self._plan.partial)
        kept = self._cache.get(self._code_key(content, path))
        known = recorders().code_lines(*kept[:2], content) if kept else None
        lines, branches, *rest = self._reader.executable(content, path, known)
        # marshal sorts a set, by what it writes of each of its items.
        found = (tuple(lines), tuple(branches), *rest)
        self._cache.put(self._key(content), found)
        return found

    def prepare(self, paths: list[str]) -> None:
        """Put into the cache what a leg will ask of those files that are new: first what an import asks."""
        new = [path for path in paths if self._is_new(path)]
        recorder: Recorder | None = None
        for path in new:
            branch = self._plan.branch
            recorder = recorder or recorders().Recorder(Guard(), None, branch=branch)
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                content = read(path)
                if not self._cache.has(self._code_key(content, path)):
                    # Nobody waits for what is done in idle time.
                    frozen(self._cache, recorder, content, path, branch=branch, alone=False)
        self._work_out_all(new)

    def _share(self) -> None:
        """Have a process for each processor work out what is not kept yet, where that is much."""
        new = [path for path in self._paths if self._is_new(path)]
        self._paths = []
        count = min(processors(), len(new) // SHARE)
        if count > 1:
            WorkerPool(count, lambda number, count: self._work_out_all(new[number::count])).wait()

    def _work_out_all(self, paths: list[str]) -> None:
        for path in paths:
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                if self._is_new(path):
                    self._work_out(read(path), path)

    def _is_new(self, path: str) -> bool:
        try:
            return not self._cache.has(self._key(read(path)))
        except OSError:
            return False


def state(path: str) -> tuple[int, ...]:
    """Return what changes with a file's content: its number, its size, and the times of its changes in nanoseconds."""
    found = os.stat(path)
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
