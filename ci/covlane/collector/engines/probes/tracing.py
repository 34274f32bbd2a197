"""Up to Python 3.11: code that no import made, met by audit events where it comes to start, and traced from then on."""

from __future__ import annotations

import dis
import sys
import threading
from typing import TYPE_CHECKING, Any

from ...leg.record import Map
from ..codes import codes
from ..starting import watch_starting

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType

    from ...instrument.instrumenter import Instrumenter
    from ...leg.record import Flags

#: What is lost, to be filled with a file.
TRACED = (
    "{} was run by a program that compiled it itself while another trace function was set, and was not measured: "
    'set engine = "coverage", or run on Python 3.12 or later'
)


class Tracing:
    """A trace function for such code; other code is traced by its calls alone."""

    def __init__(self, engine: Instrumenter) -> None:
        self._engine = engine
        self._files: set[str] = set()
        #: By file, name and first line of code.
        self._functions: dict[tuple[str, str, int], Callable[..., Any]] = {}

    def watch(self, adopt: Callable[[CodeType], bool]) -> None:
        """Have code adopted where it has a measured file's name and no probes, or the code in it where it is not."""
        watch_starting(self._engine.sources, has_probes, adopt)

    def trace(self, code: CodeType, _source: bytes) -> None:
        """Trace code and the code in it."""
        for each in codes(code):
            self._functions[_key(each)] = _telling(self._engine.flags(each.co_filename, _lines(each)))
        self._files.add(code.co_filename)
        if sys.gettrace() is None:
            threading.settrace(self._called)
            sys.settrace(self._called)
        elif sys.gettrace() != self._called:  # a debugger's is left to it
            name = self._engine.sources.name(self._engine.sources.real(code.co_filename) or "")
            self._engine.lose(TRACED.format(name))

    def _called(self, frame: FrameType, _event: str, _argument: object) -> Any:
        code = frame.f_code
        return self._functions.get(_key(code)) if code.co_filename in self._files else None


def has_probes(code: CodeType) -> bool:
    """Say whether code has probes, or could have them."""
    return any(isinstance(const, Map) for const in code.co_consts)


def _key(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_name, code.co_firstlineno


def _telling(flags: Flags) -> Callable[..., Any]:
    """Return a trace function for code whose lines have these flags."""
    memory, places = flags.memory, {line: place for place, line in enumerate(flags.numbers)}

    def in_source(frame: FrameType, event: str, _argument: object) -> Any:
        if event == "line" and frame.f_lineno in places:
            memory[places[frame.f_lineno]] = 1
        return in_source

    return in_source


def _lines(code: CodeType) -> set[int]:
    return {line for _, line in dis.findlinestarts(code) if line}
