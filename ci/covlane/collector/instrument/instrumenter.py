"""What those who meet a measured source ask of the engine that instruments it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable
    from typing import Any, Protocol

    from ..leg.record import Flags
    from .marks import Compiled
    from .sources import Sources

    class Recorder(Protocol):
        """What records the lines of code in this process."""

        def watch(self, frozen: Any, module: types.ModuleType | None) -> types.CodeType:
            """Return code that reports each of its lines and branches once."""

    class Instrumenter(Protocol):
        """An engine that instruments code."""

        sources: Sources
        branch: bool
        #: Files whose branches are not measured, and why.
        unmarked: dict[str, str]
        #: Files of whose sources Python warns.
        warned: set[str]

        def load(self, source: bytes, filename: str, module: types.ModuleType | None) -> types.CodeType:
            """Return the code of a measured file as its import would have it, instrumented."""

        def cached_code(
            self, source: bytes, filename: str, *how: object, make: Callable[[], Compiled] | None = None
        ) -> Any:
            """Return a measured file's code for the recorder, from the cache or made now."""

        def instrument(
            self, code: types.CodeType, source: bytes, module: types.ModuleType | None
        ) -> types.CodeType:
            """Return code that somebody else compiled from a source, instrumented."""

        def flags(self, filename: str, numbers: Iterable[int]) -> Flags:
            """Return where what runs of a measured file is told."""

        def recorder(self) -> Recorder:
            """Return this process's recorder."""

        def begin(self, code: types.CodeType) -> bool:
            """Have code that starts tell its lines, if it is a measured file's; say whether that is so."""

        def unbranched(self, filename: str, why: str) -> None:
            """Note that a file's branches are not measured."""

        def unbranched_part(self, filename: str, rows: tuple[int, int]) -> None:
            """Note that the branches from some rows of a file, first and last, are not measured."""

        def lose(self, why: str) -> None:
            """Note, once, that something runs unmeasured."""


UNMARKED = "a program compiled it itself: its lines are measured, its branches are not"


def unmeasured(engine: Instrumenter, filename: str, error: BaseException) -> str:
    """Say that something kept a measured file's code from being measured."""
    name = engine.sources.real(filename) or filename
    return f"{name} was not measured by a process ({type(error).__name__}: {error})"
