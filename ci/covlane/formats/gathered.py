"""A report's files while it is read: odd records are skipped or clamped, and counted; the rest is used.

A record that would make a file's figures wrong excludes that file only. `docs/merge.md` lists the rules.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import msgspec

from covlane.errors import ReportError
from covlane.formats.untrusted import (
    LONGEST_NAME,
    MOST_BRANCHES,
    MOST_FILES,
    MOST_LINES,
    REMEDY,
    Foreign,
    Odd,
)
from covlane.model.branches import LAST_TARGET, settled
from covlane.model.lines import LAST_LINE, pack
from covlane.model.report import FileCoverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from covlane.model.report import Branch

_T = TypeVar("_T")
#: Missed, and executed.
Halves = tuple[Collection[_T], Collection[_T]]

_DIGITS = len(str(LAST_LINE))
#: Numbers as programs write them: with thousands separators, a fraction, an exponent.
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
#: gcov's marks for a line that did not run; the second for one that only an exception reaches.
_NOT_RUN = re.compile("#+|=+")

NO_LINE = "an impossible line number: skipped"
NO_COUNT = "a hit count that is not a number: skipped"
NEGATIVE = "a negative hit count: read as 0"
UNUSUAL = "a hit count that is not an integer: read by its value"
MARKED = "a gcov mark instead of a hit count: read as not run"
MORE_LINES = "a line that the report's own total leaves out, such as a docstring of coverage.py's: counted"
LATIN = "bytes that are not UTF-8: read as Latin-1"
NO_NAME = "no usable file name: skipped"
NOTHING_LEFT = "none of its hit counts is a number"


@dataclass(slots=True)
class Gathered:
    """The files of the report `name` so far; a repeated file is merged.

    Attributes:
        name: the report's name in messages.
        file: the file being read.
    """

    name: str
    file: str = ""
    files: dict[str, FileCoverage] = field(default_factory=dict)
    #: By file, why its figures would be wrong.
    refusals: dict[str, str] = field(default_factory=dict)
    _odd: dict[str, Odd] = field(default_factory=dict)
    #: Whether a hit count of the current file was unusable.
    _lost: bool = False
    _lines: int = 0
    _branches: int = 0

    def foreign(
        self,
        kind: str,
        *,
        branch: bool,
        timestamp: str | None = None,
        sources: Iterable[str] = (),
        led: Iterable[str] = (),
    ) -> Foreign:
        """Return the files as a report."""
        files = {name: file for name, file in self.files.items() if name not in self.refusals}
        return Foreign(
            kind,
            branch,
            timestamp,
            files,
            tuple(sources),
            tuple(self._odd.values()),
            self.refusals,
            frozenset(led),
        )

    def begin(self, file: str) -> None:
        """Start a file."""
        self.file, self._lost = file, False

    def refused(self, what: str, where: object) -> ReportError:
        """Return the error for a report that is unusable because of what stands at a place."""
        return ReportError(f"{self.name}, {_place(where)}: {what}", REMEDY)

    def refuse(self, what: str, where: object) -> None:
        """Exclude the current file."""
        self.refusals.setdefault(self.file, f"{_place(where)}: {what}")

    def note(self, what: str, where: object, count: int = 1) -> None:
        """Count an odd record at a place: a line number or a description."""
        if count:
            before = self._odd.get(what, Odd(what, 0, self.file, _place(where)))
            self._odd[what] = before._replace(records=before.records + count)

    def named(self, file: str, where: object) -> str | None:
        """Return a file's name as written; None, and a note, if it is unusable."""
        if file.strip() and "\0" not in file and len(file) <= LONGEST_NAME:
            return file
        self.note(NO_NAME, where)
        return None

    def line(self, text: str, where: object) -> int | None:
        """Return a line number; None, and a note, if it is impossible."""
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS:
            line = int(text)
        else:
            value = number(text)
            line = int(value) if value is not None and value.is_integer() else 0
        if 0 < line <= LAST_LINE:
            return line
        self.note(NO_LINE, where)
        return None

    def lines(self, numbers: Collection[int], where: object) -> list[int]:
        """Return the possible line numbers, and note the others."""
        found = [line for line in numbers if 0 < line <= LAST_LINE]
        self.note(NO_LINE, where, len(numbers) - len(found))
        return found

    def branches(self, pairs: Collection[Branch], where: object) -> list[Branch]:
        """Return the branches with possible line numbers, and note the others."""
        found = [one for one in pairs if 0 < one[0] <= LAST_LINE and -LAST_LINE <= one[1] <= LAST_TARGET]
        self.note(NO_LINE, where, len(pairs) - len(found))
        return found

    def entries(self, texts: Mapping[str, msgspec.Raw], kind: type[_T]) -> Iterator[tuple[_T, str]]:
        """Start each file of a JSON report and yield its entry and its place; a broken one is excluded."""
        decoder = msgspec.json.Decoder(kind)
        for written, text in texts.items():
            where = f"files[{written[:80]!r}]"
            self.begin("")
            if (file := self.named(written, where)) is not None:
                self.begin(file)
                try:
                    yield decoder.decode(text), where
                except (msgspec.DecodeError, ValueError, RecursionError) as error:
                    self.refuse(str(error), where)

    def ran(self, hits: str, where: object) -> bool | None:
        """Whether a hit count, of any length, is above 0; None, and a note, if it is unusable."""
        hits = hits.strip()
        if hits.isascii() and hits.isdigit():
            return hits.strip("0") != ""
        if _NOT_RUN.fullmatch(hits):
            self.note(MARKED, where)
            return False
        value = number(hits)
        if value is None:
            self.note(NO_COUNT, where)
            self._lost = True
            return None
        self.note(NEGATIVE if value < 0 else UNUSUAL, where)
        return value > 0

    def compare(self, total: float, lines: Halves[int], where: object) -> None:
        """Note lines of the current file beyond its own total."""
        if (count := len({*lines[0], *lines[1]})) > total:
            self.note(MORE_LINES, where, count - int(total))

    def add(
        self,
        where: object,
        lines: Halves[int],
        branches: Halves[Branch] = ((), ()),
        *,
        again: bool = False,
    ) -> None:
        """Add lines and branches of the current file.

        `again` means that branches of a line may be repeated.

        Raises:
            ReportError: a limit of the report is exceeded.
        """
        if self._lost and not any(lines):
            self.refuse(NOTHING_LEFT, where)
        self._lines += max(max(half, default=0) for half in lines)
        self._branches += sum(map(len, branches))
        found = coverage(lines, branches)
        before = self.files.get(self.file)
        found = before | found if before else found
        self.files[self.file] = settled(found) if before or again else found
        if len(self.files) > MOST_FILES or self._lines > MOST_LINES or self._branches > MOST_BRANCHES:
            raise self.refused("more files, lines or branches than a report can have", where)


def coverage(lines: Halves[int], branches: Halves[Branch]) -> FileCoverage:
    """Return a file's coverage; what is both missed and executed counts as executed."""
    ran, taken = pack(lines[1]), frozenset(branches[1])
    return FileCoverage(ran | pack(lines[0]), ran, taken.union(branches[0]), taken)


def number(text: str) -> float | None:
    """Return a text as a number, or None."""
    text = text.strip()
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else None


def _place(where: object) -> str:
    return f"line {where}" if isinstance(where, int) else str(where)
