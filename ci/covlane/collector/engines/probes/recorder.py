"""Python up to 3.11: probes in the bytecode, each of which tells its lines and branches once and is passed by from then on.

A probe is an iterator among the code's constants that yields once, and the body of a loop over it:

    LOAD_CONST  iterator
    FOR_ITER    end
    LOAD_CONST  map; LOAD_CONST place; STORE_SUBSCR      # map[place] = 1
    POP_TOP
    end:

Where a branch leads to a line that nothing else leads to, one probe tells both.
It calls nothing, cannot fail, leaves no frame on the stack and needs nobody to take it out: nothing of the program is
looked for or kept alive. Threads cannot come in between, and what it told is in the leg's record at once.
"""

from __future__ import annotations

import marshal
import types
from array import array
from dis import hasname, opmap
from mmap import mmap
from typing import TYPE_CHECKING, Any

from ...instrument.marks import branch_of
from ...leg.record import number
from ..codes import codes
from .bytecode import Body, Instruction
from .tables import NOWHERE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ...leg.guard import Guard
    from ...leg.record import Flags
    from ..slipcover_compat import CodeLines
    from .tables import Position

    #: Code without what its probes need among its constants; how many there are; the places of their items among those
    #: of the file; the code in it, by its place among the constants.
    Tree = tuple[types.CodeType, int, bytes, list[tuple[int, Any]]]
    #: The code of a file, and the numbers of its lines and marks in order.
    FrozenCode = tuple[Tree, bytes]

_ONCE = range(1, 2)
_Cell = type(iter(_ONCE))
_LOAD_CONST, _LOAD_GLOBAL, _FOR_ITER, _STORE_SUBSCR, _POP_TOP, _NOP, _JUMP_FORWARD = (
    opmap[name]
    for name in (
        "LOAD_CONST",
        "LOAD_GLOBAL",
        "FOR_ITER",
        "STORE_SUBSCR",
        "POP_TOP",
        "NOP",
        "JUMP_FORWARD",
    )
)
_LOADS_NAME = (opmap["LOAD_NAME"], _LOAD_GLOBAL)
#: In Python 3.11 the lowest bit of what is loaded as a global says something else.
_SHIFT = int("PRECALL" in opmap)
#: What a probe has on the stack at most.
_DEPTH = 4


class Recorder:
    """Puts probes into code, which tell the leg's record what runs."""

    def __init__(
        self,
        _lock: Guard,
        flags: Callable[..., Flags],
        *,
        branch: bool,  # noqa: ARG002 - as monitor.Recorder
        at_once: bool = False,  # noqa: ARG002
    ) -> None:
        self._flags = flags

    def freeze(self, code: types.CodeType, source: bytes) -> FrozenCode:
        """Return a source's code with probes, as something that marshal takes, and the numbers of its lines and marks."""
        from ..slipcover_compat import numbers as numbers_of

        numbers = sorted({*numbers_of(code, source), *map(number, branches(code))})
        return _freeze(code, {each: place for place, each in enumerate(numbers)}), array(
            "I", numbers
        ).tobytes()

    def watch(self, frozen: FrozenCode, _module: types.ModuleType | None) -> types.CodeType:
        """Return code that reports each of its lines and branches once."""
        tree, numbers = frozen
        return _thaw(tree, self._flags(tree[0].co_filename, array("I", numbers)))


def code_lines(unmarked: str | None, frozen: FrozenCode, _source: bytes) -> CodeLines:
    """Return what frozen code has."""
    from ..slipcover_compat import code_lines as build

    return build(array("I", frozen[1]), unmarked)


def branches(code: types.CodeType) -> set[tuple[int, int]]:
    """Return the branches of marked code and of the code in it."""
    marked = [each for each in codes(code) if any(map(branch_of, each.co_names))]
    return {branch for each in marked for _, (_, branch) in _marks(Body(each), each.co_names)}


def _freeze(code: types.CodeType, places: dict[int, int]) -> Tree:
    from ..slipcover_compat import line_starts

    consts = list(code.co_consts)
    inner = []
    for place, const in enumerate(consts):
        if isinstance(const, types.CodeType):
            inner.append((place, _freeze(const, places)))
            consts[place] = None
    body = Body(code)
    marks = dict(_marks(body, code.co_names))
    told: dict[Instruction, list[int]] = {}
    for offset, line in line_starts(code):
        if line in places:
            told.setdefault(body.at(offset), []).append(places[line])
    for load, (_, branch) in marks.items():
        told.setdefault(load, []).append(places[number(branch)])
    _join(told, marks, body)
    gone = {each for load, (pop, _) in marks.items() for each in (load, pop)}
    positions = _positions(body, gone)
    body.put(_probes(told, positions, len(consts)), gone)
    names = _without_marks(body, code.co_names)
    depth = code.co_stacksize + (_DEPTH if told else 0)
    made = body.replace(co_consts=tuple(consts), co_names=names, co_stacksize=depth)
    items = array("I", [item for those in told.values() for item in those])
    return made, len(told), items.tobytes(), inner


def _thaw(tree: Tree, flags: Flags) -> types.CodeType:
    code, count, items, inner = tree
    consts = list(code.co_consts)
    for place, each in inner:
        consts[place] = _thaw(each, flags)
    places = [flags.start + item for item in array("I", items)]
    return code.replace(
        co_consts=(*consts, flags.memory.obj, 1, *places, *[iter(_ONCE) for _ in range(count)])
    )


def _probes(
    told: dict[Instruction, list[int]], positions: dict[Instruction, Position], first: int
) -> dict[Instruction, list[Instruction]]:
    """Return the probes before each instruction; among the constants, `first` and the next of what they need are the map and 1."""
    place = first + 1
    cell = place + sum(map(len, told.values()))
    found: dict[Instruction, list[Instruction]] = {}
    for each, items in told.items():
        inside = []
        for index, _ in enumerate(items):
            place += 1
            # What the loop yields is 1, which the first takes.
            inside += [Instruction(_LOAD_CONST, first + 1)] * (index > 0)
            inside += [
                Instruction(_LOAD_CONST, first),
                Instruction(_LOAD_CONST, place),
                Instruction(_STORE_SUBSCR),
            ]
        inside.append(Instruction(_POP_TOP))
        cell += 1
        loop = Instruction(_FOR_ITER)
        loop.skip(inside)
        found[each] = [Instruction(_LOAD_CONST, cell), loop, *inside]
        for one in found[each]:
            one.position = positions[each]
    return found


def _marks(
    body: Body, names: tuple[str, ...]
) -> Iterator[tuple[Instruction, tuple[Instruction, tuple[int, int]]]]:
    """Yield the two instructions of each mark, which load what no source can name, and its branch."""
    marks = {place: branch for place, name in enumerate(names) if (branch := branch_of(name))}
    for load, pop in zip(body.instructions, body.instructions[1:], strict=False) if marks else ():
        if load.operation in _LOADS_NAME:
            branch = marks.get(load.argument >> (_SHIFT if load.operation == _LOAD_GLOBAL else 0))
            if branch is not None:
                yield load, (pop, branch)


def _join(told: dict[Instruction, list[int]], marks: Iterable[Instruction], body: Body) -> None:
    """Let what marks tell and the line behind them be told together, where only marks lead there."""
    targets = {each.target for each in body.instructions}
    following = dict(zip(body.instructions, body.instructions[2:], strict=False))
    for load in marks:
        after = following.get(load)
        if after in told and after not in marks and after not in targets:
            told[load] += told.pop(after)


def _positions(body: Body, gone: set[Instruction]) -> dict[Instruction, Position]:
    """Return where a probe before each instruction stands: with what follows the mark whose place it takes.

    A mark may be all that there is of its line, which a debugger is to see.
    """
    others = {each.position[0] for each in body.instructions if each not in gone} | {None}
    found: dict[Instruction, Position] = {}
    following = NOWHERE
    for each in reversed(body.instructions):
        if each not in gone or each.position[0] not in others:
            following = each.position
        found[each] = following if following[0] else each.position
    return found


def _without_marks(body: Body, names: tuple[str, ...]) -> tuple[str, ...]:
    """Take the marks' names out of those of code, whose instructions tell names by their places."""
    kept = [place for place, name in enumerate(names) if not branch_of(name)]
    if len(kept) < len(names):
        new = {old: place for place, old in enumerate(kept)}
        for each in body.instructions:
            if each.operation in hasname:
                shift = _SHIFT if each.operation == _LOAD_GLOBAL else 0
                each.argument = new[each.argument >> shift] << shift | each.argument & shift
    return tuple(names[place] for place in kept)


def _let_code_be_copied() -> None:
    """Let marshal take code although it carries probes: the copy has none that tells anything.

    pickle, by which cloudpickle copies functions, takes probes as they are; they tell a map of nobody's there.
    """
    if hasattr(marshal.dumps, "__wrapped__"):  # this module under another name was here before
        return

    def taken(original: Any) -> Any:
        def dump(value: Any, *rest: Any) -> Any:
            try:
                return original(value, *rest)
            except ValueError:
                if not isinstance(value, types.CodeType):
                    raise
            return original(_silenced(value), *rest)

        dump.__wrapped__ = original  # type: ignore[attr-defined]
        return dump

    for name in ("dump", "dumps"):
        setattr(marshal, name, taken(getattr(marshal, name)))


def _silenced(code: types.CodeType) -> types.CodeType:
    """Return code whose probes are passed by, with nothing in the places of what they need."""
    body = Body(code)
    consts: list[Any] = []
    for load, loop in zip(body.instructions, body.instructions[1:], strict=False):
        if load.operation == _LOAD_CONST and type(code.co_consts[load.argument]) is _Cell:
            load.operation, loop.operation = _NOP, _JUMP_FORWARD
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            consts.append(_silenced(const))
        else:
            consts.append(None if isinstance(const, (_Cell, mmap)) else const)
    return body.replace(co_consts=tuple(consts))


_let_code_be_copied()
