"""Where the repository keeps a file that a report names in its own way: other roots, systems, installations."""

from __future__ import annotations

import posixpath
import re
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING
from urllib.parse import unquote

from covlane.analysis.neighbours import Neighbours
from covlane.model.globs import translate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_ABSOLUTE = re.compile("/|[A-Za-z]:/")
#: Where interpreters and package managers keep what is not the repository's; an import's name follows.
_INSTALLED = re.compile(
    r"(?:.*/)?(?:site-packages|dist-packages|node_modules|lib/python3\.\d+t?|python3\d{1,2}/lib)/",
    re.IGNORECASE,
)
#: What is never a file of the repository, wherever it lies: what systems, package managers and environments keep,
#: and what has no file at all. `docs/merge.md` lists it.
_OUTSIDE = re.compile(
    r"""
    /(?:usr/(?:local/)?(?:include|lib(?:32|64|exec)?|share)|opt/homebrew|nix/store|rustc|Library|Applications|System)/
    | [a-z]:/(?:Program\ Files(?:\ \(x86\))?|ProgramData|Windows|msys64|mingw(?:32|64)?)/
    | (?:.*/)?(?:
        node_modules | bower_components | \.yarn | \.pnpm-store
        | \.cargo/(?:registry|git) | \.rustup | go/pkg/mod | \.m2/repository | \.gradle | \.nuget/packages
        | \.conan2? | vcpkg_installed | _deps | \.build/checkouts | SourcePackages/checkouts | \.pub-cache
        | vendor/bundle | \.tox | \.nox | \.eggs | \.?venv/(?:lib|lib64|bin|include|Scripts)
      )/
    | <[^/]*>$ | node: | data: | (?:[\w.-]+:/+)?(?:\(?webpack\)?/(?:bootstrap|runtime|buildin|universalModule))
    | https?://(?!localhost\b|127\.0\.0\.1\b)
    """,
    re.IGNORECASE | re.VERBOSE,
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?://(?P<authority>[^/]*))?(?P<path>/[^?#]*)")
_QUERY = re.compile("[?#].*")
_DRIVE = re.compile("^/(?=[A-Za-z]:/)")
#: What bundlers put before the name of a module: its layer, or the root that it was found in.
_LAYER = re.compile(r"(?:\([\w-]+\)|\[[\w-]+\])/")


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
        for name in dict.fromkeys((written, written.strip())):
            spelled = self._spelled(name, sources, folder)
            rules = [self._aliased, self._installed]
            if not self._beyond(_slashed(name)):
                rules += [self._inside, self._imported, self._elsewhere]
            for rule in rules:
                found = set(self._known(place for one in spelled for place in rule(one)))
                if found:
                    return found.pop() if len(found) == 1 else None
                if any(self._neighbours.has(one) for one in spelled):
                    return None
        return None

    def outside(self, written: str, sources: Sequence[str] = ()) -> bool:
        """Say whether a name that has no place is of a system, a package manager, an environment or another project."""
        written = written.strip()
        names = [_slashed(written), *self._spelled(written, sources, "")]
        return any(self._beyond(name) or self._neighbours.beside(name) for name in names)

    def relative(self, written: str, sources: Sequence[str] = (), folder: str = "") -> set[str]:
        """Return the repo-relative names that a name may mean, whether there are such files or not."""
        names = (self._below(name) for name in self._spelled(written.strip(), sources, folder))
        return {name for name in names if not _ABSOLUTE.match(name) and not name.startswith("../")}

    def _spelled(self, written: str, sources: Sequence[str], folder: str) -> list[str]:
        """Return the names that a report may mean by one: from its roots, and from its folder and those above."""
        found = []
        for name in _paths(written):
            if _ABSOLUTE.match(name):
                found.append(name)
            else:
                roots = [root for source in sources for root in _paths(source)] or ["."]
                names = filter(None, (name, self._neighbours.own(name)))
                found += [
                    posixpath.join(base, root, one) for one in names for root in roots for base in _up(folder)
                ]
        return list(dict.fromkeys(map(posixpath.normpath, found)))

    def _below(self, name: str) -> str:
        """Return what follows the repository in an absolute name, and any other name as it is."""
        root = next((root for root in self._roots if name.casefold().startswith(root)), "")
        return name[len(root) :]

    def _beyond(self, name: str) -> bool:
        """Say whether this is a place of others' files; what the repository itself keeps there is its own."""
        below = self._below(name)
        if _INSTALLED.match(below):
            return True
        return bool(_OUTSIDE.match(below)) and below.casefold() not in self._folded

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
        match = _INSTALLED.match(self._below(name))
        return self._below_sources(match.string[match.end() :]) if match else iter(())

    def _inside(self, name: str) -> Iterator[str]:
        below = self._below(name)
        if not _ABSOLUTE.match(below) and not self._beyond(name):
            yield below

    def _imported(self, name: str) -> Iterator[str]:
        """Take a name of no root for an import's, or for one that starts at a source."""
        if not name.startswith(".") and not _ABSOLUTE.match(name) and not self._beyond(name):
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
        if not _ABSOLUTE.match(self._below(name)) or self._beyond(name):
            return iter(())
        parts = name.split("/")
        # The last part alone, an `__init__.py`, says nothing.
        return islice(self._known("/".join(parts[start:]) for start in range(1, len(parts) - 1)), 1)


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _paths(written: str) -> list[str]:
    """Return the path that a name is, or those that a URL may stand for: `webpack://pkg/./src/x.ts` is `src/x.ts`."""
    name = _slashed(written)
    url = _URL.fullmatch(_QUERY.sub("", name))
    if url is None:
        return [_DRIVE.sub("", name.removeprefix("/@fs"))]  # as vite names what is outside of its root
    authority, path = url["authority"] or "", unquote(url["path"])
    if url["scheme"].lower() == "file":
        path = f"/{authority}{path}" if authority.endswith(":") else path  # file://C:/x
        return [_DRIVE.sub("", path)]
    path = _LAYER.sub("", path[1:], count=1)
    return [path, f"{authority}/{path}"] if authority else [path]


def _up(folder: str) -> Iterator[str]:
    """Yield a repo-relative folder and those above it, the repository's root last."""
    while folder not in {"", "."}:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a folder of `[paths]`, as coverage.py reads it: `*` within a part, `*/` before it any folders."""
    pattern = re.sub(r"^\*+/", "**/", _slashed(pattern)).rstrip("/")
    return re.compile(translate(pattern) + "/", re.IGNORECASE)
