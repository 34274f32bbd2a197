"""Python up to 3.11: SlipCover's probes in the bytecode, and what keeps the program from noticing them."""

from __future__ import annotations

import contextlib
import copyreg
import functools
import gc
import marshal
import sys
import types
from array import array
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple, Optional

import slipcover

from . import slip
from .record import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .record import Flags, Item
    from .termination import Guard

_slipcover: Any = sys.modules["slipcover.slipcover"]
_NAMESPACE, _ANCESTORS = (type.__dict__[name].__get__ for name in ("__dict__", "__mro__"))
#: What holds functions: wrappers hold what they wrap in a cell.
_HOLDERS = (
    classmethod,
    staticmethod,
    property,
    functools.partial,
    types.CellType,
    type(functools.lru_cache(len)),
)


class _Stencil(slipcover.Slipcover):  # type: ignore[misc]
    """SlipCover that leaves a place for each probe, as marshal takes none."""


class _Place(NamedTuple):
    """What stands among the constants of code in the place of a probe: its line or branch."""

    item: Item


#: Code with None in the places of: its probe signals; its probes, by what they tell; the code in it, frozen. Then
#: SlipCover's index of its probes.
_Frozen = tuple[types.CodeType, list[int], list[tuple[int, Any]], list[tuple[int, Any]], list[Any]]


def _freeze(code: types.CodeType, indices: dict[types.CodeType, list[Any]]) -> _Frozen:
    signals, probes, inner = [], [], []
    consts = list(code.co_consts)
    for place, const in enumerate(consts):
        if const is _slipcover.probe.signal:
            signals.append(place)
        elif isinstance(const, _Place):
            probes.append((place, const.item))
        elif isinstance(const, types.CodeType):
            inner.append((place, _freeze(const, indices)))
        else:
            continue
        consts[place] = None
    return code.replace(co_consts=tuple(consts)), signals, probes, inner, indices[code]


class Recorder(slipcover.Slipcover):  # type: ignore[misc]
    """SlipCover, whose removal of probes neither fails nor asks the program anything.

    Its own walks namespaces while other threads change them: RuntimeError, or SystemError, in the middle of the
    program. It hashes and compares classes, which calls their metaclass; and it reads `frame.f_locals`, which keeps
    local objects alive after their `del` and undoes what was assigned to the dictionary that `locals()` returned.
    """

    def __init__(
        self,
        lock: Guard,
        flags: Callable[..., Flags],
        *,
        branch: bool,
        at_once: bool = False,  # noqa: ARG002 - as monitor.Recorder
    ) -> None:
        super().__init__(branch=branch)
        self.lock = lock
        self._flags = flags
        #: By file: the numbers of its lines and marks, their places, and how many of those that were seen are set.
        self._able: dict[str, set[int]] = defaultdict(set)
        self._known: dict[str, tuple[memoryview, dict[int, int]]] = {}
        self._flushed: dict[str, int] = defaultdict(int)
        # Never another one: a thread that is just about to add a line shall find the set that is read in the end.
        self.newly_seen: dict[str, set[Item]] = defaultdict(set)
        self._removed: dict[str, set[object]] = {}

    def freeze(self, code: types.CodeType, source: bytes) -> tuple[_Frozen, bytes]:
        """Return instrumented code with nothing in the places of its probes, and the numbers of its lines and marks."""
        stencil = _Stencil(branch=self.branch)
        with slip.reading(source):
            made, name = stencil.instrument(code), code.co_filename
        able = {number(item) for kind in (stencil.code_lines, stencil.code_branches) for item in kind[name]}
        return _freeze(made, stencil.code2index), array("I", sorted(able)).tobytes()

    def watch(self, frozen: tuple[_Frozen, bytes], module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that reports each of its lines and branches once."""
        tree, numbers = frozen
        if module is not None:
            self.register_module(module)
        code = self._thaw(tree)
        name = code.co_filename
        # A probe at the end of the stack could not make it: its line would be lost.
        self.newly_seen[name]
        self._able[name] |= set(array("I", numbers))
        with self.lock:
            self.instrumented[name].add(code)
        return code

    def _thaw(self, frozen: _Frozen) -> types.CodeType:
        code, places, probes, inner, index = frozen
        consts = list(code.co_consts)
        for place in places:
            consts[place] = _slipcover.probe.signal
        for place, told in probes:
            consts[place] = _slipcover.probe.new(self, code.co_filename, told, self.d_miss_threshold)
        for place, each in inner:
            consts[place] = self._thaw(each)
        code = code.replace(co_consts=tuple(consts))
        self.code2index[code] = index
        return code

    def flush(self) -> None:
        """Put what ran since the last time into the leg's record."""
        for name, items in list(self.newly_seen.items()):
            if len(items) > self._flushed[name]:
                seen = set(items)
                memory, places = self._places_of(name)
                for item in seen:
                    if (place := places.get(number(item))) is not None:
                        memory[place] = 1
                self._flushed[name] = len(seen)

    def _places_of(self, name: str) -> tuple[memoryview, dict[int, int]]:
        able, known = self._able[name], self._known.get(name)
        if known is None or len(known[1]) < len(able):  # which only grows
            memory, numbers = self._flags(name, able)
            known = self._known[name] = memory, dict(zip(numbers, range(len(numbers))))
        return known

    def deinstrument_seen(self) -> None:
        """Take the probes of what was seen out of the functions that can be found. Any probe may call this."""
        # RecursionError near the end of the stack; the other kind needs a finalizer that runs in between.
        with contextlib.suppress(RuntimeError), self.lock:
            for filename, items in list(self.newly_seen.items()):
                removed = self._removed.setdefault(filename, set())
                if len(items) > len(removed):
                    new = items - removed
                    for code in list(self.instrumented[filename]):
                        self.deinstrument(code, new)
                    removed |= new
            for function in _functions(self.modules):
                if (without := self.replace_map.get(function.__code__)) is not None:
                    function.__code__ = without
            self.replace_map.clear()


def _functions(modules: list[types.ModuleType]) -> Iterator[types.FunctionType]:
    """Yield the functions of modules and their classes, by what CPython itself knows: nothing of theirs is called."""
    pending: list[Any] = [value for module in modules for value in list(module.__dict__.values())]
    met = set()
    while pending:
        each = pending.pop()
        if id(each) in met:
            continue
        met.add(id(each))
        kind = type(each)
        if kind is types.FunctionType:
            yield each
            pending += each.__closure__ or ()
        elif kind in _HOLDERS:
            pending += gc.get_referents(each)
        elif issubclass(kind, type):
            pending += list(_NAMESPACE(each).values())
            pending += _ANCESTORS(each)


def able(unmarked: Optional[str], frozen: tuple[_Frozen, bytes], _source: bytes) -> slip.Able:
    """Return what frozen code has."""
    return slip.able(array("I", frozen[1]), unmarked)


def _make_picklable() -> None:
    """Let cloudpickle take local classes and functions by value, although their code carries probes.

    A probe is a capsule among the code's constants, which nothing can pickle. It comes back as one that reports to
    nobody: the copy of a function is not its source's measured code, as from Python 3.12 on. It takes SlipCover to
    be importable where it is read, and nothing of ours.
    """
    probe = _slipcover.probe
    if isinstance(probe, types.SimpleNamespace):  # this module under another name was here before
        return
    known: dict[int, tuple[object, str, object]] = {}

    def new(tracker: object, filename: str, item: Item, threshold: int) -> object:
        if isinstance(tracker, _Stencil):
            return _Place(item)
        made: object = probe.new(tracker, filename, item, threshold)
        known[id(made)] = (made, filename, item)
        return made

    def reduce(capsule: object) -> tuple[object, ...]:
        if id(capsule) not in known:
            raise TypeError("cannot pickle 'PyCapsule' object")
        _, filename, item = known[id(capsule)]
        return probe.new, (types.SimpleNamespace(newly_seen=defaultdict(set)), filename, item, -1)

    own = {name: getattr(probe, name) for name in dir(probe) if not name.startswith("_")}
    _slipcover.probe = types.SimpleNamespace(**{**own, "new": new})
    copyreg.pickle(type(probe.new(None, "", 0, -1)), reduce)  # type: ignore[arg-type]
    plain = marshal.dumps

    def dumps(value: Any, *version: int) -> bytes:
        try:
            return plain(value, *version)
        except ValueError:
            return plain(_silenced(value, probe.signal), *version)

    marshal.dumps = dumps


def _silenced(value: Any, signal: object) -> Any:
    """Return code whose probes can be marshalled: of what can be called, that is StopIteration alone."""
    if isinstance(value, types.CodeType):
        return value.replace(co_consts=tuple(_silenced(each, signal) for each in value.co_consts))
    if value is signal:
        return StopIteration
    return None if type(value).__name__ == "PyCapsule" else value


_make_picklable()
