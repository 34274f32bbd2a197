"""`who`: which tests run a file, a line or a function, those that run least first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covlane.analysis.functions import functions
from covlane.errors import UsageError
from covlane.model.lines import unpack
from covlane.render import testmap as render
from covlane.result import Result
from covlane.workspace import testmaps

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.model.testmap import FileMap


class Tester(msgspec.Struct, frozen=True):
    """A test, the lines that were asked about which it runs, and how many lines and branches it runs in all."""

    test: str
    lines: tuple[int, ...]
    runs: int


class Testers(msgspec.Struct, frozen=True):
    """What `who --json` prints.

    Attributes:
        file: the file that was asked about.
        lines: its lines that were asked about and ran; None for the whole file.
        tests: those that run some of them, the most specific first.
        without_tests: the lines that ran at import, between tests or in a process of nobody's, and in no test.
        remarks: sentences on what is not known.
    """

    file: str
    lines: tuple[int, ...] | None
    tests: tuple[Tester, ...]
    without_tests: tuple[int, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Who(Result):
    """The tests of a place."""

    found: Testers

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a table."""
        render.show_who(
            [(one.test, one.lines, one.runs) for one in self.found.tests],
            self.found.without_tests,
            out,
            plain=plain,
        )

    def data(self) -> object:
        """Return the tests with the remarks."""
        return self.found

    def notes(self, *, json: bool) -> list[str]:
        """Return the remarks, which are part of the JSON."""
        return [] if json else [f"note: {remark}" for remark in self.found.remarks]


class _Place(NamedTuple):
    file: str
    lines: list[int] | None


def run(configured: Configured, where: str) -> Who:
    """Return the tests of `FILE`, `FILE:LINE`, `FILE:FIRST-LAST` or `FILE:FUNCTION`.

    Raises:
        ReportError: no leg has contexts, or they are broken.
        UsageError: no test ran the file, or it has no such function.
    """
    known, notes = testmaps.read(configured)
    name, lines = _place(configured, known.files, where)
    file = known.files[name]
    mask = -1 if lines is None else file.mask(lines)
    sizes, found = known.sizes(), known.who(name, mask)
    fixtures = known.fixtures
    tests = [
        Tester(
            test.name,
            tuple(file.lines(bitmap)),
            sizes.get(test, 0) + sum(sizes.get(each, 0) for each in fixtures.get(test, ())),
        )
        for test, bitmap in found.items()
    ]
    alone, tested = 0, 0
    for context, bitmap in file.ran.items():
        alone |= 0 if context.kind in {"test", "fixture"} else bitmap & mask
    for bitmap in found.values():
        tested |= bitmap
    notes += testmaps.outdated(configured, known, [name])
    return Who(
        Testers(
            name,
            None if lines is None else tuple(sorted({*lines}.intersection(file.lines(-1)))),
            tuple(sorted(tests, key=lambda one: (one.runs, one.test))),
            tuple(file.lines(alone & ~tested)),
            tuple(notes),
        )
    )


def _place(configured: Configured, known: dict[str, FileMap], where: str) -> _Place:
    name, _, part = where.replace("\\", "/").partition(":")
    name = name.removeprefix("./")
    if name not in known:
        ending = [one for one in known if one.endswith(f"/{name}")]
        if len(ending) != 1:
            which = (
                f"is one of {', '.join(sorted(ending)[:5])}"
                if ending
                else "was run by no test, or is not measured"
            )
            raise UsageError(f"{name} {which}", "name a measured file as the report does")
        name = ending[0]
    if not part:
        return _Place(name, None)
    if span := re.fullmatch(r"(\d+)(?:-(\d+))?", part):
        first = int(span[1])
        return _Place(name, [*range(first, min(int(span[2] or first), first + 1_000_000) + 1)])
    source = (configured.root / name).read_bytes()
    try:
        inside = [one for one in functions(source) if one.name == part or one.name.endswith(f".{part}")]
    except SyntaxError as error:
        raise UsageError(f"{name} cannot be parsed by this Python: {error.msg}", "ask by lines") from None
    if not inside:
        raise UsageError(f"{name} has no function or class {part}", "ask by lines: FILE:FIRST-LAST")
    return _Place(name, [line for one in inside for line in unpack(one.lines)])
