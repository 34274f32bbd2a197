"""The map of who tests what, from the contexts of all legs that lie in the folder of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.errors import ReportError, UsageError
from covlane.formats import contexts
from covlane.model.testmap import TestMap

if TYPE_CHECKING:
    from collections.abc import Iterable

    from covlane.config.settings import Configured
    from covlane.model.report import Report
    from covlane.model.testmap import Context

#: How the files end that the legs write.
SUFFIX = ".contexts.gz"
#: Tests that are named where several are meant.
MOST = 20
#: Lines by test that coveragepy.json and .coverage take: some 300 MB of names.
MOST_PAIRS = 5_000_000


class NoContextsError(ReportError):
    """No leg has contexts."""


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
        raise NoContextsError(
            "no leg has noted which test runs which line",
            f"set `contexts = true` in [tool.covlane], then run `nox -s {configured.session}`",
        )
    return found, notes


def of_report(
    configured: Configured, report: Report
) -> tuple[dict[str, dict[str, list[int]]] | None, list[str]]:
    """Return the lines that each context runs, by file of a report, and sentences on what is not known.

    None where no leg has contexts, and where there are more pairs of a line and a context than programs read with ease.
    """
    try:
        known, notes = read(configured)
    except NoContextsError:
        return None, []
    except ReportError as error:
        return None, [f"the tests of the lines are left out: {error.cause}"]
    found = {
        name: {context: known.files[name].lines(bitmap) for context, bitmap in known.attributed(name).items()}
        for name in report.files.keys() & known.files.keys()
    }
    pairs = sum(len(lines) for contexts in found.values() for lines in contexts.values())
    if pairs > MOST_PAIRS:
        return None, [
            f"coveragepy.json and .coverage have no contexts: {pairs:,} lines of tests are too many"
        ]
    return found, notes


def test_of(known: TestMap, name: str) -> Context:
    """Return a test by its name as pytest has it, or by a part of it that no other has.

    Raises:
        UsageError: no test, or several, have that name.
    """
    tests = known.tests
    found = [one for one in tests if one.name == name] or [one for one in tests if name in one.name]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError(
            f"no test {name!r} ran measured code", "name one as pytest does: tests/test_a.py::test_it"
        )
    more = f" and {len(found) - MOST:,} more" if len(found) > MOST else ""
    names = ", ".join(one.name for one in found[:MOST])
    raise UsageError(f"{len(found):,} tests have {name!r} in their names: {names}{more}", "name one of them")


def outdated(configured: Configured, known: TestMap, names: Iterable[str]) -> list[str]:
    """Return a sentence for each of some files that has changed since the legs ran."""
    notes = []
    for name in names:
        path = configured.root / name
        content = path.read_bytes() if path.is_file() else b""
        if files.digest(content) != known.files[name].digest:
            notes.append(f"{name} has changed since the tests ran: its lines are those of that time")
    return notes
