"""Marks are where SlipCover's are: code marked by one walk equals, from Python 3.12 on, what SlipCover marks by three."""

from __future__ import annotations

import ast
import dis
import sys
import types
from pathlib import Path
from typing import Any

import pytest
import slipcover
from slipcover import branch

from covlane.collector.engines import executable, slipcover_compat
from covlane.collector.engines.codes import codes
from covlane.collector.instrument import marks

SOURCE = b"def f(a):\n    if a:\n        return 1\n    return 2\n"
#: Modules whose statements are of every kind, and a package of tests with some that are rare.
LIBRARY = sorted(path for path in Path(ast.__file__).parent.glob("*.py") if path.stat().st_size < 60_000)
EXTRA = """\
async def loops(them, other):
    async for one in them:
        if one:
            continue
        elif other:
            break
    else:
        while other:
            if one: other = None
    for one in other:
        for two in one:
            if two: pass
        else:
            if two: pass
    async with them as that:
        if that:
            pass

class Kept:
    "Documented."
    if loops:
        def method(self):
            "Documented."
            try:
                if self: return 1
            except ValueError:
                if self: return 2
            except TypeError:
                while self: pass
            else:
                if self: return 3
            finally:
                if self:
                    return 4
        x = 1
    if loops: y = 1

def outer():
    with outer:
        if outer:
            def inner():
                if inner: return
            return inner
"""
MATCHING = """\
def choose(what):
    match what:
        case 1:
            if what: return
        case [a, b] if a:
            pass
    match what:
        case 1 | 2: pass
        case _: pass
    match what:
        case int() | _:
            for _ in what: pass
    while what:
        match what:
            case {"a": 1}: pass
"""


def parts(code: object) -> object:
    """Return all that tells code from other code; frozen sets have no order."""
    if not isinstance(code, types.CodeType):
        return (type(code), frozenset(map(repr, code)) if isinstance(code, frozenset) else repr(code))
    names = ("name", "code", "names", "varnames", "flags", "stacksize", "linetable", "exceptiontable")
    starts = list(dis.findlinestarts(code))
    return (*(getattr(code, "co_" + name, None) for name in names), starts, *map(parts, code.co_consts))


def assert_marked_as_slipcover_does(code: types.CodeType, source: str) -> None:
    theirs = marked_by_slipcover(source)
    if marks.BY_LINE:
        assert parts(code) == parts(theirs)
    else:  # ours has other marks, at the same branches
        lines, branches = slipcover.Slipcover.lines_from_code, slipcover.Slipcover.branches_from_code
        able = executable.of_code(code, None, source.encode())
        # On Python 3.10 a mark of SlipCover's is the only code of `if (`: that is no line of the source's own.
        bare = set(lines(compile(source, "a.py", "exec", dont_inherit=True)))
        own = set(lines(theirs)) & bare if sys.version_info < (3, 11) else set(lines(theirs))
        assert able[:2] == (own, set(branches(theirs)))


def branches_of(code: types.CodeType, source: bytes) -> set[tuple[int, int]]:
    return executable.of_code(code, None, source).branches


def marked_by_slipcover(source: str) -> types.CodeType:
    tree = branch.preinstrument(ast.parse(source))
    for node in ast.walk(tree):
        # The case that SlipCover adds has the place of its `match`, of which other tracers are told there.
        if sys.version_info >= (3, 10) and isinstance(node, ast.Match) and len(node.cases) > 1:
            before, last = node.cases[-2:]
            if last.pattern.lineno == node.lineno:
                put(last.pattern, before.guard or before.pattern)
    return compile(tree, "a.py", "exec", dont_inherit=True)


def put(node: Any, place: Any) -> None:
    """Give a node the place of another."""
    for name in ("lineno", "end_lineno", "col_offset", "end_col_offset"):
        setattr(node, name, getattr(place, name))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.name)
def test_code_of_the_standard_library_is_slipcovers(path: Path) -> None:
    source = path.read_bytes()
    code, unmarked, _ = marks.compile_marked(source, "a.py", branch=True)
    assert unmarked is None
    assert_marked_as_slipcover_does(code, source.decode())


@pytest.mark.parametrize(
    "source",
    [
        EXTRA,
        pytest.param(MATCHING, marks=pytest.mark.skipif(sys.version_info < (3, 10), reason="no match")),
        pytest.param(
            "try: pass\nexcept* ValueError:\n    if __name__: pass\n",
            marks=pytest.mark.skipif(sys.version_info < (3, 11), reason="no except*"),
        ),
    ],
)
def test_code_of_rare_statements_is_slipcovers(source: str) -> None:
    code, _, _ = marks.compile_marked(source.encode(), "a.py", branch=True)
    assert_marked_as_slipcover_does(code, source)


@pytest.mark.parametrize("last", ["case _ as b", "case b as c", "case 1 | _ as b"])
@pytest.mark.skipif(sys.version_info < (3, 10), reason="no match")
def test_a_pattern_that_captures_under_two_names_is_the_last_case(last: str) -> None:
    source = f"match x:\n    case 1: pass\n    {last}:\n        pass\n"
    with pytest.raises(SyntaxError):
        marked_by_slipcover(source)
    code, unmarked, _ = marks.compile_marked(source.encode(), "a.py", branch=True)
    assert unmarked is None
    assert branches_of(code, source.encode()) == {(1, 2), (1, 4)}


def test_marks_put_branches_into_code_that_behaves_as_before() -> None:
    code, unmarked, _ = marks.compile_marked(SOURCE, "a.py", branch=True)
    assert unmarked is None
    assert branches_of(code, SOURCE) == {(2, 3), (2, 4)}


def test_code_that_cannot_be_marked_is_compiled_without_marks() -> None:
    source = b"\n" * 33_000 + b"if __name__:\n    X = 1\n"
    code, unmarked, _ = marks.compile_marked(source, "a.py", branch=True)
    assert isinstance(code, types.CodeType)
    assert "up to line 32,767" in str(unmarked)


def test_a_syntax_error_is_pythons_own() -> None:
    with pytest.raises(SyntaxError) as error:
        marks.compile_marked(b"def (:\n", "a.py", branch=True)
    assert error.value.filename == "a.py"


@pytest.mark.parametrize("path", LIBRARY[::5], ids=lambda path: path.name)
@pytest.mark.skipif(sys.version_info < (3, 11), reason="SlipCover's own are used")
def test_lines_and_branches_are_those_of_slipcovers_own_slow_functions(path: Path) -> None:
    def annotation_only(code: types.CodeType) -> set[int]:
        operations: dict[int, set[str]] = {}
        for instruction in dis.get_instructions(code):
            if instruction.positions and instruction.positions.lineno:
                operations.setdefault(instruction.positions.lineno, set()).add(instruction.opname)
        loading = {"LOAD_NAME", "LOAD_GLOBAL", "LOAD_ATTR", "BINARY_SUBSCR"}
        return {line for line, names in operations.items() if names <= loading}

    source = path.read_bytes()
    whole = marks.compile_marked(source, "a.py", branch=True).code
    if marks.BY_LINE:
        assert branches_of(whole, source) == set(slipcover.Slipcover.branches_from_code(whole))
    assert executable.of_code(whole, None, source).lines == set(slipcover.Slipcover.lines_from_code(whole))
    for code in codes(whole):
        assert slipcover_compat._scanned(code)[1] == annotation_only(code)
        silent = [dis.opmap[name] for name in ("RESUME", "RETURN_GENERATOR")]
        starts = {line for at, line in dis.findlinestarts(code) if line and code.co_code[at] not in silent}
        assert {line for _, line in slipcover_compat.line_starts(code)} == starts
