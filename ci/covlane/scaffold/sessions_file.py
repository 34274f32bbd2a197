"""noxfile.py: covlane's sessions beside those that a repository has."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from covlane.errors import UsageError
from covlane.scaffold import python_file
from covlane.scaffold.change import LEAVE, Edit, append, newline_of

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
#: nox loads the file for every session: those of others run where covlane is not installed, too.
ADDED = """

try:
    from covlane import sessions as covlane_sessions
except ModuleNotFoundError as error:  # coverage sessions are there where covlane is installed beside nox
    if error.name != "covlane":
        raise
else:
    covlane_sessions.register()
"""
_SCRIPT = re.compile(rb"(?ms)^# /// script\r?$.*?^# ///\r?$")
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
    why = "adds the coverage sessions to yours"
    if not _SCRIPT.search(old):
        why += "; install covlane where nox is: `pip install covlane`, `pipx inject nox covlane`"
    return Edit(_with_sessions(_with_dependency(old)), why)


def _with_sessions(old: bytes) -> bytes:
    """Put covlane's sessions at the end, or above what runs nox, which does not come back."""
    tree = python_file.parse(PATH, old)
    if last := next((node for node in tree.body if _runs_nox(node)), None):
        lines = old.splitlines(keepends=True)
        above, below = lines[: last.lineno - 1], lines[last.lineno - 1 :]
        head = b"".join(above).rstrip() + newline_of(old)
        return append(head, ADDED) + 2 * newline_of(old) + b"".join(below)
    return append(old, ADDED)


def _runs_nox(node: ast.stmt) -> bool:
    """Say whether a statement of the module calls `nox.main()`."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return False
    calls = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return any(ast.unparse(called) in {"nox.main", "nox.__main__.main", "main"} for called in calls)


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
    block = _SCRIPT.search(old)
    start = re.search(rb"(?m)^# *dependencies *= *\[", block.group()) if block else None
    if block is None or start is None or re.search(rb"[\"']covlane\b(?!-)", block.group()):
        return old
    at = block.start() + start.end()
    return old[:at] + b'"covlane", ' + old[at:]
