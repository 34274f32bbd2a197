"""Processes that share out the work on a leg's sources; what they make meets in the cache, and nowhere else."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class WorkerPool:
    """Forked processes that do a part of some work each: none where there is no fork, or `count` is not above 0.

    `work` is given the number of the part and how many there are. What it raises is not heard.
    """

    def __init__(self, count: int, work: Callable[[int, int], None], *, idle: bool = False) -> None:
        self._children: list[int] = []
        above = os.getpid()
        for number in range(count if hasattr(os, "fork") else 0):
            child = os.fork()
            if not child:
                try:
                    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
                    if idle:
                        _take_idle_time()
                    if os.getppid() == above:
                        work(number, count)
                except Exception:  # noqa: BLE001, S110 - what a part did not come to is done where it is asked for
                    pass
                finally:
                    os._exit(0)
            self._children.append(child)

    def dismiss(self) -> None:
        """Have each stop after what it is at; nobody waits for that."""
        self._signal(signal.SIGTERM)

    def wait(self, *, kill: bool = False) -> None:
        """Return when all have ended, which may be made to be now."""
        if kill and self._children:  # Windows has no such signal, and no children here
            self._signal(signal.SIGKILL)
        for child in self._children:
            os.waitpid(child, 0)
        self._children.clear()

    def _signal(self, number: int) -> None:
        for child in self._children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)


def processors() -> int:
    """Return how many processes can work at a time here."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _take_idle_time() -> None:
    """Run only where nothing else wants to."""
    os.nice(19)
    if hasattr(os, "SCHED_IDLE"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
