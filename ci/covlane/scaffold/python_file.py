"""What init asks of a Python file before it adds a line, read from its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import sys
import warnings
from typing import TYPE_CHECKING

from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


def parse(path: str, content: bytes) -> ast.Module:
    """Return the file's syntax tree; an encoding cookie and a byte order mark are honoured.

    Raises:
        UsageError: the file is not valid for the Python that runs covlane.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about literals in a file that is not ours
            return ast.parse(content, path)
    except SyntaxError as error:
        where, reason = (f"{path}:{error.lineno}" if error.lineno else path), error.msg
    except ValueError as error:  # a null byte, before Python 3.11.4
        where, reason = path, str(error)
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    raise UsageError(f"{where} is not valid {python}: {reason}", "fix it; nothing was changed")


def imports_any(tree: ast.Module, *packages: str) -> bool:
    """Say whether the file imports one of the packages, or from one of them, anywhere."""
    return any(module.partition(".")[0] in packages for module in _imported(tree))


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


def bound_objects(tree: ast.Module) -> set[str]:
    """Return the names that the module's own statements assign or import, literals aside."""
    names: set[str] = set()
    for node in _statements(tree.body):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)) and not isinstance(node.value, ast.Constant):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names.update(target.id for target in targets if isinstance(target, ast.Name))
    return names


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run in the module's own scope, those below `if`, `try` and `with` too."""
    for node in body:
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            for field in ("body", "orelse", "handlers", "finalbody"):
                yield from _statements(getattr(node, field, []))
