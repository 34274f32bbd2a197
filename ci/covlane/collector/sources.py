"""Which files are measured, and what the repository calls them."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Optional

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matcher(patterns: list[str]) -> "re.Pattern[str]":
    """Compile globs over repo-relative `/` names; `**` crosses folders, a folder's name means all below it."""
    parts = []
    for pattern in patterns:
        tokens = re.split(r"(\*\*/|\*\*|\*|\?)", pattern.rstrip("/"))
        parts.append("".join(_GLOB.get(token, re.escape(token)) for token in tokens) + "(?:/.*)?")
    return re.compile("|".join(parts) if parts else r"(?!)", re.DOTALL)


class Sources:
    """The measured files below `source`, without those that `omit` names. Real paths are the identity."""

    def __init__(self, root: str, source: list[str], omit: list[str]) -> None:
        self._roots = [(os.path.realpath(os.path.join(root, name)), name) for name in source]
        # The most specific source names a file.
        self._roots.sort(key=lambda pair: -len(pair[0]))
        self._omit = matcher(omit)
        self._known: dict[str, Optional[str]] = {}

    def real(self, filename: str) -> Optional[str]:
        """Return the real path of a measured file, or None for any other name that code may carry."""
        try:
            return self._known[filename]
        except KeyError:
            real = os.path.realpath(filename) if filename.endswith(".py") else ""
            found = self._known[filename] = real if real and self.name(real) else None
            return found

    def name(self, real: str) -> Optional[str]:
        """Return the repo-relative name of a real path, or None where it is not measured."""
        for base, source in self._roots:
            if real == base or real.startswith(base.rstrip(os.sep) + os.sep):
                below = os.path.relpath(real, base)
                if _lies_in_foreign(base, os.path.dirname(below)):
                    return None
                name = os.path.normpath(os.path.join(source, below)).replace(os.sep, "/")
                return None if self._omit.fullmatch(name) else name
        return None

    def walk(self) -> Iterator[str]:
        """Yield the real path of every measured file, imported or not, each once, in order."""
        found = set()
        for base, _ in self._roots:
            if os.path.isfile(base):
                found.add(base)
            for folder, folders, files in os.walk(base):
                folders[:] = [name for name in folders if not _foreign(folder, name)]
                found.update(os.path.realpath(os.path.join(folder, name)) for name in files)
        return (path for path in sorted(found) if self.real(path))


def _lies_in_foreign(base: str, folders: str) -> bool:
    for name in folders.split(os.sep) if folders else ():
        if _foreign(base, name):
            return True
        base = os.path.join(base, name)
    return False


def _foreign(folder: str, name: str) -> bool:
    """Say whether a folder below a source holds somebody else's code."""
    return (
        name.startswith(".")
        or name in ("__pycache__", "node_modules")
        or os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
    )
