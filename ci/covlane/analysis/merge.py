"""Merge legs into one report, and list everything that is missing from it.

Legs are merged one at a time and not kept, so memory grows with the files, not the legs. Their order does not matter.
"""

from __future__ import annotations

import posixpath
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from covlane.analysis.union import Union
from covlane.errors import ReportError
from covlane.model.globs import glob
from covlane.model.lines import unpack
from covlane.model.report import Alone, Measured, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

    from covlane.analysis.paths import Places
    from covlane.formats.foreign import Foreign
    from covlane.model.report import Component, FileCoverage, LegFile, LegGroup, Stamp

EPOCH = "1970-01-01T00:00:00+00:00"
#: The most names that a sentence lists.
MOST_NAMES = 5


class Content(NamedTuple):
    """A file's present content: its digest and number of lines."""

    digest: str
    lines: int


def merge(
    inputs: Iterable[tuple[str, Measured | Foreign | ReportError]],
    *,
    expected: Sequence[str],
    commit: str | None,
    now: Callable[[str], Content | None],
    places: Places,
    components: Sequence[Component] = (),
    omit: Sequence[str] = (),
    elsewhere: Collection[str] = (),
) -> Report:
    """Merge legs and reports of other tools into one report.

    A file's lines are the union over the legs. A leg that measured another commit, or other content of a file than
    the repository has now, is left out and named, because its line numbers do not fit.

    Args:
        inputs: in any order, each with its file's name; an error for a file that could not be read.
        expected: the names of all legs, from the session list.
        commit: HEAD of the repository, or None.
        now: returns a file's present content, or None.
        places: maps names in reports to files of the repository.
        components: the parts with separate figures.
        omit: globs of files to ignore in other tools' reports; legs do not measure them.
        elsewhere: the expected legs that the report is complete without.
    """
    merging = _Merging(commit, now, places, omit)
    for name, one in inputs:
        if isinstance(one, ReportError):
            merging.faults.add(f"{one.cause}; {one.remedy}")
        elif isinstance(one, Measured):
            merging.add_leg(one)
        else:
            merging.add_other(name, one)
        del one  # free it before the next is read
    return merging.report(expected, components, elsewhere)


class _Merging:
    """The merge after some of the legs."""

    def __init__(
        self,
        commit: str | None,
        now: Callable[[str], Content | None],
        places: Places,
        omit: Sequence[str],
    ) -> None:
        self.faults: set[str] = set()
        self._notes: set[str] = set()
        self._commit = commit
        self._now = now
        self._places = places
        self._omit = [glob(pattern) for pattern in omit]
        self._found: Counter[str] = Counter()
        self._others: set[str] = set()
        self._names: list[str] = []  # of legs and other reports, by bit
        self._stamps: dict[str, Stamp] = {}  # by repr, and so sorted by leg
        self._leg_bits = 0
        self._shards: dict[str, list[tuple[int, str]]] = defaultdict(list)
        self._files: dict[str, Union] = {}
        self._by_target: dict[str, list[tuple[str, LegFile, int]]] = defaultdict(list)
        self._branch = False
        self._timestamp = EPOCH

    def add_leg(self, leg: Measured) -> None:
        """Add a leg, or record why it is left out."""
        name = leg.stamp.leg
        self._found[name] += 1
        if reason := self._foreign(leg):
            self.faults.add(f"{name} is left out: {reason}; run it again")
            return
        self.faults.update(f"{name}: {reason}" for reason in leg.stamp.reasons)
        if not leg.stamp.complete and not leg.stamp.reasons:
            self.faults.add(f"{name} is incomplete")
        bit = self._bit(name)
        self._leg_bits |= bit
        if leg.stamp.shard:
            self._shards[_unsplit(leg.stamp)].append((bit, leg.stamp.split))
        self._stamps[repr(leg.stamp)] = leg.stamp
        self._update(leg.branch, leg.timestamp)
        for path, seen in leg.leg_files.items():
            union = self._fold(self._places.find(path), seen, bit)
            if digest := leg.digests.get(path):
                union.digests.add(digest)

    def add_other(self, name: str, other: Foreign) -> None:
        """Add another tool's report; names that match no file of the repository are listed."""
        if not other.files and not other.refused:
            self.faults.add(f"{name} contains no files; check the program that wrote it, or leave it out")
        self._notes.update(f"{name}: {odd}" for odd in other.odd)
        bit, folder = self._bit(name), posixpath.dirname(name)
        lost, outside = list[str](), list[str]()
        for written in (*other.files, *other.refused):
            path = self._places.place(written, other.sources, folder)
            names = {path} if path else self._places.relative(written, other.sources, folder)
            if any(pattern.fullmatch(one) for pattern in self._omit for one in names):
                continue
            if path is None:
                (outside if self._places.outside(written, other.sources) else lost).append(written)
            elif written in other.refused:
                self.faults.add(
                    f"{name}: {written} is left out: {other.refused[written]}; check the program that wrote it"
                )
            elif file := self._within(name, path, other.files[written]):
                seen = file.leg_file()
                if written in other.led:
                    self._by_target[path].append((name, seen, bit))
                    seen = seen._replace(taken=(), untaken=())
                self._fold(path, seen, bit)
        if outside:
            self._notes.add(
                f"{name}: {len(outside):,} file{'s' * (len(outside) > 1)} outside the repository left out: {_listed(outside)}"
            )
        if lost:
            self.faults.add(
                f"{name}: {_listed(lost)} matches no file of the repository, or several; "
                "map it in [tool.covlane.paths], or leave it out with `omit`"
            )
        self._others.add(name)
        self._update(other.branch, other.timestamp)

    def _within(self, name: str, path: str, file: FileCoverage) -> FileCoverage | None:
        """Return a file without lines past its end; None, and a fault, if most are: its content was another."""
        content = self._now(path)
        if content is None or file.last <= content.lines:
            return file
        fitting = file.upto(content.lines)
        past = sorted(
            {line for line, _ in file.branches - fitting.branches}
            | {*unpack(file.executable ^ fitting.executable)}
        )
        excess = f"line{'s' * (len(past) > 1)} {_listed(past)} past its end at {content.lines}"
        if 2 * len(past) > file.lines.total:
            self.faults.add(f"{name}: {path} is left out because of {excess}; measure its present content")
            return None
        self._notes.add(f"{name}: {path} is read without {excess}")
        return fitting

    def _add_by_target(self, path: str, union: Union) -> None:
        """Add branches recorded at their target line, if no other report has branches of the file."""
        named = union.has_branches
        for name, seen, bit in self._by_target.get(path, ()):
            if not named:
                union.add(seen, bit)
            elif seen.taken or seen.untaken:
                self._notes.add(
                    f"{name}: branches are recorded at their target line, as by coverage.py before 7.6; they are "
                    "left out of files whose branches other reports have"
                )

    def report(
        self, expected: Sequence[str], components: Sequence[Component], elsewhere: Collection[str]
    ) -> Report:
        """Return the merged report."""
        groups = self._join_shards()
        lines: Counter[int] = Counter()
        branches: Counter[int] = Counter()
        files: dict[str, FileCoverage] = {}
        disputed: dict[str, tuple[LegGroup, ...]] = {}
        digests: dict[str, str] = {}
        for path in sorted(self._files):
            union = self._files.pop(path)
            if len(union.digests) > 1 and not self._now(path):
                self.faults.add(f"{path} is left out: legs measured different contents of it; run them again")
                continue
            self._add_by_target(path, union)
            union.join(groups)
            files[path] = union.coverage()
            if len(union.digests) == 1:
                digests[path] = min(union.digests)
            union.count_alone(lines, branches)
            if groups_ := union.leg_groups(self._names, self._leg_bits if union.legs & self._leg_bits else 0):
                disputed[path] = groups_
        parts = sum(group & (group - 1) for group in groups)
        alone = {
            name: Alone(lines[1 << bit], branches[1 << bit])
            for bit, name in enumerate(self._names)
            if not parts >> bit & 1
        }
        stamps = [stamp for _, stamp in sorted(self._stamps.items())]
        if len(engines := sorted({stamp.engine for stamp in stamps})) > 1:
            self.faults.add(
                f"legs were measured by {' and '.join(engines)}, whose line counts are not comparable; "
                "run all legs with one `engine`"
            )
        return Report(
            branch=self._branch,
            timestamp=self._timestamp,
            files=files,
            legs=tuple(stamps),
            others=tuple(sorted(self._others)),
            disputed=disputed,
            alone=dict(sorted(alone.items())) if len(alone) > 1 else {},
            components=tuple(components),
            incomplete=(*self._absent(expected, elsewhere), *sorted(self.faults)),
            digests=digests,
            notes=tuple(sorted(self._notes)),
            elsewhere=tuple(sorted(name for name in elsewhere if not self._found[name])),
        )

    def _join_shards(self) -> list[int]:
        """Merge the shards of each leg into the first one's bit; return each leg's shards as a set of bits."""
        groups = []
        for name, shards in sorted(self._shards.items()):
            group = sum({bit for bit, _ in shards})
            first = group & -group
            self._leg_bits = self._leg_bits & ~group | first
            self._names[first.bit_length() - 1] = name
            if len({split for _, split in shards}) > 1:
                self.faults.add(
                    f"the shards of {name} were split from different tests or durations, so that no shard may have run a test; "
                    "run all of them again"
                )
            groups.append(group)
        return groups

    def _foreign(self, leg: Measured) -> str | None:
        """Return why a leg's lines do not fit this repository, or None."""
        if leg.stamp.commit != self._commit:
            return (
                f"it measured commit {_short(leg.stamp.commit)}, the repository is at {_short(self._commit)}"
            )
        for path, digest in leg.digests.items():
            content = self._now(self._places.find(path))
            if digest and content and digest != content.digest:
                return f"it measured other content of {path}"
        return None

    def _bit(self, name: str) -> int:
        if name not in self._names:
            self._names.append(name)
        return 1 << self._names.index(name)

    def _update(self, branch: bool, timestamp: str | None) -> None:
        self._branch = self._branch or branch
        self._timestamp = max(self._timestamp, timestamp or EPOCH)

    def _fold(self, path: str, seen: LegFile, bit: int) -> Union:
        union = self._files.get(path)
        if union is None:
            union = self._files[path] = Union()
        union.add(seen, bit)
        return union

    def _absent(self, expected: Sequence[str], elsewhere: Collection[str]) -> Iterator[str]:
        for name in expected:
            if not self._found[name] and name not in elsewhere:
                session, _, system = name.partition("@")
                yield f'{name} did not run here; run `nox -s "{session}"`{system and f" on {system}"}'
        for name, count in sorted(self._found.items()):
            if count > 1:
                yield f"{name} exists {count} times; remove the legs of earlier runs"
            if name not in expected:
                yield f"{name} is not in this repository's session list; remove it, or add its Python to `pythons`"


def _unsplit(stamp: Stamp) -> str:
    """Return the name of the leg that a shard belongs to."""
    return stamp.leg.replace(f"(shard-{(stamp.shard or '').replace('/', '-of-')})", "")


def _listed(names: Sequence[object]) -> str:
    more = f" and {len(names) - MOST_NAMES:,} more" if len(names) > MOST_NAMES else ""
    return ", ".join(map(str, sorted(names, key=str)[:MOST_NAMES])) + more


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "none"
