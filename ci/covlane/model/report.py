"""The report: executable and executed lines and branches by file, and the legs. Counts are stored, ratios derived."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec

from covlane.model.globs import glob

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

T = TypeVar("T")
#: A jump from one line to another; line 0 is the exit of the function or module.
Branch = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Ratio:
    """Covered and total counts: the only form in which coverage is computed."""

    covered: int
    total: int

    @property
    def missing(self) -> int:
        """The uncovered count."""
        return self.total - self.covered

    @property
    def text(self) -> str:
        """A percentage with two decimals, rounded down, so that 99.999 % never shows as 100; `-` if the total is 0."""
        if self.total == 0:
            return "-"
        hundredths = self.covered * 10_000 // self.total
        return f"{hundredths // 100}.{hundredths % 100:02}%"

    @property
    def rate(self) -> str:
        """A rate from 0 to 1 for Cobertura, rounded down to four decimals; 1 if the total is 0."""
        if self.total == 0:
            return "1"
        parts = self.covered * 10_000 // self.total
        return f"{parts // 10_000}.{parts % 10_000:04}".rstrip("0").rstrip(".")

    def __add__(self, other: Ratio) -> Ratio:
        return Ratio(self.covered + other.covered, self.total + other.total)


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One file: line sets as in `covlane.model.lines`, and branches; executed is a subset of executable."""

    executable: int = 0
    executed: int = 0
    branches: frozenset[Branch] = frozenset()
    taken: frozenset[Branch] = frozenset()

    @property
    def lines(self) -> Ratio:
        """Line coverage."""
        return Ratio(self.executed.bit_count(), self.executable.bit_count())

    @property
    def branch(self) -> Ratio:
        """Branch coverage."""
        return Ratio(len(self.taken), len(self.branches))

    @property
    def last(self) -> int:
        """The last line of it, or 0."""
        return max(self.executable.bit_length() - 1, max(self.branches, default=(0, 0))[0], 0)

    def upto(self, last: int) -> FileCoverage:
        """Return it without lines after `last` and branches from them."""
        lines = (1 << (last + 1)) - 1
        return FileCoverage(
            self.executable & lines,
            self.executed & lines,
            frozenset(branch for branch in self.branches if branch[0] <= last),
            frozenset(branch for branch in self.taken if branch[0] <= last),
        )

    def leg_file(self) -> LegFile:
        """Return it in the form of a leg's file."""
        return LegFile(self.executable, self.executed, self.taken, self.branches - self.taken)

    def __or__(self, other: FileCoverage) -> FileCoverage:
        return FileCoverage(
            self.executable | other.executable,
            self.executed | other.executed,
            self.branches | other.branches,
            self.taken | other.taken,
        )


class LegFile(NamedTuple):
    """One file of a leg: two line sets, and branches in any order."""

    executable: int
    executed: int
    taken: Collection[Branch]
    untaken: Collection[Branch]

    def coverage(self) -> FileCoverage:
        """Return its coverage; a branch in both collections counts as taken."""
        taken = frozenset(self.taken)
        return FileCoverage(self.executable, self.executed, taken.union(self.untaken), taken)


class Processes(msgspec.Struct, frozen=True):
    """The number of a leg's processes that started measuring, that reported their end, and that a signal or crash ended."""

    started: int
    reported: int
    killed: int = 0


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """How a leg was measured, as recorded by the leg.

    `model` is whose lines and branches they are, `recorder` what recorded which of them ran.
    `shard` is `1/3` for the first of three, `split` a digest of what assigns tests to shards. `optimize` is Python's
    `-O` level. `killed` lists up to a hundred distinct processes ended by a signal or a crash, and `notes` what the
    figures leave out; neither makes a leg incomplete. `self_check` is written as `canary`.
    """

    schema: int
    leg: str
    python: str
    implementation: str
    platform: str
    commit: str | None
    dirty: bool
    tools: dict[str, str]
    engine: str
    model: str = ""
    recorder: str = ""
    optimize: int = 0
    isolation: str
    workers: int | str
    shard: str | None
    split: str = ""
    exit_code: int
    counts: dict[str, int]
    processes: Processes
    argv: tuple[str, ...]
    self_check: str = msgspec.field(name="canary")
    complete: bool
    reasons: tuple[str, ...]
    killed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unbranched: dict[str, str]
    unparsable: dict[str, str]

    @property
    def self_check_passed(self) -> bool:
        """Whether the self-check passed or was disabled."""
        return self.self_check in {"passed", "off"}


@dataclass(frozen=True, slots=True)
class Measured:
    """One leg's report: its stamp, its files by repo-relative name, and the digest of each file's content.

    A shard also has the seconds that each test took. Files may be decoded on access, which may raise ReportError.
    """

    stamp: Stamp
    branch: bool
    timestamp: str
    leg_files: Mapping[str, LegFile]
    digests: Mapping[str, str]
    durations: Mapping[str, float] = field(default_factory=dict)

    @property
    def files(self) -> dict[str, FileCoverage]:
        """The coverage of all files."""
        return {path: file.coverage() for path, file in self.leg_files.items()}


class LegGroup(NamedTuple):
    """Legs that agree on a file's disputed lines: those executable, and those executed."""

    legs: tuple[str, ...]
    executable: int
    executed: int


class Alone(msgspec.Struct, frozen=True):
    """The number of lines and branches that only one leg ran."""

    lines: int
    branches: int


class Component(msgspec.Struct, frozen=True):
    """A part of the repository with its own figures: the files in its sources (files, folders or globs); flags are labels."""

    name: str
    source: tuple[str, ...]
    flags: tuple[str, ...] = ()

    def holds(self, path: str) -> bool:
        """Whether a file belongs to it."""
        sources = (posixpath.normpath(source) for source in self.source)
        return any(source == "." or glob(source).fullmatch(path) for source in sources)


@dataclass(frozen=True, slots=True)
class Report:
    """All legs merged.

    Attributes:
        branch: whether branches were measured.
        timestamp: when the last leg ended, ISO 8601.
        files: by repo-relative name, in order.
        legs: the stamps of the legs that are in it, by name.
        others: the names of other tools' reports that are in it.
        disputed: per file, for lines on which legs disagree, who could run and who ran them; in order.
        alone: per leg, and other report, what only it ran; empty where there is one alone.
        components: the parts that have figures of their own.
        incomplete: a sentence for all that is not in it; empty for a complete report.
        digests: of the measured contents, if legs recorded them.
        notes: a sentence for all that was left out or read otherwise and does not make it incomplete.
        elsewhere: the legs that are not in it because the machine that merged it cannot run them.
    """

    branch: bool
    timestamp: str
    files: Mapping[str, FileCoverage]
    legs: tuple[Stamp, ...] = ()
    others: tuple[str, ...] = ()
    disputed: Mapping[str, tuple[LegGroup, ...]] = field(default_factory=dict)
    alone: Mapping[str, Alone] = field(default_factory=dict)
    components: tuple[Component, ...] = ()
    incomplete: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    @property
    def lines(self) -> Ratio:
        """Line coverage of all files."""
        return total(file.lines for file in self.files.values())

    @property
    def branches(self) -> Ratio:
        """Branch coverage of all files."""
        return total(file.branch for file in self.files.values())

    def below(self, folder: str) -> Report:
        """Return the report with files named from the top of the checkout; `folder` is the project's."""
        if not folder:
            return self

        def named(paths: Mapping[str, T]) -> dict[str, T]:
            return {posixpath.join(folder, path): value for path, value in paths.items()}

        components = tuple(
            msgspec.structs.replace(
                part, source=tuple(posixpath.join(folder, source) for source in part.source)
            )
            for part in self.components
        )
        return replace(
            self,
            files=named(self.files),
            disputed=named(self.disputed),
            digests=named(self.digests),
            components=components,
        )

    def part(self, component: Component) -> Report:
        """Return the report of one component: its files and figures."""
        files = {path: file for path, file in self.files.items() if component.holds(path)}
        return Report(self.branch, self.timestamp, files, incomplete=self.incomplete)


def total(ratios: Iterable[Ratio]) -> Ratio:
    """Return the sum of ratios, by counts."""
    return sum(ratios, Ratio(0, 0))
