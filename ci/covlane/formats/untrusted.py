"""What all readers of other programs' reports share: their result, and its limits."""

from __future__ import annotations

import gc
import re
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import msgspec

from covlane.errors import ReportError
from covlane.model.lines import LAST_LINE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import FileCoverage

_T = TypeVar("_T")
Line = Annotated[int, msgspec.Meta(ge=1, le=LAST_LINE)]

#: Limits well above any real report; a larger file is a mistake or an attack.
MOST_BYTES = 1 << 30
MOST_FILES = 200_000
LONGEST_NAME = 4_096
#: Limits of one report: its branches, and the sum of its files' last lines, which is its line sets' size in bits.
MOST_BRANCHES = 10_000_000
MOST_LINES = 1_000_000_000
_EPOCH = re.compile("[0-9]{9,15}")
#: A timestamp with more digits is in milliseconds.
_SECONDS = 11
REMEDY = "check the program that wrote it, and that the file is complete"


class Odd(NamedTuple):
    """Records that were skipped or clamped: their number, and the file and place of the first."""

    what: str
    records: int
    file: str
    where: str

    def __str__(self) -> str:
        of = f", for {self.file}" if self.file else ""
        return f"{self.records:,} record{'s' * (self.records > 1)} with {self.what} (first: {self.where} of the report{of})"


@dataclass(frozen=True, slots=True)
class Foreign:
    """Another program's report.

    Attributes:
        format: its name.
        branch: whether branches were measured.
        timestamp: ISO 8601 in UTC; None if the report has none.
        files: by name as written: relative to any root, with any separators.
        sources: Cobertura's roots for those names.
        odd: what was skipped or clamped.
        refused: by name, why a file's figures would be wrong; such a file is not in `files`.
        led: files whose branches are recorded at their target line, not at the line they leave.
    """

    format: str
    branch: bool
    timestamp: str | None
    files: Mapping[str, FileCoverage]
    sources: tuple[str, ...] = ()
    odd: tuple[Odd, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    led: frozenset[str] = frozenset()


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector, which would walk a report's millions of tuples repeatedly for nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def decode(content: bytes, kind: type[_T], name: str, remedy: str = REMEDY) -> _T:
    """Decode JSON by a schema; ReportError, with the place, if it does not match."""
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise ReportError(f"{name} is not a report of this kind: {error}", remedy) from None


def utc(time: str) -> str | None:
    """Return ISO 8601, or seconds or milliseconds since 1970, as ISO 8601 in UTC; None if it is not a time."""
    try:
        if _EPOCH.fullmatch(time):
            when = datetime.fromtimestamp(int(time) / (1000 if len(time) > _SECONDS else 1), timezone.utc)
        else:
            when = datetime.fromisoformat(time)
        when = when if when.tzinfo else when.replace(tzinfo=timezone.utc)
        return when.astimezone(timezone.utc).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return None
