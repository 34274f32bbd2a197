"""SIGTERM in a process that has something left to say: it says that, and then ends as it would have.

What has nothing left to say is not touched: SIGTERM ends it as without a measurement, and `finish` lists it.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time as clock
from typing import TYPE_CHECKING

from ..leg.stdlib import os, time

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..leg.guard import Guard

#: A trace is empty while its process runs, and gone when it has said its end. faulthandler writes it where the signal
#: arrives, which is before Python hears of it.
TRACE = ".terminating"
try:
    import faulthandler
except ImportError:  # in a subinterpreter, from Python 3.12 on
    if sys.version_info < (3, 13):
        raise ImportError("a subinterpreter ran, and measuring one needs Python 3.13 or later") from None
#: It walks the frames of the program, which it does not always survive (docs/upstream.md): a process that hangs for ever,
#: as one that is not reminded can, is worse.
TRACES = "faulthandler" in sys.modules and hasattr(faulthandler, "register")
#: File descriptors below this are the program's, which may close and use them as it likes.
OURS = 500
#: Seconds between two looks for processes that have not heard a signal.
INTERVAL = 0.5


class Termination:
    """What SIGTERM does in this process, unless the program has its own idea of that: `last`, before it ends."""

    def __init__(self, guard: Guard, last: Callable[[], None]) -> None:
        self._guard = guard
        self._last = last
        self._trace = ""
        self._descriptor = -1
        self._mask: set[int] = set()

    def expect(self, process: str) -> None:
        """Be there for SIGTERM, and have it leave its trace beside this process's fragment.

        `process` is the path of that without a suffix.
        """
        if self._set_by_program():
            return
        if signal.getsignal(signal.SIGTERM) != self._handle:
            try:
                signal.signal(signal.SIGTERM, self._handle)
            except ValueError:  # in an interpreter below another, whose handlers these are
                return
        if TRACES:
            self._leave_trace(process + TRACE)

    def _leave_trace(self, trace: str) -> None:
        import fcntl

        # Without descriptors to spare, or disk, nobody reminds the process.
        with contextlib.suppress(OSError, ValueError):
            made = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                descriptor = fcntl.fcntl(made, fcntl.F_DUPFD_CLOEXEC, _ours())
            except (OSError, ValueError):
                os.unlink(trace)
                raise
            finally:
                os.close(made)
            faulthandler.register(signal.SIGTERM, descriptor, all_threads=False, chain=True)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._trace, self._descriptor = trace, descriptor

    def hold(self) -> None:
        """Keep SIGTERM waiting until `release`, while the process forks."""
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})

    def release(self) -> None:
        """Let it come again, in the parent and in the child."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)

    def forget(self) -> None:
        """Leave no trace of a process that has said its end."""
        if self._trace:
            with contextlib.suppress(OSError):
                os.unlink(self._trace)

    def disregard(self) -> None:
        """Leave none in this process, which is another program in a moment."""
        if self._descriptor >= 0:
            faulthandler.unregister(signal.SIGTERM)

    def _set_by_program(self) -> bool:
        return signal.getsignal(signal.SIGTERM) not in (signal.SIG_DFL, self._handle)

    def _handle(self, _number: int, _frame: object) -> None:
        self._guard.do(self._end)

    def _end(self) -> None:
        self._last()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _ours() -> int:
    """Return the least descriptor that is ours: where a process may have few, the upper half."""
    import resource

    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return OURS if limit == resource.RLIM_INFINITY else min(OURS, limit // 2)


def remind(folder: str) -> None:
    """Send SIGTERM again, for ever, to the leg's processes that have its trace and do not end.

    A handler in Python does not run where the signal came after the last look at signals and before a system call
    that blocks. Only a process that holds its own trace open is one of these.
    """
    folder = os.path.realpath(folder)
    while True:
        clock.sleep(INTERVAL)
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            with contextlib.suppress(OSError, ValueError):
                if name.endswith(TRACE) and os.stat(path).st_size:
                    pid = int(name.partition("-")[0])
                    late = time.time() - os.stat(path).st_mtime > INTERVAL
                    if late and path in _held(pid):
                        os.kill(pid, signal.SIGTERM)


def _held(pid: int) -> set[str]:
    folder = f"/proc/{pid}/fd"
    held = set()
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            held.add(os.readlink(os.path.join(folder, name)))
    return held
