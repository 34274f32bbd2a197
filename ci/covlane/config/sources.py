"""`source` of [tool.covlane], which names folders, files, packages and globs, as the paths that a leg measures."""

from __future__ import annotations

import os
import posixpath
import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_IMPORT = re.compile(r"(?!.*\.pyw?$)[^\W\d]\w*(\.[^\W\d]\w*)*")
_INSTALLED = {"site-packages", "dist-packages", "node_modules"}
#: What the collector takes for Python below a folder (collector/sources.py).
_SUFFIXES = {".py", ".pyw"}


def resolve(root: Path, source: Iterable[str], detected: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the repo-relative paths that a `source` stands for.

    A glob stands for the folders and Python files that it matches, an import's name (`pkg.sub`) for each folder
    or module of that name at the root, in `src`, in `lib` and beside other sources. A name that matches nothing is
    returned unchanged: a leg may create it.

    Args:
        root: the repository.
        source: as configured.
        detected: the sources that the repository shows of itself.
    """
    names = [posixpath.normpath(name.replace("\\", "/")) for name in source]
    beside = (posixpath.dirname(name) for name in (*detected, *names) if (root / name).exists())
    folders = dict.fromkeys(["", "src", "lib", *beside])
    return tuple(dict.fromkeys(path for name in names for path in _matches(root, name, folders) or [name]))


def _matches(root: Path, name: str, folders: Iterable[str]) -> list[str]:
    if "*" in name or "?" in name:
        with suppress(ValueError, NotImplementedError):  # a `**` that is no whole part, an absolute path
            return sorted(_globbed(root, name))
    if (root / name).exists() or not _IMPORT.fullmatch(name):
        return []
    module = name.replace(".", "/")
    places = (posixpath.join(folder, module + end) for folder in folders for end in ("", ".py"))
    return [place for place in places if (root / place).exists()]


def _globbed(root: Path, pattern: str) -> Iterator[str]:
    hidden = pattern.startswith(".") or "/." in pattern
    for path in root.glob(pattern.replace("[", "[[]")):
        parts = path.relative_to(root).parts
        foreign = not _INSTALLED.isdisjoint(parts) or (not hidden and any(part[0] == "." for part in parts))
        if not foreign and (path.is_dir() or path.suffix in _SUFFIXES):
            yield "/".join(parts)


def check(root: Path, source: Iterable[str]) -> None:
    """Refuse sources that no leg can measure; a package may still be found where it is installed.

    Raises:
        UsageError: a source does not exist, or has no Python file.
    """
    for name in source:
        path = root / name
        if not path.exists() and not _IMPORT.fullmatch(name):
            raise _nothing(name)
        if path.is_dir() and not any(next(path.rglob("*" + end), None) for end in _SUFFIXES):
            raise UsageError(f"the source {name} contains no Python file", "set `source` in [tool.covlane]")


def measured(root: Path, source: Iterable[str], locate: Callable[[str], Iterable[str]]) -> list[str]:
    """Return the sources for a leg's plan: each source, and each link below one that leads elsewhere in the repository.

    Args:
        root: the repository.
        source: as `resolve` returned it.
        locate: returns where the leg's environment imports a name from: absolute paths.

    Raises:
        UsageError: a source does not exist, has no Python file, or is an installed package.
    """
    check(root, source)
    found = [[name] if (root / name).exists() else _located(root, name, locate(name)) for name in source]
    return _with_links(root, [path for paths in found for path in paths])


def _located(root: Path, name: str, places: Iterable[str]) -> list[str]:
    """Return where in the repository an installed package is."""
    top, found = root.resolve(), []
    for place in (Path(place).resolve() for place in places):
        if not place.is_relative_to(top) or not _INSTALLED.isdisjoint(place.parts):
            raise UsageError(
                f"the source {name} is installed at {place}, which is outside this repository",
                "set `source` to its folder in this repository; installed packages are not measured",
            )
        found.append(place.relative_to(top).as_posix())
    if not found:
        raise _nothing(name)
    return found


def _nothing(name: str) -> UsageError:
    return UsageError(
        f"the source {name} does not match a file, folder or package of this repository",
        "set `source` in [tool.covlane]",
    )


def _with_links(root: Path, names: list[str]) -> list[str]:
    """Add each symbolic link below a source to a place in the repository that is below no source."""
    top = root.resolve()
    known = [(root / name).resolve() for name in names]
    for name in names:  # which grows
        for base, folders, files in os.walk(root / name):
            folders[:] = [folder for folder in folders if not folder.startswith(".")]
            entries = (Path(base, entry) for entry in (*folders, *files))
            for path in filter(Path.is_symlink, entries):
                target = Path(os.path.realpath(path))  # Path.resolve refuses loops
                about = any(target.is_relative_to(one) or one.is_relative_to(target) for one in known)
                code = target.is_dir() or (target.is_file() and path.suffix in _SUFFIXES)
                if code and target.is_relative_to(top) and not about:
                    known.append(target)
                    names.append(path.relative_to(root).as_posix())
    return names
