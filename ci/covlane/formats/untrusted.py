"""What the readers of other programs' reports share: what comes out, and the bounds that it is held to."""

from __future__ import annotations

import gc
import re
from collections.abc import Collection
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from covlane.errors import ReportError
from covlane.model.branches import settled
from covlane.model.lines import LAST_LINE, pack
from covlane.model.report import FileCoverage

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import Branch

_T = TypeVar("_T")
#: What did not run, and what did.
Halves = tuple[Collection[_T], Collection[_T]]
Line = Annotated[int, msgspec.Meta(ge=1, le=LAST_LINE)]

#: No report comes near this; a larger file is a mistake or an attack.
MOST_BYTES = 1 << 30
MOST_FILES = 200_000
LONGEST_NAME = 4_096
_DIGITS = len(str(LAST_LINE))
#: Of one report: its branches, and the sum of its files' last lines, which is the memory its lines take in bits.
MOST_BRANCHES = 10_000_000
MOST_LINES = 1_000_000_000
_EPOCH = re.compile("[0-9]{9,15}")
#: A time of more digits is in milliseconds.
_SECONDS = 11
REMEDY = "check what wrote it, and that it was copied whole"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another program's report.

    Attributes:
        format: what it was written in, in words.
        branch: whether branches were measured.
        timestamp: ISO 8601 in UTC, None where it does not tell.
        files: by name as written there: of any root, with any separators.
        sources: Cobertura's roots of those names.
    """

    format: str
    branch: bool
    timestamp: str | None
    files: Mapping[str, FileCoverage]
    sources: tuple[str, ...] = ()


@dataclass(slots=True)
class Gathered:
    """Files as they are read from the report `name`; a file that comes twice is united."""

    name: str
    files: dict[str, FileCoverage] = field(default_factory=dict)
    _lines: int = 0
    _branches: int = 0

    def refused(self, what: str, where: object) -> ReportError:
        """Return the error for what is written at a place: a line's number, or words."""
        place = f"line {where}" if isinstance(where, int) else where
        return ReportError(f"{self.name}, {place}: {what}", REMEDY)

    def named(self, file: str, where: object) -> str:
        """Return a file's name; ReportError if it can be none."""
        if not file or "\0" in file or len(file) > LONGEST_NAME:
            raise self.refused(f"{file[:80]!r} is no file's name", where)
        return file

    def line(self, text: str, where: object) -> int:
        """Return a line's number; ReportError if it is none."""
        if (
            text.isascii()
            and text.isdigit()
            and len(text) <= _DIGITS
            and 0 < (number := int(text)) <= LAST_LINE
        ):
            return number
        raise self.refused(f"{text[:80]!r} is no line number", where)

    def ran(self, hits: str, where: object) -> bool:
        """Say whether a count, of any length, is not 0; ReportError if it is none."""
        if hits.isascii() and hits.isdigit():
            return hits.strip("0") != ""
        raise self.refused(f"{hits[:80]!r} is no count", where)

    def add(self, file: str, where: object, lines: Halves[int], branches: Halves[Branch] = ((), ())) -> None:
        """Add what is known of a file: what did not run and what did; ReportError beyond a report's bounds."""
        self._lines += max(max(half, default=0) for half in lines)
        self._branches += sum(map(len, branches))
        found = coverage(lines, branches)
        before = self.files.get(self.named(file, where))
        self.files[file] = settled(before | found) if before else found
        if len(self.files) > MOST_FILES or self._lines > MOST_LINES or self._branches > MOST_BRANCHES:
            raise self.refused("more files, lines or branches than a report can have", where)


def coverage(lines: Halves[int], branches: Halves[Branch]) -> FileCoverage:
    """Return a file's coverage; what is in both halves ran."""
    ran, taken = pack(lines[1]), frozenset(branches[1])
    return FileCoverage(ran | pack(lines[0]), ran, taken.union(branches[0]), taken)


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector, which finds nothing in a report but walks its millions of tuples again and again."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def decode(content: bytes, kind: type[_T], name: str, remedy: str = REMEDY) -> _T:
    """Decode JSON by its schema; ReportError, with the place, if it has another one."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ReportError(f"{name} is no report of this kind: {error}", remedy) from None


def utc(time: str) -> str | None:
    """Return ISO 8601, or seconds or milliseconds since 1970, as ISO 8601 in UTC; None if it is no time."""
    try:
        if _EPOCH.fullmatch(time):
            when = datetime.fromtimestamp(int(time) / (1000 if len(time) > _SECONDS else 1), timezone.utc)
        else:
            when = datetime.fromisoformat(time)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return when.astimezone(timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
