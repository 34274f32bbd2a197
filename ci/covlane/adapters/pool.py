"""Work for several processes."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from typing import TYPE_CHECKING, TypeVar

from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

Item = TypeVar("Item")
Done = TypeVar("Done")
#: More of them only wait for the disk.
MOST_PROCESSES = 8


def spread(function: Callable[[Item], Done], items: Sequence[Item], *, alone: bool) -> Iterator[Done]:
    """Yield what a function returns for each item, in order: here, or `alone` not, by as many processes as can run.

    Raises:
        ToolError: one of the processes was killed; and what the function raises.
    """
    processes = min(
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        MOST_PROCESSES,
    )
    if alone or processes < 2:  # noqa: PLR2004
        yield from map(function, items)
        return
    try:
        # Not by a fork: a thread that shows progress may hold a lock.
        with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
            yield from pool.map(function, items, chunksize=16)
    except BrokenProcessPool:
        raise ToolError("one of our processes was killed", "free memory and try again") from None
