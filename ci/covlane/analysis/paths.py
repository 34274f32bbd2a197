"""Where the repository keeps a file that a report names in its own way: other roots, systems, installations."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING

from covlane.analysis.neighbours import Neighbours

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_ABSOLUTE = re.compile("/|[A-Za-z]:/")
#: Where interpreters and package managers keep what is not the repository's; an import's name follows.
_INSTALLED = re.compile(
    r"(?:.*/)?(?:site-packages|dist-packages|node_modules|lib/python3\.\d+t?|python3\d{1,2}/lib)/",
    re.IGNORECASE,
)
_GLOB = {"**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}


class Places:
    """The repository's files, by any name that a report may have for one.

    Args:
        real: the file that a repo-relative name stands for, symlinks resolved; None where there is none.
        listed: the names of the repository's files, for those that differ in case.
        sources: the measured folders and modules, whose last parts are the names of imports.
        aliases: `[tool.covlane.paths]`: lists of a folder, then globs for its equivalents elsewhere.
        roots: the repository itself, as absolute names.
        neighbours: what other projects of the checkout have.
    """

    def __init__(
        self,
        real: Callable[[str], str | None],
        *,
        listed: Callable[[], Iterable[str]] = tuple,
        sources: Sequence[str] = (),
        aliases: Mapping[str, Sequence[str]] | None = None,
        roots: Sequence[str] = (),
        neighbours: Neighbours | None = None,
    ) -> None:
        self._real = real
        self._listed = listed
        self._sources = [posixpath.normpath(source) for source in sources]
        self._roots = tuple(_slashed(root).rstrip("/").casefold() + "/" for root in roots)
        self._neighbours = neighbours or Neighbours("", (), lambda _: False)
        lists = (aliases or {}).values()
        self._aliases = [(_glob(pattern), folder) for folder, *patterns in lists for pattern in patterns]
        self._own: dict[str, str] = {}

    def own(self, name: str) -> str:
        """Return the place of a leg's own, repo-relative name; a file that only a leg had keeps it."""
        if name not in self._own:
            self._own[name] = next(self._known(self._aliased(name)), None) or self._find(name) or name
        return self._own[name]

    def place(self, written: str, sources: Sequence[str] = (), folder: str = "") -> str | None:
        """Return the one place that a name can stand for, or None.

        Args:
            written: the name, of any root and with any separators.
            sources: roots of the name, where its report tells.
            folder: the report's own, repo-relative, from which the name may start.
        """
        name = _slashed(written)
        spelled = [name]
        if not _ABSOLUTE.match(name):
            roots = [_slashed(source) for source in sources] or ["."]
            names = filter(None, (name, self._neighbours.own(name)))
            spelled = [posixpath.join(base, root, n) for n in names for root in roots for base in _up(folder)]
        for rule in (self._aliased, self._installed, self._inside, self._imported, self._elsewhere):
            found = set(self._known(place for name in spelled for place in rule(posixpath.normpath(name))))
            if found:
                return found.pop() if len(found) == 1 else None
            if any(self._neighbours.has(posixpath.normpath(name)) for name in spelled):
                return None
        return None

    def _known(self, names: Iterable[str]) -> Iterator[str]:
        return (place for name in names if (place := self._find(name)))

    def _find(self, name: str) -> str | None:
        """Return the file of a repo-relative name, with the case that the repository gives it."""
        name = posixpath.normpath(name)
        if name.startswith(("../", "/")):
            return None
        known = self._folded.get(name.casefold(), ())
        return self._real(known[0] if len(known) == 1 else name)

    @cached_property
    def _folded(self) -> dict[str, list[str]]:
        folded: dict[str, list[str]] = {}
        for name in self._listed():
            folded.setdefault(name.casefold(), []).append(name)
        return folded

    def _aliased(self, name: str) -> Iterator[str]:
        for pattern, folder in self._aliases:
            if match := pattern.match(name):
                yield posixpath.join(folder, name[match.end() :])

    def _installed(self, name: str) -> Iterator[str]:
        match = _INSTALLED.match(name)
        return self._below_sources(name[match.end() :]) if match else iter(())

    def _inside(self, name: str) -> Iterator[str]:
        if _INSTALLED.match(name):
            return
        if not _ABSOLUTE.match(name):
            yield name
        for root in self._roots:
            if name.casefold().startswith(root):
                yield name[len(root) :]

    def _imported(self, name: str) -> Iterator[str]:
        """Take a name of no root for an import's, or for one that starts at a source."""
        if not name.startswith(".") and not _ABSOLUTE.match(name) and not _INSTALLED.match(name):
            yield from self._below_sources(name)
            yield from self._below_sources(name, "")

    def _below_sources(self, name: str, start: str = "..") -> Iterator[str]:
        """Yield where the file of an import would be: `pkg/a.py` of the source `src/pkg` in `src`."""
        for source in self._sources:
            place = posixpath.normpath(posixpath.join(source, start, name))
            if place == source or place.startswith(source + "/"):
                yield place

    def _elsewhere(self, name: str) -> Iterator[str]:
        """Take a name below another checkout's root for ours: the longest end of it that is a file here."""
        if not _ABSOLUTE.match(name) or _INSTALLED.match(name) or name.casefold().startswith(self._roots):
            return iter(())
        parts = name.split("/")
        # The last part alone, an `__init__.py`, says nothing.
        return islice(self._known("/".join(parts[start:]) for start in range(1, len(parts) - 1)), 1)


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _up(folder: str) -> Iterator[str]:
    """Yield a repo-relative folder and those above it, the repository's root last."""
    while folder not in {"", "."}:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a folder of `[paths]`, as coverage.py reads it: `*` within a part, `*/` before it any folders."""
    pattern = re.sub(r"^\*+/", "**/", _slashed(pattern)).rstrip("/")
    tokens = re.split(r"(\*\*/|\*|\?)", pattern)
    return re.compile("".join(_GLOB.get(token, re.escape(token)) for token in tokens) + "/", re.IGNORECASE)
