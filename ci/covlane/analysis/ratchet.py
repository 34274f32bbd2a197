"""The ratchet: the minimum that a baseline sets, adjusted for code that was deleted or moved since.

The baseline's lines are followed to their present place; lines without one were deleted. Deleting covered lines lowers
the minimum, per file by no more than its net loss of lines, so that rewritten code does not count as deleted. A line
that lost its coverage cannot hide behind a deletion or in another file.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from covlane.model.lines import from_ranges, pack
from covlane.model.report import FileCoverage, Ratio

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from covlane.model.baseline import Baseline
    from covlane.model.diff import Piece

    _Pieces = Mapping[str, tuple[Piece, ...]]
    _Files = Mapping[str, FileCoverage]


class Minimum(NamedTuple):
    """The figure to reach, and by file the regressed lines: newly missed, or with a newly untaken branch."""

    ratio: Ratio
    regressed: Mapping[str, int]


@dataclass(slots=True)
class _Lines:
    """Executed and missed lines, and for each line its number of taken and of untaken branches."""

    executed: int = 0
    missed: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    untaken: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, file: FileCoverage) -> _Lines:
        """Return a file's present coverage."""
        jumps = (
            Counter(line for line, _ in file.taken),
            Counter(line for line, _ in file.branches - file.taken),
        )
        return cls(file.executed, file.executable & ~file.executed, *jumps)

    def give(self, piece: Piece, to: _Lines) -> None:
        """Move the lines and branches of a piece to their present place."""
        to.executed |= piece.now(self.executed)
        to.missed |= piece.now(self.missed)
        self.executed &= ~piece.of(self.executed)
        self.missed &= ~piece.of(self.missed)
        for source, target in ((self.taken, to.taken), (self.untaken, to.untaken)):
            for line in [line for line in source if piece.first <= line <= piece.last]:
                target[line + piece.shift] += source.pop(line)


class _Net(NamedTuple):
    """The net loss of lines or branches, and how many covered ones were deleted."""

    total: int
    covered: int


def minimums(
    before: Baseline, now: _Files, following: _Pieces, unfollowed: Collection[str] = ()
) -> tuple[Minimum, Minimum]:
    """Return the minimums for lines and for branches.

    Args:
        before: the baseline.
        now: the files' present coverage.
        following: for each file that changed, where its lines are now; lines of other files did not move.
        unfollowed: files whose lines cannot be followed: nothing in them counts as deleted.
    """
    present, gone = _carried(before, now, following)
    deleted_lines = deleted_branches = 0
    missed: dict[str, int] = {}
    untaken: dict[str, int] = {}
    for path in sorted({*now, *present, *gone}):
        then, measured = present[path], _Lines.of(now.get(path, FileCoverage()))
        if path not in unfollowed:
            pairs = [(then, measured), *((left, _Lines()) for left in gone[path])]
            deleted_lines += _deleted(_fewer_lines(*pair) for pair in pairs)
            deleted_branches += _deleted(_fewer_branches(*pair) for pair in pairs)
        missed[path] = measured.missed & ~then.missed
        untaken[path] = pack(sorted(measured.untaken - then.untaken))
    return (
        Minimum(_without(before.lines, deleted_lines), {path: at for path, at in missed.items() if at}),
        Minimum(
            _without(before.branches, deleted_branches), {path: at for path, at in untaken.items() if at}
        ),
    )


def _carried(
    before: Baseline, now: _Files, following: _Pieces
) -> tuple[dict[str, _Lines], dict[str, list[_Lines]]]:
    """Return the baseline's lines by their present file, and those deleted from each file."""
    present: dict[str, _Lines] = defaultdict(_Lines)
    gone: dict[str, list[_Lines]] = defaultdict(list)
    for path, counts in before.files.items():
        jumps = Counter(counts.taken_at), Counter(counts.untaken_at)
        then = _Lines(from_ranges(counts.executed), from_ranges(counts.missed), *jumps)
        pieces = following.get(path)
        if pieces is None:
            present[path] = then
            continue
        gone[_home(path, pieces, now)].append(then)
        for piece in pieces:
            then.give(piece, present[piece.path])
    return present, gone


def _home(path: str, pieces: Iterable[Piece], now: _Files) -> str:
    """Return the file, or, if it is gone, the one that received most of its lines."""
    took: Counter[str] = Counter()
    for piece in pieces:
        took[piece.path] += piece.last - piece.first + 1
    return path if path in now or not took else took.most_common(1)[0][0]


def _fewer_lines(before: _Lines, now: _Lines) -> _Net:
    then, there = before.executed | before.missed, now.executed | now.missed
    gone = then & ~there
    return _Net(then.bit_count() - there.bit_count(), (gone & before.executed).bit_count())


def _fewer_branches(before: _Lines, now: _Lines) -> _Net:
    """Compare line by line; a line with fewer branches lost its untaken ones first."""
    total = covered = 0
    for line in {*before.taken, *before.untaken, *now.taken, *now.untaken}:
        fewer = before.taken[line] + before.untaken[line] - now.taken[line] - now.untaken[line]
        total += fewer
        covered += max(0, fewer - before.untaken[line])
    return _Net(total, covered)


def _deleted(nets: Iterable[_Net]) -> int:
    """Return how many covered lines or branches of a file count as deleted, whatever is covered now."""
    nets = list(nets)
    return max(0, min(sum(net.total for net in nets), sum(net.covered for net in nets)))


def _without(ratio: Ratio, deleted: int) -> Ratio:
    return Ratio(ratio.covered - deleted, ratio.total - deleted)
