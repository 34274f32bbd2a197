"""The lock of a measurement, which no handler of a signal breaks into."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Guard:
    """A lock that a thread may take again, and that a handler of signals does not break into: it comes after."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._deferred: Callable[[], None] | None = None

    def __enter__(self) -> None:
        self._lock.acquire()
        self._depth += 1

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        outermost = not self._depth
        self._lock.release()
        if outermost and (deferred := self._deferred):
            self._deferred = None
            deferred()

    def do(self, work: Callable[[], None]) -> None:
        """Do the work of a handler, now or when this thread has left what it is doing."""
        if self._lock._is_owned():  # type: ignore[attr-defined]
            self._deferred = work
        else:
            work()

    def forget(self) -> None:
        """Forget, in a forked child, what was its parent's to do."""
        self._deferred = None
