"""Python 3.12 and later: `sys.monitoring` tells each line once, to a tool of our own.

COVERAGE_ID is left to the suite, which may run coverage.py or SlipCover itself: it belongs to one tool, and where
both are SlipCover, the second takes the events of the first.
"""

from __future__ import annotations

import sys
from array import array
from binascii import crc32
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Optional

from .record import MARK

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from . import slip
    from .record import Flags
    from .termination import Guard

    #: Code, the numbers of its lines and marks, and of `codes` their signatures and which are long.
    Frozen = tuple[types.CodeType, bytes, bytes, tuple[int, ...]]
    #: A file's bytes in the record, the place among them of each near number, and all numbers, in whose order the bytes
    #: lie. An array's items, unlike a dictionary's, are no objects, whose counts of references a forked child would
    #: write, at the price of the page.
    Places = tuple[memoryview, "array[int]", "array[int]"]

NAME = "covlane"
#: CPython gives 0, 1, 2 and 5 a meaning, and hypothesis takes 3.
NUMBERS = (4, 5, 3, 2, 0, 1)

#: Lines from here on, and marks, are few: their places are searched for.
FAR = 1 << 16

#: Up to Python 3.13, for a line that lies 127 lines or more from where CPython expects it, it reads the table of the
#: code's lines from its start: at each event, and at each jump within such a line, which it tells nobody and which is
#: never over (`compute_line` and `_Py_call_instrumentation_line` in its Python/instrumentation.c; gh-127953). Then
#: instructions are told, each once: they take no search, and what has been told costs nothing.
SEARCHING = sys.version_info < (3, 14)
REACH = 127
#: Bytes of code below which a search takes less than to tell each instruction once.
LONG = 1024

#: Python 3.12.0 loses track of instructions (gh-109371), and of code that changes in the middle (gh-108976).
SOUND = sys.version_info >= (3, 12, 1)

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

    def __init__(
        self,
        _lock: Guard,
        flags: Callable[..., Flags],
        *,
        branch: bool,  # noqa: ARG002 - as probes.Recorder
        at_once: bool = False,
    ) -> None:
        """Have functions watched where they start, or `at_once`: forked children need not do what their parent did."""
        self._at_once = at_once
        known: dict[str, Places] = {}
        self._known = known
        #: By file, the signatures of its code: other code may carry its name.
        self._watched: dict[str, array[int]] = {}
        self._numbers: dict[str, array[int]] = {}
        self._flags = flags
        # By the identity of long code, which is kept so that no other takes it.
        units: dict[int, tuple[types.CodeType, memoryview, array[int]]] = {}
        disable = monitoring.DISABLE

        def line(code: types.CodeType, number: int) -> Any:
            memory, near, numbers = known[code.co_filename]
            memory[near[number] if number < FAR else bisect_left(numbers, number)] = 1
            return disable

        def instruction(code: types.CodeType, offset: int) -> Any:
            found = units.get(id(code))
            if found is None:
                memory = known[code.co_filename][0]
                found = units[id(code)] = code, memory, places_of_units(code, known[code.co_filename])
            _, memory, places = found
            if place := places[offset >> 1]:
                memory[place - 1] = 1
            return disable

        self._callbacks = {monitoring.events.LINE: line, monitoring.events.INSTRUCTION: instruction}

    def freeze(self, code: types.CodeType) -> Frozen:
        """Return code, and what `watch` asks of it, as something that marshal takes."""
        found = codes(code)
        tables = [list(each.co_lines()) for each in found]
        numbers = {line for table in tables for _, _, line in table if line is not None}
        signatures = array("I", map(signature, found))
        long: tuple[int, ...] = ()
        if SOUND and SEARCHING:
            long = tuple(at for at, table in enumerate(tables) if is_long(found[at].co_firstlineno, table))
        return code, array("I", sorted(numbers)).tobytes(), signatures.tobytes(), long

    def watch(self, frozen: Frozen, _module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that reports each of its lines and branch marks once."""
        code, numbers, signatures, long = frozen
        self._make_known(code.co_filename, array("I", numbers), array("I", signatures))
        number, events = tool(), monitoring.events
        for event, callback in self._callbacks.items():
            monitoring.register_callback(number, event, callback)
        at_once = self._at_once or not (SOUND and monitoring.get_events(number) & events.PY_START)
        found = codes(code) if at_once or long else [code]
        for index in long:
            monitoring.set_local_events(number, found[index], events.INSTRUCTION)
        for each in found if at_once else found[:1]:
            if not monitoring.get_local_events(number, each):
                monitoring.set_local_events(number, each, events.LINE)
        return code

    def _make_known(self, name: str, numbers: array[int], signatures: array[int]) -> None:
        before = self._numbers.get(name, array("I"))
        if before != numbers and not (before and set(before) >= set(numbers)):
            # Code of another content under this name may be running still.
            flags = self._flags(name, {*before, *numbers} if before else numbers)
            self._known[name], self._numbers[name] = places(flags), flags.numbers
        watched = self._watched.setdefault(name, signatures)
        if watched[-len(signatures) :] != signatures:
            watched.extend(signatures)

    def begin(self, code: types.CodeType) -> bool:
        """Have code that starts tell its lines, if it is a watched file's; say whether that is so."""
        number = tool()
        if monitoring.get_local_events(number, code):
            return True
        if code.co_filename not in self._watched or signature(code) not in self._watched[code.co_filename]:
            return False
        monitoring.set_local_events(number, code, monitoring.events.LINE)
        return True

    def flush(self) -> None:
        """Do nothing: the record has everything."""


def places(flags: Flags) -> Places:
    """Return where the lines and marks of a file are told; a near number that it has not has no place."""
    numbers = flags.numbers
    first = bisect_left(numbers, FAR)
    near = array("I", b"\xff" * (4 * (numbers[first - 1] + 1) if first else 0))
    for place in range(first):
        near[numbers[place]] = place
    return flags.memory, near, numbers


def signature(code: types.CodeType) -> int:
    """Return a number that hardly any code has but this: of its name, and of all places that its parts come from."""
    # `co_code` would stay in memory.
    return crc32(
        code.co_qualname.encode("utf-8", "surrogatepass"), crc32(code.co_linetable, code.co_firstlineno)
    )


def is_long(first: int, table: list[tuple[int, int, Optional[int]]]) -> bool:
    """Say whether CPython searches for one of the lines of code, by its first one and its `co_lines`.

    Marks, which lie beyond all lines, are met once.
    """
    # It expects another line every 16 units of code, of 2 bytes.
    return (
        bool(table)
        and table[-1][1] >= LONG
        and any(
            line is not None and line < MARK and not -REACH < line - first - begin // 32 <= REACH
            for begin, _, line in table
        )
    )


def places_of_units(code: types.CodeType, known: Places) -> array[int]:
    """Return, for each unit of code, its line's place among those of its file plus one; 0 where it tells nothing."""
    from opcode import opmap

    _, near, numbers = known
    found = array("I", bytes(2 * len(code.co_code)))
    for begin, end, line in code.co_lines():
        if line is not None:
            place = near[line] if line < FAR else bisect_left(numbers, line)
            found[begin // 2 : end // 2] = array("I", [place + 1]) * (end // 2 - begin // 2)
    # A function's RESUME has the line of its `def`, which has run elsewhere or not at all.
    resume = opmap["RESUME"]
    for index, operation in enumerate(code.co_code[::2]):
        if operation == resume:
            found[index] = 0
    return found


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
