"""Python up to 3.11: SlipCover's probes in the bytecode, and what keeps the program from noticing them."""

from __future__ import annotations

import contextlib
import copyreg
import functools
import gc
import marshal
import sys
import types
from collections import defaultdict
from typing import TYPE_CHECKING, Any, Optional

import slipcover

from . import slip  # noqa: F401 - it keeps pytest from rewriting SlipCover
from .record import number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .record import Flags, Item
    from .termination import Guard

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


class Recorder(slipcover.Slipcover):  # type: ignore[misc]
    """SlipCover, whose removal of probes neither fails nor asks the program anything.

    Its own walks namespaces while other threads change them: RuntimeError, or SystemError, in the middle of the
    program. It hashes and compares classes, which calls their metaclass; and it reads `frame.f_locals`, which keeps
    local objects alive after their `del` and undoes what was assigned to the dictionary that `locals()` returned.
    """

    def __init__(self, lock: Guard, flags: Callable[..., Flags], *, branch: bool) -> None:
        super().__init__(branch=branch)
        self.lock = lock
        self._flags = flags
        #: By file: its flags, how many lines and branches it had then, and how many that were seen are among them.
        self._known: dict[str, Flags] = {}
        self._sizes: dict[str, int] = {}
        self._flushed: dict[str, int] = defaultdict(int)
        # Never another one: a thread that is just about to add a line shall find the set that is read in the end.
        self.newly_seen: dict[str, set[Item]] = defaultdict(set)
        self._removed: dict[str, set[object]] = {}

    def watch(self, code: types.CodeType, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return code that reports each of its lines and branches once."""
        if module is not None:
            self.register_module(module)
        # A probe at the end of the stack could not make it: its line would be lost.
        self.newly_seen[code.co_filename]
        return self.instrument(code)  # type: ignore[no-any-return]

    def flush(self) -> None:
        """Put what ran since the last time into the leg's record."""
        for name, items in list(self.newly_seen.items()):
            if len(items) > self._flushed[name]:
                seen = set(items)
                memory, places = self._flags_of(name)
                for item in seen:
                    if (place := places.get(number(item))) is not None:
                        memory[place] = 1
                self._flushed[name] = len(seen)

    def _flags_of(self, name: str) -> Flags:
        lines, branches = self.code_lines[name], self.code_branches[name]
        size = len(lines) + len(branches)  # they only grow
        if self._sizes.get(name) != size:
            able = {number(item) for kind in (lines, branches) for item in kind}
            known = self._known.get(name)
            if known is None or not able <= known.places.keys():
                self._known[name] = self._flags(name, able)
            self._sizes[name] = size
        return self._known[name]

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


def _make_picklable() -> None:
    """Let cloudpickle take local classes and functions by value, although their code carries probes.

    A probe is a capsule among the code's constants, which nothing can pickle. It comes back as one that reports to
    nobody: the copy of a function is not its source's measured code, as from Python 3.12 on. It takes SlipCover to
    be importable where it is read, and nothing of ours.
    """
    module = sys.modules["slipcover.slipcover"]
    probe = module.probe
    if isinstance(probe, types.SimpleNamespace):  # this module under another name was here before
        return
    known: dict[int, tuple[object, str, object]] = {}

    def new(tracker: object, filename: str, item: object, threshold: int) -> object:
        made: object = probe.new(tracker, filename, item, threshold)
        known[id(made)] = (made, filename, item)
        return made

    def reduce(capsule: object) -> tuple[object, ...]:
        if id(capsule) not in known:
            raise TypeError("cannot pickle 'PyCapsule' object")
        _, filename, item = known[id(capsule)]
        return probe.new, (types.SimpleNamespace(newly_seen=defaultdict(set)), filename, item, -1)

    own = {name: getattr(probe, name) for name in dir(probe) if not name.startswith("_")}
    module.probe = types.SimpleNamespace(**{**own, "new": new})  # type: ignore[attr-defined]
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
