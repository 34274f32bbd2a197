"""Python 3.12 and later: `sys.monitoring` tells each line once, to a tool of our own.

COVERAGE_ID is left to the suite, which may run coverage.py or SlipCover itself: it belongs to one tool, and where
both are SlipCover, the second takes the events of the first.
"""

from __future__ import annotations

import sys
from array import array
from binascii import crc32
from bisect import bisect_left
from typing import TYPE_CHECKING, Any

from ..instrument.units import SOUND, lines_of_units, per_instruction
from .codes import codes

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable

    from ..instrument.units import PerInstruction
    from ..leg.guard import Guard
    from ..leg.record import Flags
    from .slipcover_compat import CodeLines

    #: Code, the numbers of its lines and marks, and of `codes` their signatures and which tell their instructions.
    FrozenCode = tuple[types.CodeType, bytes, bytes, tuple[PerInstruction, ...]]
    #: A file's bytes in the record, the place among them of each near number, and all numbers, in whose order the bytes
    #: lie. An array's items, unlike a dictionary's, are no objects, whose counts of references a forked child would
    #: write, at the price of the page.
    RecordPlaces = tuple[memoryview, "array[int]", "array[int]"]

NAME = "covlane"
#: CPython gives 0, 1, 2 and 5 a meaning, and hypothesis takes 3.
NUMBERS = (4, 5, 3, 2, 0, 1)

#: Lines from here on, and marks, are few: their places are searched for.
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
    """What ran of the code that is watched, each line reported to the leg's record as it runs."""

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
        self._known: dict[str, RecordPlaces] = {}
        #: By file, the signatures of its code: other code may carry its name.
        self._watched: dict[str, array[int]] = {}
        self._numbers: dict[str, array[int]] = {}
        self._flags = flags
        #: By its signature, of code that tells its instructions: the units that tell nothing.
        self._silent: dict[int, tuple[int, ...]] = {}
        events = monitoring.events
        #: The events of code that tells its lines.
        self._by_line = events.LINE
        self._callbacks = {events.LINE: self._tell_line(), events.INSTRUCTION: self._tell_instruction()}

    def _tell_line(self) -> Callable[[types.CodeType, int], Any]:
        known, disable = self._known, monitoring.DISABLE

        def line(code: types.CodeType, number: int) -> Any:
            memory, near, numbers = known[code.co_filename]
            memory[near[number] if number < FAR else bisect_left(numbers, number)] = 1
            return disable

        return line

    def _tell_instruction(self) -> Callable[[types.CodeType, int], Any]:
        known, disable = self._known, monitoring.DISABLE
        # By the identity of code, which is kept so that no other takes it.
        units: dict[int, tuple[types.CodeType, memoryview, array[int]]] = {}

        def instruction(code: types.CodeType, offset: int) -> Any:
            found = units.get(id(code))
            if found is None:
                memory = known[code.co_filename][0]
                places = places_of_lines(self._lines(code), known[code.co_filename])
                found = units[id(code)] = code, memory, places
            _, memory, places = found
            if place := places[offset >> 1]:
                memory[place - 1] = 1
            return disable

        return instruction

    def _lines(self, code: types.CodeType) -> array[int]:
        """Return the line or mark that each unit of code tells, which tells its instructions; 0 for none."""
        return lines_of_units(code, self._silent[signature(code)])

    def freeze(self, code: types.CodeType, _source: bytes) -> FrozenCode:
        """Return the code of a source, and what `watch` asks of it, as something that marshal takes."""
        found = codes(code)
        tables = [list(each.co_lines()) for each in found]
        numbers = {line for table in tables for _, _, line in table if line is not None}
        signatures = array("I", map(signature, found))
        chosen = per_instruction(found, tables)
        return code, array("I", sorted(numbers)).tobytes(), signatures.tobytes(), chosen

    def watch(self, frozen: FrozenCode, _module: types.ModuleType | None) -> types.CodeType:
        """Return code that reports each of its lines and branch marks once."""
        code, numbers, signature_bytes, chosen = frozen
        signatures = array("I", signature_bytes)
        self._make_known(code.co_filename, array("I", numbers), signatures)
        number, events = tool(), monitoring.events
        for event, callback in self._callbacks.items():
            monitoring.register_callback(number, event, callback)
        at_once = self._at_once or not (SOUND and monitoring.get_events(number) & events.PY_START)
        found = codes(code) if at_once or chosen else [code]
        for index, silent in self._by_instruction(chosen, found):
            self._silent[signatures[index]] = silent
            monitoring.set_local_events(number, found[index], events.INSTRUCTION)
        for each in found if at_once else found[:1]:
            if not monitoring.get_local_events(number, each):
                monitoring.set_local_events(number, each, self._by_line)
        return code

    def _by_instruction(
        self, chosen: tuple[PerInstruction, ...], _found: list[types.CodeType]
    ) -> Iterable[PerInstruction]:
        """Return which of some code objects tell their instructions, of those that are `chosen` to."""
        return chosen

    def _make_known(self, name: str, numbers: array[int], signatures: array[int]) -> None:
        before = self._numbers.get(name, array("I"))
        if before != numbers and not (before and set(before) >= set(numbers)):
            # Code of another content under this name may be running still.
            flags = self._flags(name, {*before, *numbers} if before else numbers)
            self._learn(name, flags)
        watched = self._watched.setdefault(name, signatures)
        if watched[-len(signatures) :] != signatures:
            watched.extend(signatures)

    def _learn(self, name: str, flags: Flags) -> None:
        """Know the places of a file's lines and marks."""
        self._known[name], self._numbers[name] = places(flags), flags.numbers

    def begin(self, code: types.CodeType) -> bool:
        """Have code that starts tell its lines, if it is a watched file's; say whether that is so."""
        if (signatures := self._watched.get(code.co_filename)) is None:
            return False
        number, events = tool(), monitoring.events
        if monitoring.get_local_events(number, code):
            return True
        own_signature = signature(code)
        if own_signature not in signatures:
            return False
        monitoring.set_local_events(
            number, code, events.INSTRUCTION if own_signature in self._silent else self._by_line
        )
        return True


def places(flags: Flags) -> RecordPlaces:
    """Return the places in the record of a file's lines and marks; a near number that the file lacks has none."""
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


def places_of_lines(lines: array[int], known: RecordPlaces) -> array[int]:
    """Return each line's place among those of its file plus one; 0 for the line 0."""
    _, near, numbers = known
    found = array("I", lines)
    for index, line in enumerate(lines):
        if line:
            found[index] = 1 + (near[line] if line < FAR else bisect_left(numbers, line))
    return found


def code_lines(unmarked: str | None, frozen: FrozenCode, source: bytes) -> CodeLines:
    """Return what the frozen code of a source has."""
    from .slipcover_compat import code_lines as build
    from .slipcover_compat import numbers

    return build(numbers(frozen[0], source), unmarked)
