"""Run by a leg's Python: what the collector sees of a program beside what CPython's own tracer sees, and what is true.

Each program, a module of the standard library with its tests, runs three times: watched by the collector, traced by
`sys.settrace`, and with a note put into its source where each statement and each expression begins.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import importlib
import importlib.util
import io
import json
import sys
import threading
import unittest
import warnings
from array import array
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterable, Iterator

NOTE = "__began__"


class Notes(ast.NodeTransformer):
    """Puts the note of a line before each statement and each expression that begins there."""

    def visit(self, node: ast.AST) -> Any:
        if isinstance(node, (ast.pattern, ast.arg, ast.Delete, ast.JoinedStr)):
            return node
        for name in ("body", "orelse", "finalbody"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                setattr(node, name, [made for each in block for made in self.statement(each)])
        self.generic_visit(node)
        if not isinstance(node, ast.expr) or isinstance(node, (ast.IfExp, ast.Starred, ast.Slice)):
            return node  # a conditional expression begins with its condition
        if not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            return node
        return ast.copy_location(ast.BoolOp(ast.Or(), [self.note(node.lineno), node]), node)

    def statement(self, node: ast.stmt) -> Iterator[ast.stmt]:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            first = min(each.lineno for each in (node, *getattr(node, "decorator_list", ())))
            yield ast.copy_location(ast.Expr(self.note(first)), node)
        yield node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params", "format_spec"):
                continue
            if isinstance(value, list):
                setattr(node, name, [self.visit(each) if is_old(each) else each for each in value])
            elif isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
        return node

    def note(self, line: int) -> ast.expr:
        call = ast.Call(ast.Name(NOTE, ast.Load()), [ast.Constant(line)], [])
        call.made = True  # type: ignore[attr-defined]
        return call


def is_old(node: object) -> bool:
    """Say whether a node is the source's own."""
    value = getattr(node, "value", None)
    return isinstance(node, ast.AST) and not hasattr(value, "made")


def known(tree: ast.AST) -> set[int]:
    """Return the lines of which the notes tell all: nothing else than statements and expressions has code there."""
    begins: set[int] = set()
    vague: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.pattern, ast.arg, ast.alias, ast.ExceptHandler, ast.Delete, ast.JoinedStr)):
            vague.update(range(node.lineno, (node.end_lineno or 0) + 1))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            vague.update(range(node.lineno, node.body[0].lineno + 1))
        elif isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            vague.update(range(node.lineno, (node.end_lineno or 0) + 1))
        elif isinstance(node, ast.Attribute):
            vague.add(node.end_lineno or 0)  # its name may stand below
        elif isinstance(node, ast.expr) or type(node) in (ast.Expr, ast.Assign, ast.Return):
            begins.add(node.lineno)  # type: ignore[attr-defined]
    return begins - vague


def watched(source: bytes, path: str, run: Callable[[types.CodeType], None]) -> set[int]:
    """Return the lines that the collector sees."""
    from covlane.collector.engines import executable as worked
    from covlane.collector.engines import monitoring as monitor
    from covlane.collector.instrument import marks
    from covlane.collector.leg import guard, record

    found: list[record.Flags] = []

    def flags(_name: str, numbers: Iterable[int]) -> record.Flags:
        ordered = array("I", sorted(numbers))
        found.append(record.Flags(memoryview(bytearray(len(ordered))), ordered))
        return found[-1]

    recorder = monitor.Recorder(guard.Guard(), flags, branch=True)
    code = marks.compile_marked(source, path, branch=True).code
    code = recorder.watch(recorder.freeze(code, source), None)
    tool, event = monitor.tool(), monitor.monitoring.events.PY_START
    monitor.monitoring.register_callback(tool, event, lambda code, _: recorder.begin(code) and None)
    monitor.monitoring.set_events(tool, event)
    run(code)
    lines = worked.Reader(branch=True, exclude=[]).executable(source, path).lines
    return {
        line for each in found for line, ran in zip(each.numbers, each.memory, strict=True) if ran
    } & lines


def traced(source: bytes, path: str, run: Callable[[types.CodeType], None]) -> set[int]:
    """Return the lines that CPython tells a tracer of."""
    lines: set[int] = set()

    def trace(frame: types.FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_filename != path:
            return None
        if event == "line":
            lines.add(frame.f_lineno)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)
    try:
        run(compile(source, path, "exec", dont_inherit=True))
    finally:
        sys.settrace(None)
        threading.settrace(None)
    return lines


def began(source: bytes, path: str, run: Callable[[types.CodeType], None]) -> set[int]:
    """Return the lines on which a statement or an expression begins that was come to."""
    lines: set[int] = set()
    setattr(builtins, NOTE, lines.add)
    tree = ast.fix_missing_locations(Notes().visit(ast.parse(source)))
    run(compile(tree, path, "exec", dont_inherit=True))
    return lines


def compare(module: str, tests: str) -> dict[str, list[int]]:
    """Return the lines of a module on which the three ways to see its tests run do not agree."""
    spec = importlib.util.find_spec(module)
    assert spec is not None
    path = str(spec.origin)
    source = Path(path).read_bytes()
    left_out: set[str] = set()

    def run(code: types.CodeType) -> None:
        sys.modules.pop(tests, None)
        made = importlib.util.module_from_spec(spec)
        sys.modules[module] = made
        exec(code, made.__dict__)
        left_out.update(test_all(importlib.import_module(tests), left_out))

    for way in (began, traced, watched):  # what fails in one of them runs in none
        way(source, path, run)
    true, told, seen = (way(source, path, run) for way in (began, traced, watched))
    return {
        "seen, and neither told nor true": sorted(seen - told - true),
        "told, true, and not seen": sorted((executable(source, path) & told & true) - seen),
        "seen, and not true": sorted((seen & known(ast.parse(source))) - true),
    }


def executable(source: bytes, path: str) -> set[int]:
    """Return the lines that count."""
    from covlane.collector.engines import executable as worked

    return worked.Reader(branch=True, exclude=[]).executable(source, path).lines


def test_all(module: types.ModuleType, left_out: set[str]) -> set[str]:
    """Run the tests of a module, in silence, and return the names of those that fail."""
    found, result = [unittest.defaultTestLoader.loadTestsFromModule(module)], unittest.TestResult()
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for each in found:  # which grows
            for test in each:
                if isinstance(test, unittest.TestSuite):
                    found.append(test)
                elif test.id() not in left_out:
                    test.run(result)
    return {getattr(test, "test_case", test).id() for test, _ in (*result.failures, *result.errors)}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    programs = [each.split("=") for each in sys.argv[1:]]
    found = {module: compare(module, tests) for module, tests in programs}
    sys.stdout.write(json.dumps(found) + "\n")
