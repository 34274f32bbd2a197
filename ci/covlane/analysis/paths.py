"""Map a file name in a report to a file of the repository: other roots, systems and installations."""

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
#: Folders of interpreters and package managers; what follows is an import's path.
_INSTALLED = re.compile(
    r"(?:.*/)?(?:site-packages|dist-packages|node_modules|lib/python3\.\d+t?|python3\d{1,2}/lib)/",
    re.IGNORECASE,
)
#: Names that never mean a file of the repository: those of systems, package managers and environments, and of
#: code without a file. `docs/merge.md` lists them.
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
#: What bundlers put before a module's name: its layer, or its root.
_LAYER = re.compile(r"(?:\([\w-]+\)|\[[\w-]+\])/")


class Places:
    """Finds files of the repository by any name that a report may use.

    Args:
        real: returns the file at a repo-relative name, symlinks resolved, or None.
        listed: the repository's files, to match names that differ in case.
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
        self._found: dict[str, str] = {}

    def find(self, name: str) -> str:
        """Return the file for a leg's repo-relative name; a file that only the leg had keeps its name."""
        if name not in self._found:
            self._found[name] = next(self._known(self._aliased(name)), None) or self._find(name) or name
        return self._found[name]

    def place(self, written: str, sources: Sequence[str] = (), folder: str = "") -> str | None:
        """Return the only file that a name can mean, or None.

        Args:
            written: the name, relative to any root, with any separators.
            sources: roots of the name that its report lists.
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
        """Whether a name without a match belongs to a system, a package manager, an environment or another project."""
        written = written.strip()
        names = [_slashed(written), *self._spelled(written, sources, "")]
        return any(self._beyond(name) or self._neighbours.beside(name) for name in names)

    def relative(self, written: str, sources: Sequence[str] = (), folder: str = "") -> set[str]:
        """Return the repo-relative names that a name may mean, whether the files exist or not."""
        names = (self._below(name) for name in self._spelled(written.strip(), sources, folder))
        return {name for name in names if not _ABSOLUTE.match(name) and not name.startswith("../")}

    def _spelled(self, written: str, sources: Sequence[str], folder: str) -> list[str]:
        """Return the readings of a name: from the report's roots, and from its folder and its parents."""
        found = []
        for name in _paths(written):
            if _ABSOLUTE.match(name):
                found.append(name)
            else:
                roots = [root for source in sources for root in _paths(source)] or ["."]
                names = filter(None, (name, self._neighbours.from_project(name)))
                found += [
                    posixpath.join(base, root, one) for one in names for root in roots for base in _up(folder)
                ]
        return list(dict.fromkeys(map(posixpath.normpath, found)))

    def _below(self, name: str) -> str:
        """Return an absolute name without the repository's root; any other name unchanged."""
        root = next((root for root in self._roots if name.casefold().startswith(root)), "")
        return name[len(root) :]

    def _beyond(self, name: str) -> bool:
        """Whether a name is in a folder of others' files, and not tracked by the repository."""
        below = self._below(name)
        if _INSTALLED.match(below):
            return True
        return bool(_OUTSIDE.match(below)) and below.casefold() not in self._folded

    def _known(self, names: Iterable[str]) -> Iterator[str]:
        return (place for name in names if (place := self._find(name)))

    def _find(self, name: str) -> str | None:
        """Return the file at a repo-relative name, in the repository's spelling."""
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
        """Read a relative name as an import's, or as one below a source."""
        if not name.startswith(".") and not _ABSOLUTE.match(name) and not self._beyond(name):
            yield from self._below_sources(name)
            yield from self._below_sources(name, "")

    def _below_sources(self, name: str, start: str = "..") -> Iterator[str]:
        """Yield where an import's file would be: `pkg/a.py` of the source `src/pkg` is in `src`."""
        for source in self._sources:
            place = posixpath.normpath(posixpath.join(source, start, name))
            if place == source or place.startswith(source + "/"):
                yield place

    def _elsewhere(self, name: str) -> Iterator[str]:
        """Read an absolute name as one of another checkout: its longest suffix that is a file here."""
        if not _ABSOLUTE.match(self._below(name)) or self._beyond(name):
            return iter(())
        parts = name.split("/")
        # The last part alone, such as `__init__.py`, is ambiguous.
        return islice(self._known("/".join(parts[start:]) for start in range(1, len(parts) - 1)), 1)


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _paths(written: str) -> list[str]:
    """Return a name as a path, or the paths that a URL may mean: `webpack://pkg/./src/x.ts` is `src/x.ts`."""
    name = _slashed(written)
    url = _URL.fullmatch(_QUERY.sub("", name))
    if url is None:
        return [_DRIVE.sub("", name.removeprefix("/@fs"))]  # vite's prefix for files outside its root
    authority, path = url["authority"] or "", unquote(url["path"])
    if url["scheme"].lower() == "file":
        path = f"/{authority}{path}" if authority.endswith(":") else path  # file://C:/x
        return [_DRIVE.sub("", path)]
    path = _LAYER.sub("", path[1:], count=1)
    return [path, f"{authority}/{path}"] if authority else [path]


def _up(folder: str) -> Iterator[str]:
    """Yield a repo-relative folder and its parents, the repository's root last."""
    while folder not in {"", "."}:
        yield folder
        folder = posixpath.dirname(folder)
    yield ""


def _glob(pattern: str) -> re.Pattern[str]:
    """Compile a folder of `[paths]`, like coverage.py: `*` within a part; a leading `*/` matches any folders."""
    pattern = re.sub(r"^\*+/", "**/", _slashed(pattern)).rstrip("/")
    return re.compile(translate(pattern) + "/", re.IGNORECASE)
