"""The modules that pytest compiles itself, measured: tests, plugins and conftests below the sources."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .marks import Compiled, collecting_warnings, mark
from .sources import read as read_file

if TYPE_CHECKING:
    import ast
    import types
    from collections.abc import Callable

    from .instrumenter import Instrumenter


def hook(engine: Instrumenter) -> None:
    """Measure the files that pytest rewrites, in any process that has pytest's rewriting loaded.

    pytest compiles these on its own and keeps the result in its cache; for measured files that cache is left alone
    in both directions, branches are marked before the rewriting, what comes of it is kept in ours, and the code is
    instrumented where it is about to run. Every name below exists in pytest 7.4 to 9.2; the arguments that are not
    looked at are passed on as they come.
    """
    rewrite: Any = sys.modules["_pytest.assertion.rewrite"]
    rewrite_asserts, rewrite_test = rewrite.rewrite_asserts, rewrite._rewrite_test
    read_pyc, write_pyc = rewrite._read_pyc, rewrite._write_pyc
    real = engine.sources.real
    unmarked: dict[str, str] = {}

    def mark_and_rewrite(module: ast.Module, source: bytes, *rest: Any, **named: Any) -> Any:
        path = named.get("module_path") or (rest[0] if rest else None)
        if engine.branch and path and real(path) and path not in unmarked:
            mark(module)
        return rewrite_asserts(module, source, *rest, **named)

    def rewrite_once(path: Any, config: Any) -> Any:
        name = str(path)
        if not real(name):
            return rewrite_test(path, config)

        # What decides on pytest's side what comes of it; its own cache knows only the first.
        how = rewrite.PYC_TAIL, bool(config.getini("enable_assertion_pass_hook"))
        code = engine.cached_code(
            read_file(name), name, *how, make=lambda: _compiled(rewrite_test, unmarked, path, config)
        )
        if name in engine.warned:
            rewrite_test(path, config)  # which warns, or raises, as pytest's filters say
        # pytest's `exec_module` calls this: what runs then has no frame of ours below it.
        return None, engine.recorder().watch(code, sys._getframe(1).f_locals.get("module"))

    def read(path: Any, *rest: Any, **named: Any) -> Any:
        return None if real(str(path)) else read_pyc(path, *rest, **named)

    def write(state: Any, code: types.CodeType, *rest: Any, **named: Any) -> Any:
        return False if real(code.co_filename) else write_pyc(state, code, *rest, **named)

    rewrite.rewrite_asserts, rewrite._rewrite_test = mark_and_rewrite, rewrite_once
    rewrite._read_pyc, rewrite._write_pyc = read, write


def _compiled(rewrite_test: Callable[..., Any], unmarked: dict[str, str], path: Any, config: Any) -> Compiled:
    """Return what pytest compiles of a file, without marks where they are too much, and note why in `unmarked`."""
    with collecting_warnings(str(path)) as warned:
        try:
            code = rewrite_test(path, config)[1]
        except (OverflowError, RecursionError) as error:
            unmarked[str(path)] = f"{type(error).__name__}: {error}"
            code = rewrite_test(path, config)[1]
    return Compiled(code, unmarked.get(str(path)), bool(warned))
