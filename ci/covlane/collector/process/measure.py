"""Measurement of one process: that it began, what it saw, and that it came to its end."""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from typing import TYPE_CHECKING, Any

from ..engines import engine
from ..instrument.sources import Sources
from ..leg.fragments import Fragment, current_test
from ..leg.guard import Guard
from ..leg.processes import by
from . import hooks, launches
from .termination import Termination

if TYPE_CHECKING:
    import types
    from typing import Protocol

    from ..leg.contexts import Contexts
    from ..leg.plan import Plan

    class SelfCheck(Protocol):
        """What proves that a process was measured."""

        def run(self) -> str:
            """Return the run of pytest-xdist that this process is a worker of; "" where it is none."""

        def check(self, plan: Plan, fragment: Fragment, *, forks: bool, pythons: bool) -> None:
            """Run code whose lines are known, in this process and as its tests did."""


#: Seconds between two checkpoints, for what an engine keeps to itself.
CHECKPOINT = 5.0


#: The measurement of this process, for the plugin of a leg whose engine is a command.
CURRENT: list[Measurement] = []


class Measurement:
    """This process's part of the leg."""

    def __init__(self, plan: Plan, selfcheck: SelfCheck) -> None:
        self.lock = Guard()
        self.pytest: dict[str, Any] | None = None
        self._fragment = Fragment(plan.folder)
        sources = Sources(plan.root, [*plan.source, plan.selfcheck_folder], plan.omit)
        self._engine = engine.start(plan, sources, self._fragment, self.lock)
        self._termination = Termination(self.lock, self.end) if self._engine.keeps else None
        self._next = 0.0  # after the first test, so that forked children find the files' places
        self._pid = 0
        self._plan = plan
        self._selfcheck = selfcheck
        self._began, self._run = os.getpid(), selfcheck.run()
        #: Whether this process has forked, and whether a test has started a program: what it does, its self-check does too.
        self.forks, self.launches = False, sys.platform == "win32"

    def start(self) -> None:
        """Measure what runs from now on, and see to every way in which the process can end."""
        CURRENT[:] = [self]
        # First its ends: a process that is killed before it is known has lost nothing that it measured.
        hooks.hook_ends(self.end, self.check_in_worker)
        self._begin()
        self._engine.start()
        hooks.hook_forks(self.lock, self._termination, self._note_fork, self.forked)
        launches.hook_launches(self.launched)

    @property
    def contexts(self) -> Contexts | None:
        """What knows which test each line runs for, where the leg asks for that."""
        return self._engine.contexts

    def checkpoint(self) -> None:
        """Hand over what the engine keeps to itself, if it is time."""
        now = time.monotonic()
        if self._engine.keeps and now >= self._next:
            with contextlib.suppress(Exception), self.lock:  # the end tries again
                self._engine.flush()
            # However much that is, no more than one part in fifty of the time goes here.
            self._next = time.monotonic() + max(CHECKPOINT, 50 * (time.monotonic() - now))

    def end(self) -> None:
        """Hand over the rest and say that the process ends now."""
        if self._pid != os.getpid():
            return
        with self.lock:
            for step in (self._engine.flush, self._say_end):
                try:
                    step()
                except Exception as error:  # noqa: BLE001 - the program's end is not ours to change
                    self._record_error(error)

    def _say_end(self) -> None:
        if self.pytest:
            self._fragment.add(pytest=self.pytest)
        self._fragment.end()
        if self._termination:
            self._termination.forget()

    def check_in_worker(self) -> None:
        """Run the self-check where this process has become a worker of pytest-xdist, whose environment begins after it."""
        if self._selfcheck.run() != self._run:
            self._run = self._selfcheck.run()
            self._check()

    def check_in_session(self) -> None:
        """Run the self-check at the end of pytest's session, where the engine reads what ran there."""
        if self._engine.reads_early:
            self._run = self._selfcheck.run()
            self._check()

    def check_in_suite(self) -> None:
        """Run the self-check where this process has run pytest, unless that left the tests to workers."""
        if self.pytest and self.pytest["run"] == self._run:
            self._check()

    def _check(self) -> None:
        # Not in a fork, whose own end may be like that of a process: multiprocessing's is.
        if self._plan.canary and self._began == os.getpid():
            with contextlib.suppress(Exception):  # one that nobody heard of is lost
                pythons = self._plan.subprocess and self._engine.spawns and (self.launches or self.forks)
                self._selfcheck.check(self._plan, self._fragment, forks=self.forks, pythons=pythons)

    def launched(self, argv: list[str], *, measurable: bool) -> None:
        """Note that this process starts a program, and name one that cannot be measured."""
        test = current_test()
        self.launches |= bool(test)
        if self._plan.subprocess and not measurable:
            self.lost(
                f"python -S skips the leg's .pth file and was not measured{by(test)}: {shlex.join(argv)}"
            )

    def lost(self, sentence: str) -> None:
        """Make the leg incomplete, for this reason."""
        try:
            self._fragment.add(lost=sentence)
        except OSError as error:
            self._record_error(error)

    def _note_fork(self) -> None:
        self.forks = True

    def forked(self) -> None:
        """Begin anew in a forked child, which says for itself that it ends."""
        self.lock.forget()
        self.lock.__exit__()
        self.pytest = None
        try:
            self._engine.forget()
            # subprocess forks by way of Python only to run `preexec_fn`; another program follows at once.
            if not _starts_program():
                self._begin()
            elif self._termination:
                self._termination.disregard()
        except Exception as error:  # noqa: BLE001 - Python would print it
            self._record_error(error)

    def _begin(self) -> None:
        self._pid = os.getpid()
        try:
            process = self._fragment.begin(current_test())
            if self._termination:
                self._termination.expect(process)
        except OSError as error:
            self._record_error(error)

    def _record_error(self, error: BaseException) -> None:
        """Note why this process is not measured whole: in its fragment's state, never in its own output."""
        with contextlib.suppress(Exception):
            self._fragment.record_error(error)


def _starts_program() -> bool:
    """Say whether it is subprocess that forks: behind the frames of our hooks, and of what looks at each program."""
    frame: types.FrameType | None = sys._getframe()
    for _ in range(5):
        frame = frame.f_back if frame else None
        if frame is not None and frame.f_code.co_name == "_execute_child":
            return True
    return False
