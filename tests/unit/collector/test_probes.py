"""Up to Python 3.11: code with probes is, but for them, the code that was there."""

from __future__ import annotations

import ast
import gc
import marshal
import pickle
import sys
import types
import weakref
from array import array
from pathlib import Path
from typing import Any

import pytest

from covlane.collector.engines.codes import codes
from covlane.collector.engines.probes import recorder as probes
from covlane.collector.engines.probes import tracing
from covlane.collector.engines.probes.bytecode import Body
from covlane.collector.instrument import marks
from covlane.collector.leg import record
from covlane.collector.leg.guard import Guard

if sys.version_info >= (3, 12):
    pytest.skip("sys.monitoring tells lines there", allow_module_level=True)

LIBRARY = sorted(path for path in Path(ast.__file__).parent.glob("*.py") if path.stat().st_size < 60_000)
FIELDS = (
    "argcount cellvars exceptiontable firstlineno flags freevars kwonlyargcount name names qualname varnames"
)
LOOP = """\
def f(values):
    for value in values:
        if value:
            return value
    return None
"""


class Told:
    """Code with probes, and what they have told."""

    def __init__(self, source: str, name: str = "a.py") -> None:
        self._recorder = probes.Recorder(Guard(), self._flags, branch=True)
        text = source.encode()
        code, unmarked, _ = marks.compile_marked(text, name, branch=True)
        assert unmarked is None
        # As the cache keeps it.
        frozen = marshal.loads(marshal.dumps(self._recorder.freeze(code, text)))
        self.code = self._recorder.watch(frozen, None)

    def _flags(self, _name: str, numbers: Any) -> record.Flags:
        self._numbers = array("I", numbers)
        self._map = record.Map(-1, len(self._numbers) + 5)
        return record.Flags(memoryview(self._map)[5:], self._numbers, 5)

    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = {"__name__": "a"}
        exec(self.code, found)
        return found

    @property
    def items(self) -> set[record.Item]:
        return {record.item(each) for each, flag in zip(self._numbers, self._map[5:], strict=True) if flag}


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_code_taken_apart_and_put_together_is_the_same(path: Path) -> None:
    for code in codes(compile(path.read_bytes(), "a.py", "exec", dont_inherit=True)):
        made = Body(code).replace()
        assert made.co_code == code.co_code
        assert list(made.co_lines()) == list(code.co_lines())
        if sys.version_info >= (3, 11):
            assert list(made.co_positions()) == list(code.co_positions())
            assert made.co_exceptiontable == code.co_exceptiontable


@pytest.mark.parametrize("path", LIBRARY[::3], ids=lambda path: path.name)
def test_what_a_program_can_ask_of_its_code_is_what_it_was(path: Path) -> None:
    source = path.read_text("utf-8")
    plain = codes(compile(source, "a.py", "exec", dont_inherit=True))
    for own, code in zip(plain, codes(Told(source).code), strict=True):
        for name in set(FIELDS.split()) - {"exceptiontable"}:
            assert getattr(own, "co_" + name, None) == getattr(code, "co_" + name, None)
        kinds = types.CodeType
        count = len(own.co_consts)
        assert [one for one in code.co_consts[:count] if not isinstance(one, kinds)] == [
            one for one in own.co_consts if not isinstance(one, kinds)
        ]


def test_probes_tell_lines_and_branches_as_they_run() -> None:
    told = Told(LOOP)
    assert told.items == set()
    function = told.run()["f"]
    assert told.items == {1}
    assert function([0]) is None
    assert told.items == {1, 2, 3, 5, (2, 3), (3, 2), (2, 5)}
    assert function([1]) == 1
    assert told.items == {1, 2, 3, 4, 5, (2, 3), (3, 2), (3, 4), (2, 5)}


@pytest.mark.parametrize("value", ["(3, 4)", "(3, 6)", "'3->4'", "{(3, 4): 1}", "frozenset({(3, 4)})"])
def test_what_looks_like_a_branch_in_a_source_is_a_value(value: str) -> None:
    source = f"""\
def f(given):
    _slipcover_branches = {value}
    if given:
        if given == {value}:
            return {value}
    return _slipcover_branches
_slipcover_branches = {value}
"""
    plain: dict[str, Any] = {}
    exec(source, plain)
    found = Told(source).run()
    for given in (None, plain["_slipcover_branches"]):
        assert found["f"](given) == plain["f"](given)
    assert found["_slipcover_branches"] == plain["_slipcover_branches"]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="instructions have no columns")
def test_instructions_keep_their_columns() -> None:
    source = "def f(a, b):\n    if a:\n        return (a + 1) / (b - b)\n    return 0\n"
    function = Told(source).run()["f"]
    with pytest.raises(ZeroDivisionError) as error:
        function(1, 2)
    trace = error.value.__traceback__
    assert trace is not None
    assert trace.tb_next is not None
    positions = list(function.__code__.co_positions())
    assert positions[trace.tb_next.tb_lasti // 2] == (3, 3, 15, 32)
    assert all(None not in position for position in positions)


def test_nothing_keeps_code_or_classes_alive() -> None:
    found = Told("class C:\n    def m(self):\n        if self:\n            return 1\n").run()
    found["C"]().m()
    ends = weakref.ref(found["C"]), weakref.ref(found["C"].m.__code__)
    found.clear()
    gc.collect()
    assert [end() for end in ends] == [None, None]


def test_code_can_be_hashed_and_copied_and_copies_tell_nobody() -> None:
    told = Told(LOOP)
    code = told.run()["f"].__code__
    assert tracing.has_probes(code)
    hash(code)
    copy = types.FunctionType(marshal.loads(marshal.dumps(code)), {})
    assert not tracing.has_probes(copy.__code__)
    assert copy([0, 7]) == 7
    consts = pickle.loads(pickle.dumps(code.co_consts))
    copy = types.FunctionType(code.replace(co_consts=consts), {})
    hash(copy.__code__)
    assert copy([0, 7]) == 7
    assert told.items == {1}


def test_long_code_jumps_as_far_as_it_should() -> None:
    rows = "".join(f"        if number == {each}:\n            found.append({each})\n" for each in range(400))
    source = f"def f(numbers):\n    found = []\n    for number in numbers:\n{rows}    return found\n"
    assert Told(source).run()["f"]([399, 0, 400, 7]) == [399, 0, 7]
