"""`what`: which files, functions and lines a test runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from covlane.analysis.functions import functions
from covlane.errors import CovlaneError
from covlane.model.lines import unpack
from covlane.render import testmap as render
from covlane.result import Result
from covlane.workspace import testmaps

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.model.report import Branch


class Ran(msgspec.Struct, frozen=True):
    """What a test runs of a file: the functions, the lines, and the branches that it takes."""

    file: str
    functions: tuple[str, ...]
    lines: tuple[int, ...]
    branches: tuple[Branch, ...]


class Tested(msgspec.Struct, frozen=True):
    """What `what --json` prints: the test, the shared fixtures that it has, its files, and what is not known."""

    test: str
    fixtures: tuple[str, ...]
    files: tuple[Ran, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class What(Result):
    """What a test runs."""

    found: Tested

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a table."""
        rows = [(one.file, one.functions, one.lines) for one in self.found.files]
        render.show_what(self.found.test, self.found.fixtures, rows, out, plain=plain)

    def data(self) -> object:
        """Return the files with the remarks."""
        return self.found

    def notes(self, *, json: bool) -> list[str]:
        """Return the remarks, which are part of the JSON."""
        return [] if json else [f"note: {remark}" for remark in self.found.remarks]


def run(configured: Configured, test: str) -> What:
    """Return what a test runs, by its name as pytest has it or by a part of it that no other has.

    Raises:
        ReportError: no leg has contexts, or they are broken.
        UsageError: no test, or several, have that name.
    """
    known, notes = testmaps.read(configured)
    context = testmaps.test_of(known, test)
    found = []
    for name, bitmap in sorted(known.of(context).items()):
        file = known.files[name]
        lines = file.lines(bitmap)
        notes += testmaps.outdated(configured, known, [name])
        found.append(
            Ran(name, _functions(configured, name, lines), tuple(lines), tuple(file.branches(bitmap)))
        )
    fixtures = tuple(sorted(each.name for each in known.fixtures.get(context, ())))
    return What(Tested(context.name, fixtures, tuple(found), tuple(notes)))


def _functions(configured: Configured, name: str, lines: list[int]) -> tuple[str, ...]:
    """Return the innermost functions and classes that lines lie in; none where the file cannot be read."""
    try:
        inside = functions((configured.root / name).read_bytes())
    except (CovlaneError, OSError, SyntaxError):
        return ()
    left, found = {*lines}, list[str]()
    for one in reversed(inside):
        if own := left.intersection(unpack(one.lines)):
            found.append(one.name)
            left -= own
    return tuple(reversed(found))
