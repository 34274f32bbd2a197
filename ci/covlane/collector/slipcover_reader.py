"""SlipCover in `finish`: what of each file could run, and what of that ran."""

from __future__ import annotations

import contextlib
import functools
from importlib import metadata
from typing import TYPE_CHECKING, Optional

from .cache import Cache
from .crew import Crew, processors
from .engine import Counted
from .slipcover_engine import frozen, recorders
from .sources import Sources, read
from .termination import Guard

if TYPE_CHECKING:
    from . import slip
    from .monitor import Recorder
    from .plan import Plan
    from .record import Item

#: Files that are worth a process of their own.
SHARE = 20
#: How many processes may work ahead.
AHEAD = 3


def ahead(plan: Plan) -> Crew:
    """Begin, in idle time, to work out what the leg's processes and `finish` will ask of files that are new."""
    return Crew(min(processors() - 1, AHEAD), functools.partial(_work_ahead, plan), idle=True)


def _work_ahead(plan: Plan, number: int, count: int) -> None:
    reader = Reader(plan, [], {})
    paths = [path for path, _ in Sources(plan.root, plan.source, plan.omit).walk()]
    # From the end: the suite's imports begin, as a rule, at the other one.
    reader.prepare(paths[::-1][number::count])


class Reader:
    """What of each file could run, worked out by SlipCover, and what of that ran."""

    name = "slipcover"

    def __init__(self, plan: Plan, paths: list[str], seen: dict[str, set[Item]]) -> None:
        self.version = metadata.version("slipcover")
        self._plan = plan
        self._seen = seen
        self._cache = Cache(plan.kept)
        self._reader: Optional[slip.Reader] = None
        #: What has not been shared out yet.
        self._paths = paths

    def count(self, path: str, content: bytes) -> Counted:
        """Return the counts of a file; SyntaxError or ValueError where Python refuses it."""
        kept = self._cache.get(self._key(content))
        if kept is None:
            self._share()
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
        able = recorders().able(*kept) if kept else None
        found = self._reader.executable(content, path, able)
        self._cache.put(self._key(content), tuple(found))
        return found

    def prepare(self, paths: list[str]) -> None:
        """Put into the cache what a leg will ask of those files that are new: first what an import asks."""
        new = [path for path in paths if self._is_new(path)]
        recorder: Optional[Recorder] = None
        for path in new:
            recorder = recorder or recorders().Recorder(Guard(), None, branch=self._plan.branch)
            with contextlib.suppress(OSError, SyntaxError, ValueError, RecursionError, MemoryError):
                # Nobody waits for what is done in idle time.
                branch = self._plan.branch
                frozen(self._cache, recorder, read(path), path, branch=branch, alone=False)
        self._work_out_all(new)

    def _share(self) -> None:
        """Have a process for each processor work out what is not kept yet, where that is much."""
        new = [path for path in self._paths if self._is_new(path)]
        self._paths = []
        count = min(processors(), len(new) // SHARE)
        if count > 1:
            Crew(count, lambda number, count: self._work_out_all(new[number::count])).wait()

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
