"""One file as many legs saw it: kept as small as the legs agree, and asked once all of them are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.model.branches import settled
from covlane.model.report import FileCoverage, LegGroup

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from covlane.model.report import Branch, LegFile


class Union:
    """The union of one file's legs. A set of legs is an integer: bit N is the leg that came Nth."""

    __slots__ = ("_branches", "_lines", "digests", "legs")

    def __init__(self) -> None:
        self.legs = 0
        #: Which content of the file each leg measured.
        self.digests: set[str] = set()
        # What legs said, executable and executed, and who said so; a branch, and who took it.
        self._lines: dict[tuple[int, int], int] = {}
        self._branches: dict[Branch, int] = {}

    def add(self, seen: LegFile, leg: int) -> None:
        """Add what one leg, a set of one, says of the file; again changes nothing."""
        self.legs |= leg
        said = (seen.executable, seen.executed)
        self._lines[said] = self._lines.get(said, 0) | leg
        branches = self._branches
        for branch in seen.taken:
            branches[branch] = branches.get(branch, 0) | leg
        for branch in seen.untaken:
            if branch not in branches:
                branches[branch] = 0

    @property
    def has_branches(self) -> bool:
        """Whether any leg told of branches."""
        return bool(self._branches)

    def join(self, groups: Sequence[int]) -> None:
        """Make each of some sets of legs one leg, by the first one's bit: shards that ran parts of the same tests."""
        for group in groups:
            first = group & -group
            if not self.legs & group:
                continue
            able = ran = 0
            lines: dict[tuple[int, int], int] = {}
            for said, legs in self._lines.items():
                if legs & group:
                    able, ran = able | said[0], ran | said[1]
                if rest := legs & ~group:
                    lines[said] = rest
            lines[able, ran] = lines.get((able, ran), 0) | first
            self._lines = lines
            for branch, legs in self._branches.items():
                self._branches[branch] = legs & ~group | (first if legs & group else 0)
            self.legs = self.legs & ~group | first

    def coverage(self) -> FileCoverage:
        """Return what any leg can run, and what any leg ran."""
        executable = executed = 0
        for able, ran in self._lines:
            executable |= able
            executed |= ran
        branches = frozenset(self._branches)
        taken = frozenset(branch for branch, legs in self._branches.items() if legs)
        return settled(FileCoverage(executable, executed, branches, taken))

    def shares(self, names: Sequence[str], expected: int) -> tuple[LegGroup, ...]:
        """Return who could run and who ran each line on which legs disagree.

        Args:
            names: the legs' names, by their bits.
            expected: legs that could not run any of the file where they do not name it.
        """
        said = dict(self._lines)
        if absent := expected & ~self.legs:
            said[0, 0] = said.get((0, 0), 0) | absent
        if len(said) == 1:
            return ()
        any_able = any_ran = 0
        all_able = all_ran = -1
        for able, ran in said:
            any_able, any_ran = any_able | able, any_ran | ran
            all_able, all_ran = all_able & able, all_ran & ran
        disputed = (any_able & ~all_able) | (any_ran & ~all_ran)
        found = (
            LegGroup(
                tuple(sorted(name for bit, name in enumerate(names) if legs >> bit & 1)),
                able & disputed,
                ran & disputed,
            )
            for (able, ran), legs in said.items()
        )
        return tuple(sorted(found))

    def count_alone(self, lines: Counter[int], branches: Counter[int]) -> None:
        """Count, for each set of legs, the lines and branches that these ran and no other."""
        once = many = 0
        for _, ran in self._lines:
            many |= once & ran
            once |= ran
        for (_, ran), legs in self._lines.items():
            lines[legs] += (ran & ~many).bit_count()
        branches.update(self._branches.values())
