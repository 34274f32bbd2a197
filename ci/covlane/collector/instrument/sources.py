"""Which files are measured, and what the repository calls them; docs/sources.md has the rules."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..leg.stdlib import io, os

if TYPE_CHECKING:
    from collections.abc import Iterator

_GLOB = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
#: What Python imports from; `.pyw` is a script without a console.
SUFFIXES = (".py", ".pyw")
#: Where an installation keeps its copy of what it installed.
_INSTALLED = re.compile(r".*[\\/](?:site|dist)-packages[\\/]", re.DOTALL)

#: Python's own modules, and what measures.
FOREIGN = (os.path.dirname(os.__file__), os.path.dirname(os.path.abspath(__file__)))


def matcher(patterns: list[str]) -> re.Pattern[str]:
    """Compile globs over repo-relative `/` names; `**` crosses folders, a folder's name means all below it."""
    parts = []
    for pattern in patterns:
        plain = re.sub(r"^(?:\./+)+", "", pattern.replace("\\", "/")).rstrip("/")
        tokens = re.split(r"(\*\*/|\*\*|\*|\?)", plain)
        parts.append("".join(_GLOB.get(token, re.escape(token)) for token in tokens) + "(?:/.*)?")
    return re.compile("|".join(parts) if parts else r"(?!)", re.DOTALL)


class Sources:
    """The measured files below `source`, without those that `omit` names. Real paths are the identity."""

    def __init__(self, root: str, source: list[str], omit: list[str]) -> None:
        self._root = os.path.realpath(root)
        self._roots = [(os.path.realpath(os.path.join(root, name)), name) for name in source]
        # The most specific source names a file.
        self._roots.sort(key=lambda pair: -len(pair[0]))
        self._omit = matcher(omit)
        self._known: dict[str, str | None] = {}
        self._folders: dict[str, str] = {}
        # Every process asks for names of these, each forked child anew.
        self._foreign = tuple(folder + os.sep for folder in FOREIGN if not self._is_near(folder))

    def real(self, filename: str) -> str | None:
        """Return the real path of a measured file, or None for any other name that code may carry.

        A file of an installation stands for the source that it is a copy of.
        """
        if filename in self._known or filename.startswith("<"):
            return self._known.get(filename)
        if filename.startswith(self._foreign) and "-packages" not in filename:
            return None
        real = self._follow(filename)
        found = real if self.name(real) else self._original(real)
        if found:  # `finish` reads names as UTF-8, whatever this process's locale says
            found = os.fsencode(found).decode("utf-8", "surrogateescape")
        # A relative name can mean another file once the program has changed its folder.
        if found or os.path.isabs(filename):
            self._known[filename] = found
        return found

    def _is_near(self, folder: str) -> bool:
        """Say whether a folder holds a source, or is part of one."""
        real = os.path.join(os.path.realpath(folder), "")
        return any(real.startswith(base) or base.startswith(real) for base, _ in self._roots)

    def _follow(self, filename: str) -> str:
        """Return `os.path.realpath` of a file, which looks at each folder on its way, at each folder once."""
        folder, name = os.path.split(filename)
        if os.sep != "/" or not os.path.isabs(filename) or name in ("", ".", ".."):
            return os.path.realpath(filename)
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        path = os.path.join(self._folders[folder], name)
        return os.path.realpath(path) if os.path.islink(path) else path

    def name(self, real: str) -> str | None:
        """Return the repo-relative name of a real path, or None where it is not measured."""
        for base, source in self._roots:
            inside = base.rstrip(os.sep) + os.sep
            # A file that `source` names need not look like Python.
            if real == base or (real.startswith(inside) and real.endswith(SUFFIXES)):
                below = real[len(inside) :]
                if _lies_in_foreign(base, os.path.dirname(below)):
                    return None
                name = os.path.normpath(os.path.join(source, below)).replace(os.sep, "/")
                return None if self._omit.fullmatch(name) else name
        return None

    def walk(self) -> Iterator[tuple[str, str]]:
        """Yield the real path and the name of every measured file, imported or not, each once, in the paths' order."""
        found = set()
        for base, _ in self._roots:
            found.add(base)
            for folder, folders, files in os.walk(base):
                folders[:] = [name for name in folders if not _foreign(folder, name)]
                # It looks at each folder above: once for them all, and only for what is a link again.
                real = os.path.realpath(folder)
                paths = [os.path.join(real, name) for name in files]
                found.update(os.path.realpath(path) if os.path.islink(path) else path for path in paths)
        for path in sorted(found):
            name = self.name(path)
            if name and os.path.isfile(path):
                yield path, name

    def _original(self, real: str) -> str | None:
        """Return the source whose installed copy a file is: of the same import's name and the same content."""
        match = _INSTALLED.match(real) if real.endswith(SUFFIXES) else None
        for base, _ in self._roots if match else ():
            folder = base
            while match and folder.startswith(self._root):
                path = os.path.realpath(os.path.join(folder, real[match.end() :]))
                if os.path.isfile(path) and self.name(path) and read(path) == read(real):
                    return path
                folder = os.path.dirname(folder)
        return None


def read(path: str) -> bytes:
    """Return what a file holds; OSError where it cannot be read."""
    with io.open(path, "rb") as file:
        return file.read()


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
