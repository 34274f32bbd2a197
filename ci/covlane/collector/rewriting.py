"""The modules that pytest compiles itself, measured: plugins and conftests below the sources."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .marks import mark

if TYPE_CHECKING:
    import ast
    import types

    from .slipcover_engine import Engine


def hook(engine: Engine) -> None:
    """Measure the files that pytest rewrites, in any process that has pytest's rewriting loaded.

    pytest compiles these on its own and keeps the result in its cache; for measured files the cache is left
    alone in both directions, branches are marked before the rewriting, and the code is instrumented where it
    is about to run. Every name below exists in pytest 7.4 to 9.2; the arguments are taken by position.
    """
    rewrite: Any = sys.modules["_pytest.assertion.rewrite"]
    rewrite_asserts, read_pyc, write_pyc = rewrite.rewrite_asserts, rewrite._read_pyc, rewrite._write_pyc
    real = engine.sources.real

    def marked_rewrite(module: ast.Module, source: bytes, *rest: Any, **named: Any) -> Any:
        path = named.get("module_path") or (rest[0] if rest else None)
        if engine.branch and path and real(path):
            try:
                mark(module)
            except OverflowError as error:
                engine.unbranched(path, str(error))
        return rewrite_asserts(module, source, *rest, **named)

    def read(path: Any, *rest: Any, **named: Any) -> Any:
        return None if real(str(path)) else read_pyc(path, *rest, **named)

    def write(state: Any, code: types.CodeType, *rest: Any, **named: Any) -> Any:
        return False if real(code.co_filename) else write_pyc(state, code, *rest, **named)

    def execute(code: types.CodeType, namespace: dict[str, Any]) -> None:
        if real(code.co_filename):
            code = engine.instrument(code, sys.modules.get(namespace["__name__"]))
        exec(code, namespace)  # noqa: S102 - in the place of pytest's own

    rewrite.rewrite_asserts, rewrite._read_pyc, rewrite._write_pyc = marked_rewrite, read, write
    rewrite.exec = execute
