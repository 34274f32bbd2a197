"""Which test each line runs for, from Python 3.12 on: what ran is reported once more for each.

A test costs a call for each of its lines, so a callback does little: two look-ups, the flag in the record, the place
in a list.
"""

from __future__ import annotations

from opcode import opmap
from typing import TYPE_CHECKING, Any

from ..instrument.units import lines_of_units
from ..leg.record import HOMELESS
from . import monitoring

if TYPE_CHECKING:
    import types
    from array import array
    from collections.abc import Callable, Iterable

    from ..instrument.units import PerInstruction
    from ..leg.contexts import Contexts
    from ..leg.guard import Guard
    from ..leg.record import Flags

_BACK = {number for name, number in opmap.items() if name.startswith("JUMP_BACKWARD")}


class Recorder(monitoring.Recorder):
    """A recorder that hands the places of all that runs to contexts."""

    def __init__(self, lock: Guard, flags: Callable[..., Flags], *, branch: bool, contexts: Contexts) -> None:
        """Have all functions watched from the start: each restart would report the start of every function again."""
        self._contexts = contexts
        #: By file, the place in the record of each line and mark.
        self._places: dict[str, dict[int, int]] = {}
        #: The longest map of the record.
        self._record: list[Any] = [b""]
        super().__init__(lock, flags, branch=branch, at_once=True)
        events, disable = monitoring.monitoring.events, monitoring.monitoring.DISABLE
        # Python 3.13.0 does not come to the line of a function of one line whose start nobody watches.
        self._by_line |= events.PY_START
        self._callbacks[events.PY_START] = lambda _code, _offset: disable

    def _tell_line(self) -> Callable[[types.CodeType, int], Any]:
        known, record, contexts, disable = (
            self._places,
            self._record,
            self._contexts,
            monitoring.monitoring.DISABLE,
        )

        def line(code: types.CodeType, number: int) -> Any:
            place = known[code.co_filename][number]
            try:
                record[0][place] = 1
            except IndexError:
                self._set_homeless(code, place)
            contexts.add(place)
            return disable

        return line

    def _tell_instruction(self) -> Callable[[types.CodeType, int], Any]:
        known, record, contexts, disable = (
            self._places,
            self._record,
            self._contexts,
            monitoring.monitoring.DISABLE,
        )
        # By the identity of code, which is kept so that no other takes it.
        units: dict[int, tuple[types.CodeType, list[int]]] = {}

        def instruction(code: types.CodeType, offset: int) -> Any:
            found = units.get(id(code))
            if found is None:
                places = known[code.co_filename]
                found = units[id(code)] = code, [places[line] if line else 0 for line in self._lines(code)]
            if place := found[1][offset >> 1]:
                try:
                    record[0][place] = 1
                except IndexError:
                    self._set_homeless(code, place)
                contexts.add(place)
            return disable

        return instruction

    def _lines(self, code: types.CodeType) -> array[int]:
        # Code that tells no instruction where contexts are not asked for is silent nowhere.
        return lines_of_units(code, self._silent.get(monitoring.signature(code), ()))

    def _by_instruction(
        self, chosen: tuple[PerInstruction, ...], found: list[types.CodeType]
    ) -> Iterable[PerInstruction]:
        """Return which code objects tell their instructions: long ones only for loops, whose every round is a search.

        Elsewhere a search for each line takes less than to tell each instruction once for each test.
        """
        return [(index, silent) for index, silent in chosen if silent or _loops(found[index])]

    def _learn(self, name: str, flags: Flags) -> None:
        super()._learn(name, flags)
        start = flags.start or HOMELESS
        self._places[name] = {number: place for place, number in enumerate(flags.numbers, start)}
        memory: Any = flags.memory.obj
        if flags.start and len(memory) > len(self._record[0]):
            self._record[0] = memory

    def _set_homeless(self, code: types.CodeType, place: int) -> None:
        """Set the flag of what has no place in the record."""
        self._known[code.co_filename][0][place - HOMELESS] = 1


def _loops(code: types.CodeType) -> bool:
    return not _BACK.isdisjoint(code.co_code[::2])
