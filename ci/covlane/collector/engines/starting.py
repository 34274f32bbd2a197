"""The audit events by which code comes to start that no import made."""

from __future__ import annotations

import contextlib
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..instrument.sources import Sources

#: Which of an event's arguments is the code.
_CODE = {"exec": 0, "function.__new__": 0, "object.__setattr__": 2}


def watch_starting(
    sources: Sources, is_watched: Callable[[CodeType], bool], adopt: Callable[[CodeType], bool]
) -> None:
    """Have code with a measured file's name adopted before it starts, or the code in it where it is not.

    Args:
        sources: the measured files.
        is_watched: says of code whether it is measured already.
        adopt: has code measured, and says whether it is.
    """

    def offer(code: CodeType) -> None:
        # No event tells of the functions that code makes of the code in it.
        if not adopt(code):
            for const in code.co_consts:
                if isinstance(const, CodeType):
                    offer(const)

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _CODE or (event == "object.__setattr__" and arguments[1] != "__code__"):
            return
        code = arguments[_CODE[event]]
        if not isinstance(code, CodeType) or code.co_filename[:1] == "<":
            return
        # A relative name has no meaning where the folder is gone.
        with contextlib.suppress(OSError):
            if not is_watched(code) and sources.real(code.co_filename):
                offer(code)

    sys.addaudithook(audited)
