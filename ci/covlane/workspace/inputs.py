"""What a merge reads from disk: legs, other tools' reports, and the repository's files as they are now."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis.merge import Content
from covlane.analysis.neighbours import Neighbours
from covlane.analysis.paths import Places
from covlane.config import checkout
from covlane.errors import ReportError
from covlane.formats import coveragepy, foreign, slipcover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.formats.foreign import Foreign
    from covlane.model.report import Measured

#: As Python and JavaScript have it, the latter with two of Unicode.
_LINE_END = re.compile(rb"\r\n?|\n|\xe2\x80[\xa8\xa9]")
#: No matrix is larger; more is a folder of something else.
MOST_LEGS = 1_000


def found(configured: Configured, named: Sequence[Path]) -> list[Path]:
    """Return the files of `reports/legs`, those of single artifacts below it too, and then what was named.

    Raises:
        ReportError: there is no report, or there are too many.
    """
    legs = configured.reports / "legs"
    paths = [*_below(legs), *named]
    if not paths:
        raise ReportError(f"no coverage data in {legs}", configured.first)
    if len(paths) > MOST_LEGS:
        raise ReportError(
            f"there are {len(paths):,} reports, more than {MOST_LEGS:,}", "remove files that are not reports"
        )
    # A leg that is also named is a leg.
    return list({_real(path): path for path in reversed(paths)}.values())


def _below(folder: Path) -> Iterator[Path]:
    for base, folders, names in os.walk(folder):
        # Beside a leg's report lie its fragments, which are many.
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(".d"))
        yield from (Path(base, name) for name in sorted(names) if name.endswith(".json") and name[0] != ".")


def read(
    paths: Iterable[Path], configured: Configured, places: Places
) -> Iterator[tuple[str, Measured | Foreign | ReportError]]:
    """Yield each report, with its name, as it is read; what cannot be read is an error and no end of the others."""
    for path in paths:
        name = _name(path, configured.root)
        try:
            yield name, _read(path, name, configured, places)
        except ReportError as error:
            yield name, error


def _read(path: Path, name: str, configured: Configured, places: Places) -> Measured | Foreign:
    content = files.read_bytes(path)
    if configured.reports / "legs" in path.parents:
        return slipcover.read_leg(content, name)
    if not content.startswith(coveragepy.DATA):
        return foreign.read(content, name)

    def locate(file: str) -> Path | None:
        place = places.place(file)
        return configured.root / place if place else None

    return coveragepy.read_data(path, locate)


def _name(path: Path, root: Path) -> str:
    """Return a report's name, the same on every machine: its path from the project, or its bare name."""
    real = _real(path)
    if not real.is_relative_to(checkout.top(root)):
        return path.name
    return Path(os.path.relpath(real, root.resolve())).as_posix()


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # Path.resolve refuses links in a circle, up to Python 3.12


def contents(root: Path) -> Callable[[str], Content | None]:
    """Return a function that reads a file as it is now."""

    @cache
    def now(name: str) -> Content | None:
        try:
            content = (root / name).read_bytes()
        except (OSError, ValueError):
            return None
        return Content(files.digest(content), len(_LINE_END.findall(content)) + 1)

    return now


def places(configured: Configured, git: Git) -> Places:
    """Return where the repository has its files."""
    top = configured.root.resolve()

    @cache
    def folder(name: str) -> Path:
        return (top / name).resolve()

    @cache
    def real(name: str) -> str | None:
        above, _, last = name.rpartition("/")
        try:
            target = folder(above) / last
            target = target.resolve() if target.is_symlink() else target
            if not target.is_file():
                return None
        except (OSError, ValueError, RuntimeError):  # the last for links in a circle, up to Python 3.12
            return None
        # A link out of the repository keeps its own name.
        return target.relative_to(top).as_posix() if top in target.parents else name

    @cache
    def is_file(name: str) -> bool:
        try:
            return (configured.top / name).is_file()
        except (OSError, ValueError):
            return False

    chosen = configured.settings
    parts = [source for component in chosen.components.values() for source in component.source]
    return Places(
        real,
        listed=git.files,
        sources=(*chosen.source, *parts),
        aliases=chosen.paths,
        roots=sorted({str(configured.root), str(top)}),
        neighbours=Neighbours(configured.folder, (str(configured.top),), is_file),
    )
