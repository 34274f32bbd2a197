"""Python 3.12 and later: `sys.monitoring` tells each line once, to a tool of our own.

COVERAGE_ID is left to the suite, which may run coverage.py or SlipCover itself: it belongs to one tool, and where
both are SlipCover, the second takes the events of the first.
"""

from __future__ import annotations

import sys
from array import array
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from . import slip
    from .record import Flags
    from .termination import Guard

    Frozen = tuple[types.CodeType, bytes]

NAME = "covlane"
#: CPython gives 0, 1, 2 and 5 a meaning, and hypothesis takes 3.
NUMBERS = (4, 5, 3, 2, 0, 1)

monitoring: Any = getattr(sys, "monitoring", None)


def tool() -> int:
    """Return the number of our tool, taken anew where the program gave it away; StopIteration if none is free."""
    for number in NUMBERS:
        if monitoring.get_tool(number) == NAME:
            return number
    number = next(number for number in NUMBERS if monitoring.get_tool(number) is None)
    monitoring.use_tool_id(number, NAME)
    return number


class Recorder:
    """What ran of the code that is watched, each line told to the leg's record as it runs."""

    def __init__(self, _lock: Guard, flags: Callable[..., Flags], *, branch: bool) -> None:  # noqa: ARG002 - as probes.Recorder
        known: dict[str, Flags] = {}
        self._known = known
        self._flags = flags
        disable = monitoring.DISABLE

        def line(code: types.CodeType, number: int) -> Any:
            memory, places = known[code.co_filename]
            memory[places[number]] = 1
            return disable

        self._line = line

    def freeze(self, code: types.CodeType) -> Frozen:
        """Return code, and the numbers of its lines and marks, as something that marshal takes."""
        numbers = {line for each in codes(code) for _, _, line in each.co_lines() if line is not None}
        return code, array("I", sorted(numbers)).tobytes()

    def watch(self, frozen: Frozen, _module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that reports each of its lines and branch marks once."""
        code, packed = frozen
        numbers, name = array("I", packed), code.co_filename
        before = self._known.get(name)
        if before is None:
            self._known[name] = self._flags(name, numbers)
        elif not before.places.keys() >= set(numbers):
            # Code of another content under this name may be running still.
            self._known[name] = self._flags(name, before.places.keys() | set(numbers))
        number = tool()
        monitoring.register_callback(number, monitoring.events.LINE, self._line)
        for each in codes(code):
            monitoring.set_local_events(number, each, monitoring.events.LINE)
        return code

    def flush(self) -> None:
        """Do nothing: the record has everything."""


def able(unmarked: Optional[str], frozen: Frozen) -> slip.Able:
    """Return what frozen code has."""
    from .slip import of_code

    return of_code(frozen[0], unmarked)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield code and the code in it that runs by itself; from Python 3.14 on annotations run where they are asked for."""
    yield code
    for inner in code.co_consts:
        if isinstance(inner, type(code)) and inner.co_name != "__annotate__":
            yield from codes(inner)
