"""noxfile.py: covlane's sessions beside those that a repository has."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from covlane.errors import UsageError
from covlane.scaffold import python_file
from covlane.scaffold.change import LEAVE, Edit, append

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
NAMES = frozenset({"compare", "coverage", "report", "workflow"})


#: The prefix of the names where one of them is taken.
PREFIX = "covlane-"


def sessions_file(old: bytes | None, prefix: str = "") -> Edit:
    """Return the edit of noxfile.py; the names of covlane's sessions start with `prefix`.

    Raises:
        UsageError: it is not valid Python, or one of its sessions has the name of one of covlane's.
    """
    if old is None:
        return Edit(NEW.encode(), "nox finds the coverage sessions here")
    if python_file.imports_any(python_file.parse(PATH, old), "covlane"):
        return LEAVE
    if names := taken(old, prefix):
        raise UsageError(
            f"{PATH} has a session {names[0]!r}, which covlane's would replace",
            f'set `prefix = "{PREFIX}"` in [tool.covlane], or rename the session',
        )
    return Edit(append(_with_dependency(old), ADDED), "adds the coverage sessions to yours")


def taken(old: bytes | None, prefix: str) -> list[str]:
    """Return the names of covlane's sessions that others of a noxfile have; none where covlane is in it.

    Raises:
        UsageError: it is not valid Python.
    """
    if old is None or python_file.imports_any(tree := python_file.parse(PATH, old), "covlane"):
        return []
    return sorted({prefix + name for name in NAMES}.intersection(_sessions(tree)))


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
