"""Python 3.12 and later: `sys.monitoring` tells each line once, to a tool of our own.

COVERAGE_ID is left to the suite, which may run coverage.py or SlipCover itself: it belongs to one tool, and where
both are SlipCover, the second takes the events of the first.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Optional

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from . import slip
    from .record import Flags
    from .termination import Guard

    Frozen = tuple[types.CodeType, bytes]
    #: A file's bytes in the record, and each number's place among them: an array's items, unlike a dictionary's, are no
    #: objects, whose counts of references a forked child would write, at the price of the page.
    Places = tuple[memoryview, "array[int]", dict[int, int]]

NAME = "covlane"
#: CPython gives 0, 1, 2 and 5 a meaning, and hypothesis takes 3.
NUMBERS = (4, 5, 3, 2, 0, 1)

#: Lines from here on, and marks, are few.
FAR = 1 << 16

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
        known: dict[str, Places] = {}
        self._known = known
        self._numbers: dict[str, array[int]] = {}
        self._flags = flags
        disable = monitoring.DISABLE

        def line(code: types.CodeType, number: int) -> Any:
            memory, near, far = known[code.co_filename]
            memory[near[number] if number < FAR else far[number]] = 1
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
        before = self._numbers.get(name, array("I"))
        if before != numbers and not set(before) >= set(numbers):
            # Code of another content under this name may be running still.
            flags = self._flags(name, {*before, *numbers})
            self._known[name], self._numbers[name] = places(flags), flags.numbers
        number, event = tool(), monitoring.events.LINE
        monitoring.register_callback(number, event, self._line)
        watch = monitoring.set_local_events
        for each in codes(code):
            watch(number, each, event)
        return code

    def flush(self) -> None:
        """Do nothing: the record has everything."""


def places(flags: Flags) -> Places:
    """Return where each line and each mark of a file is told; a number that it has not has no place."""
    numbers = flags.numbers
    first = bisect_left(numbers, FAR)
    near = array("I", b"\xff" * (4 * (numbers[first - 1] + 1) if first else 0))
    for place in range(first):
        near[numbers[place]] = place
    return flags.memory, near, dict(zip(numbers[first:], range(first, len(numbers))))


def able(unmarked: Optional[str], frozen: Frozen) -> slip.Able:
    """Return what frozen code has."""
    from .slip import of_code

    return of_code(frozen[0], unmarked)


def codes(code: types.CodeType) -> list[types.CodeType]:
    """Return code and the code in it that runs by itself; from Python 3.14 on annotations run where they are asked for."""
    kind, found = type(code), [code]
    for each in found:  # which grows
        found += [one for one in each.co_consts if type(one) is kind and one.co_name != "__annotate__"]
    return found
