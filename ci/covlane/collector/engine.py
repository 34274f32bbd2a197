"""The seam between a leg and what measures it: SlipCover or coverage.py."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

if TYPE_CHECKING:
    import threading
    from typing import Protocol

    from .plan import Plan
    from .sources import Sources

    class Engine(Protocol):
        """One process under measurement."""

        #: Files whose branches could not be measured, and why.
        unmarked: dict[str, str]

        def start(self) -> None:
            """Measure what runs from now on."""

        def seen(self) -> dict[str, set[Any]]:
            """Return what ran: code's file name to line numbers and (from, to) branches. Nothing is forgotten."""

        def forget(self) -> None:
            """Begin anew in a forked child, which reports only what it saw itself."""

    class Reader(Protocol):
        """All processes of a leg added up, in `finish`."""

        name: str
        version: str

        def count(self, path: str, content: bytes) -> Counted:
            """Return the counts of a file; SyntaxError or ValueError where Python refuses it."""


class Counted(NamedTuple):
    """What of a file could run and what of that ran, and why its branches are unknown where they are."""

    executable: set[int]
    executed: set[int]
    branches: set[tuple[int, int]]
    taken: set[tuple[int, int]]
    unmarked: Optional[str] = None


def start(plan: Plan, sources: Sources, lock: threading.RLock) -> Engine:
    """Return the leg's engine, for this process."""
    engine: Engine = _module(plan).Engine(plan, sources, lock)
    return engine


def reader(plan: Plan, paths: list[str], seen: dict[str, tuple[set[int], set[Any]]]) -> Reader:
    """Return what counts the files of a leg: `paths` are all of them, `seen` what ran in those that did."""
    made: Reader = _module(plan).Reader(plan, paths, seen)
    return made


def _module(plan: Plan) -> Any:
    return importlib.import_module(f".{plan.engine}_engine", __package__)
