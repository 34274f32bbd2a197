"""Python 3.12 and later: `sys.monitoring` tells each line once, to a tool of our own.

COVERAGE_ID is left to the suite, which may run coverage.py or SlipCover itself: it belongs to one tool, and where
both are SlipCover, the second takes the events of the first.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Optional, Union

if TYPE_CHECKING:
    import threading
    import types

NAME = "covlane"
#: CPython gives 0, 1, 2 and 5 a meaning, and hypothesis takes 3.
NUMBERS = (4, 5, 3, 2, 0, 1)
#: SlipCover's branch marks are lines with this bit (`encode_branch` in its branch.py).
MARK = 1 << 30

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
    """What ran of the code that is watched."""

    def __init__(self, _lock: threading.RLock, *, branch: bool) -> None:  # noqa: ARG002 - as probes.Recorder
        seen = self._seen = defaultdict[str, set[int]](set)
        disable = monitoring.DISABLE

        def line(code: types.CodeType, number: int) -> Any:
            seen[code.co_filename].add(number)
            return disable

        self._line = line

    def watch(self, code: types.CodeType, _module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that reports each of its lines and branch marks once."""
        number = tool()
        monitoring.register_callback(number, monitoring.events.LINE, self._line)
        pending = [code]
        while pending:
            each = pending.pop()
            monitoring.set_local_events(number, each, monitoring.events.LINE)
            pending += [
                inner
                for inner in each.co_consts
                if isinstance(inner, type(code)) and inner.co_name != "__annotate__"
            ]
        return code

    def seen(self) -> dict[str, set[Union[int, tuple[int, int]]]]:
        """Return what ran: code's file name to line numbers and (from, to) branches. Nothing is forgotten."""
        return {
            filename: {
                (number >> 15 & 0x7FFF, number & 0x7FFF) if number & MARK else number
                for number in list(numbers)
            }
            for filename, numbers in list(self._seen.items())
        }

    def forget(self) -> None:
        """Begin anew: a forked child reports only what it saw itself."""
        self._seen.clear()
