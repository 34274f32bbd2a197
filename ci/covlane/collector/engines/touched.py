"""Which files of the repository each test opens and which folders it lists, by audit events."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ..leg.stdlib import os

if TYPE_CHECKING:
    from collections.abc import Callable

#: Folders whose content is made by tools, or is no file of the repository's.
_MADE = frozenset(
    ["__pycache__", ".git", ".nox", ".tox", ".venv", "venv", "node_modules", "site-packages", ".pytest_cache"]
)
#: Where code is read to be run or shown: what it does is known by its lines.
_READERS = ("<frozen importlib", "linecache.py", "tokenize.py", "assertion/rewrite.py", "zipimport")
#: pytest lists folders to collect: a test file that is new runs in any case.
_PYTEST = f"{os.sep}_pytest{os.sep}"
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_DEPTH = 8
#: Names whose real paths are kept.
_MANY = 10_000
#: Frames in which pytest itself is what lists; further out it runs the test that does.
_NEAR = 2
_EVENTS = frozenset(["open", "os.listdir", "os.scandir"])


def watch_files(root: str, apart: list[str], touched: Callable[[str], None]) -> None:
    """Have the real path of each file that is opened to be read, and of each folder that is listed, handed on.

    Args:
        root: the repository's folder.
        apart: folders below it that do not count.
        touched: takes each path, once for each time.
    """
    inside = os.path.realpath(root) + os.sep
    without = tuple(os.path.realpath(each) + os.sep for each in apart)
    known: dict[tuple[str, str], str] = {}

    def located(path: str) -> str:
        real = os.path.realpath(path)
        if not (real + os.sep).startswith(inside) or (real + os.sep).startswith(without):
            return ""
        parts = real[len(inside) :].split(os.sep)
        return "" if real.endswith(".pyc") or not _MADE.isdisjoint(parts) else real

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in _EVENTS or not (path := _path(event, arguments)):
            return
        try:
            key = (path, "") if os.path.isabs(path) else (path, os.getcwd())
            if (real := known.get(key)) is None:
                if len(known) > _MANY:  # names of temporary files come once
                    known.clear()
                real = known[key] = located(path)
            if real and not ((event != "open" or real.endswith(".py")) and _is_reading_code()):
                touched(real)
        except (OSError, ValueError):  # a name that is none, a folder that is gone
            return

    sys.addaudithook(audited)


def _path(event: str, arguments: tuple[Any, ...]) -> str:
    """Return the path of a file that is opened to be read, or of a folder that is listed; "" for what else is opened."""
    path = arguments[0]
    if event == "open":
        _, mode, flags = arguments
        if isinstance(mode, str):
            writes = "r" not in mode and "+" not in mode
        else:
            writes = bool(flags & (os.O_WRONLY | os.O_CREAT)) if isinstance(flags, int) else False
        path = None if writes else path
    elif path is None:
        path = "."
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    return path if isinstance(path, str) else ""


def _is_reading_code() -> bool:
    """Say whether what opens a file, or lists a folder, imports it, shows it in a traceback, or measures it."""
    frame = sys._getframe(2)
    for depth in range(_DEPTH):
        if frame is None:
            return False
        name = frame.f_code.co_filename
        if (
            name.startswith((_HERE, *_READERS))
            or name.endswith(_READERS)
            or (depth < _NEAR and _PYTEST in name)
        ):
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
