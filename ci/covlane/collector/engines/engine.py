"""The seam between a leg and what measures it: covlane's recorders, SlipCover itself or coverage.py."""

from __future__ import annotations

import importlib
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Protocol

    from ..instrument.sources import Sources
    from ..leg.contexts import Contexts
    from ..leg.fragments import Fragment
    from ..leg.guard import Guard
    from ..leg.plan import Plan
    from ..leg.record import Item
    from .worker_pool import WorkerPool

    class Engine(Protocol):
        """One process under measurement."""

        #: Whether it keeps what ran to itself until `flush`; from when on, it tells the fragment.
        keeps: bool
        #: Whether it measures the Pythons that a suite starts.
        spawns: bool
        #: Whether what ran is read at the end of pytest's session, and not at the process's end.
        reads_early: bool
        #: What knows which test each line runs for, where the leg asks for that.
        contexts: Contexts | None

        def start(self) -> None:
            """Measure what runs from now on."""

        def flush(self) -> None:
            """Put what ran, and what could not be measured, into the leg's folder; OSError where that fails."""

        def forget(self) -> None:
            """Begin anew in a forked child, which need not say what its parent saw."""

    class Reader(Protocol):
        """All processes of a leg added up, in `finish`."""

        name: str
        version: str
        #: Whose lines and branches these are, with the release, and what recorded them.
        model: str
        recorder: str
        #: A sentence for each thing that it knows to be lost.
        lost: list[str]

        def count(self, path: str) -> Counted:
            """Return the counts of a file; OSError, SyntaxError or ValueError where it cannot be read or compiled."""


#: Where each engine stands, by its name in the plan; what counts afterwards stands beside it.
MODULES = {"slipcover": ".slipcover", "slipcover-cli": ".slipcover_cli", "coverage": ".coveragepy"}


class Counted(NamedTuple):
    """What of a file could run and what of that ran, and why its branches are unknown where they are.

    `anchors` maps a line that a branch is recorded to leave from to the one that it is counted at.
    """

    digest: str
    executable: set[int]
    executed: set[int]
    branches: set[tuple[int, int]]
    taken: set[tuple[int, int]]
    unmarked: str | None = None
    anchors: Mapping[int, int] = {}


def start(plan: Plan, sources: Sources, fragment: Fragment, lock: Guard) -> Engine:
    """Return the leg's engine, for this process; `lock` is held where the process forks."""
    engine: Engine = _module(MODULES[plan.engine]).Engine(plan, sources, fragment, lock)
    return engine


def reader(
    plan: Plan, paths: list[str], executed_items: dict[str, set[Item]], before: WorkerPool | None = None
) -> Reader:
    """Return the engine's reader: `paths` are all measured files, `executed_items` the lines and branches that ran.

    `before` is what `ahead` began.
    """
    made: Reader = _module(f"{MODULES[plan.engine]}_reader").Reader(plan, paths, executed_items, before)
    return made


def ahead(plan: Plan) -> WorkerPool:
    """Begin what `finish` and the leg's processes will need and what can be done before they ask, in idle time."""
    pool: WorkerPool = _module(f"{MODULES[plan.engine]}_reader").ahead(plan)
    return pool


def digest_of(content: bytes) -> str:
    """Return what a leg's report says of a file's content, so that legs which measured different ones are told apart."""
    # git may check lines out with other ends on Windows: that is no other content.
    return blake2b(content.replace(b"\r\n", b"\n"), digest_size=16).hexdigest()


def _module(name: str) -> Any:
    return importlib.import_module(name, __package__)
