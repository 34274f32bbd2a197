"""The ratchet: what must be reached where covered code may be deleted, and code that moved keeps its duty.

The baseline's lines are followed to where they stand now; what stands nowhere was deleted. Deleted covered lines lower
the floor, of each file at most as many as it has fewer lines in all: what is written anew is no deletion. What is no
longer covered hides neither behind a deletion nor in another file.
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


class Floor(NamedTuple):
    """What must be reached, and by file the lines that lost: missed now, or with a branch untaken, and not before."""

    ratio: Ratio
    lost: Mapping[str, int]


@dataclass(slots=True)
class _Lines:
    """Lines that ran and that did not, and how many branches leave each line, taken and not."""

    executed: int = 0
    missed: int = 0
    taken: Counter[int] = field(default_factory=Counter)
    untaken: Counter[int] = field(default_factory=Counter)

    @classmethod
    def of(cls, file: FileCoverage) -> _Lines:
        """Return what is measured of a file now."""
        jumps = (
            Counter(line for line, _ in file.taken),
            Counter(line for line, _ in file.branches - file.taken),
        )
        return cls(file.executed, file.executable & ~file.executed, *jumps)

    def give(self, piece: Piece, to: _Lines) -> None:
        """Move what a piece has to where it stands now."""
        to.executed |= piece.now(self.executed)
        to.missed |= piece.now(self.missed)
        self.executed &= ~piece.of(self.executed)
        self.missed &= ~piece.of(self.missed)
        for mine, theirs in ((self.taken, to.taken), (self.untaken, to.untaken)):
            for line in [line for line in mine if piece.first <= line <= piece.last]:
                theirs[line + piece.shift] += mine.pop(line)


class _Net(NamedTuple):
    """How many fewer there are than there were, and how many covered ones were deleted."""

    total: int
    covered: int


def floors(
    before: Baseline, now: _Files, following: _Pieces, unfollowed: Collection[str] = ()
) -> tuple[Floor, Floor]:
    """Return what lines and branches must reach.

    Args:
        before: the baseline.
        now: the files as they are measured now.
        following: of each file that changed where its lines stand now; the lines of others stand where they did.
        unfollowed: the files of which that is not known: nothing in them counts as deleted.
    """
    stand, gone = _carried(before, now, following)
    deleted_lines = deleted_branches = 0
    lost: dict[str, int] = {}
    untaken: dict[str, int] = {}
    for path in sorted({*now, *stand, *gone}):
        then, measured = stand[path], _Lines.of(now.get(path, FileCoverage()))
        if path not in unfollowed:
            pairs = [(then, measured), *((left, _Lines()) for left in gone[path])]
            deleted_lines += _deleted(_fewer_lines(*pair) for pair in pairs)
            deleted_branches += _deleted(_fewer_branches(*pair) for pair in pairs)
        lost[path] = measured.missed & ~then.missed
        untaken[path] = pack(sorted(measured.untaken - then.untaken))
    return (
        Floor(_without(before.lines, deleted_lines), {path: at for path, at in lost.items() if at}),
        Floor(_without(before.branches, deleted_branches), {path: at for path, at in untaken.items() if at}),
    )


def _carried(
    before: Baseline, now: _Files, following: _Pieces
) -> tuple[dict[str, _Lines], dict[str, list[_Lines]]]:
    """Return what of the baseline stands in each file now, and what was deleted from each."""
    stand: dict[str, _Lines] = defaultdict(_Lines)
    gone: dict[str, list[_Lines]] = defaultdict(list)
    for path, counts in before.files.items():
        jumps = Counter(counts.taken_at), Counter(counts.untaken_at)
        then = _Lines(from_ranges(counts.executed), from_ranges(counts.missed), *jumps)
        pieces = following.get(path)
        if pieces is None:
            stand[path] = then
            continue
        gone[_home(path, pieces, now)].append(then)
        for piece in pieces:
            then.give(piece, stand[piece.path])
    return stand, gone


def _home(path: str, pieces: Iterable[Piece], now: _Files) -> str:
    """Return the file, or, where it is gone, the one that took most of its lines."""
    took: Counter[str] = Counter()
    for piece in pieces:
        took[piece.path] += piece.last - piece.first + 1
    return path if path in now or not took else took.most_common(1)[0][0]


def _fewer_lines(before: _Lines, now: _Lines) -> _Net:
    then, there = before.executed | before.missed, now.executed | now.missed
    gone = then & ~there
    return _Net(then.bit_count() - there.bit_count(), (gone & before.executed).bit_count())


def _fewer_branches(before: _Lines, now: _Lines) -> _Net:
    """Compare line by line: a line that has fewer branches has lost the untaken ones first."""
    total = covered = 0
    for line in {*before.taken, *before.untaken, *now.taken, *now.untaken}:
        fewer = before.taken[line] + before.untaken[line] - now.taken[line] - now.untaken[line]
        total += fewer
        covered += max(0, fewer - before.untaken[line])
    return _Net(total, covered)


def _deleted(nets: Iterable[_Net]) -> int:
    """Return how many covered ones of a file count as deleted; what is covered now has no say in it."""
    nets = list(nets)
    return max(0, min(sum(net.total for net in nets), sum(net.covered for net in nets)))


def _without(ratio: Ratio, deleted: int) -> Ratio:
    return Ratio(ratio.covered - deleted, ratio.total - deleted)
