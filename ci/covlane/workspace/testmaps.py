"""The map of who tests what, from the contexts of all legs that lie in the folder of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.errors import ReportError
from covlane.formats import contexts
from covlane.model.testmap import TestMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covlane.config.settings import Configured

#: How the files end that the legs write.
SUFFIX = ".contexts.gz"


def read(configured: Configured) -> tuple[TestMap, list[str]]:
    """Return the map, and a sentence for each part of it that is not known.

    Raises:
        ReportError: no leg has contexts, or a file of them is broken.
    """
    found, notes = TestMap(), list[str]()
    paths = sorted((configured.reports / "legs").glob(f"*{SUFFIX}"))
    for path in paths:
        notes += contexts.add(files.read_bytes(path, remedy=configured.first), path.name, found)
    if not paths:
        raise ReportError(
            "no leg has noted which test runs which line",
            f"set `contexts = true` in [tool.covlane], then run `nox -s {configured.session}`",
        )
    return found, notes


def outdated(configured: Configured, known: TestMap, names: Iterable[str]) -> list[str]:
    """Return a sentence for each of some files that has changed since the legs ran."""
    notes = []
    for name in names:
        path = configured.root / name
        content = path.read_bytes() if path.is_file() else b""
        if files.digest(content) != known.files[name].digest:
            notes.append(f"{name} has changed since the tests ran: its lines are those of that time")
    return notes
