"""noxfile.py: covlane's sessions beside those that a repository has."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from covlane.errors import UsageError
from covlane.scaffold import python_file
from covlane.scaffold.change import LEAVE, Part, append

if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "noxfile.py"
NEW = '''\
# /// script
# dependencies = ["covlane", "nox[uv]>=2026.4"]
# ///
"""The coverage lane's sessions: `nox -l` lists them, `nox -s coverage` runs them."""

from covlane import sessions

sessions.register()
'''
ADDED = """

from covlane import sessions as covlane_sessions  # noqa: E402

covlane_sessions.register()
"""
#: Names that `covlane.sessions.register` gives; nox keeps one session of a name, the last.
NAMES = frozenset({"coverage", "report", "workflow"})


def sessions_file(old: bytes | None) -> Part:
    """Return what becomes of noxfile.py.

    Raises:
        UsageError: it is no Python, or one of its sessions has a name that covlane's would take from it.
    """
    if old is None:
        return Part(NEW.encode(), "nox finds the coverage sessions here")
    tree = python_file.parse(PATH, old)
    if python_file.imports_any(tree, "covlane"):
        return LEAVE
    if taken := sorted(NAMES.intersection(_sessions(tree))):
        raise UsageError(
            f"{PATH} has a session {taken[0]!r} of its own, which covlane's would replace",
            f'rename it, for instance `@nox.session(name="old-{taken[0]}")`, and run `covlane init` again',
        )
    return Part(append(_with_dependency(old), ADDED), "adds the coverage sessions to yours")


def _sessions(tree: ast.Module) -> Iterator[str]:
    """Yield the names of functions decorated with `session`, by the decorator's `name` where it has one."""
    for node in ast.walk(tree):
        for decorator in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
            called = decorator.func if isinstance(decorator, ast.Call) else decorator
            if getattr(called, "attr", getattr(called, "id", "")) not in {"session", "nox_session"}:
                continue
            keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
            named = [keyword.value for keyword in keywords if keyword.arg == "name"]
            literal = named[0].value if named and isinstance(named[0], ast.Constant) else None
            yield literal if isinstance(literal, str) else getattr(node, "name", "")


def _with_dependency(old: bytes) -> bytes:
    """Name covlane in the file's script block (PEP 723), if it has one: nox builds its environment from it."""
    block = re.search(rb"(?ms)^# /// script\r?$.*?^# ///\r?$", old)
    start = re.search(rb"(?m)^# *dependencies *= *\[", block.group()) if block else None
    if block is None or start is None or re.search(rb"[\"']covlane\b(?!-)", block.group()):
        return old
    at = block.start() + start.end()
    return old[:at] + b'"covlane", ' + old[at:]
