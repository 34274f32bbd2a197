"""One file as measured by many legs; the more they agree, the less memory it takes."""

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
        #: Digests of the contents that legs measured.
        self.digests: set[str] = set()
        # (executable, executed) with the legs that measured it; a branch with the legs that took it.
        self._lines: dict[tuple[int, int], int] = {}
        self._branches: dict[Branch, int] = {}

    def add(self, seen: LegFile, leg: int) -> None:
        """Add one leg's data; `leg` is a set of one. Adding it twice changes nothing."""
        self.legs |= leg
        key = (seen.executable, seen.executed)
        self._lines[key] = self._lines.get(key, 0) | leg
        branches = self._branches
        for branch in seen.taken:
            branches[branch] = branches.get(branch, 0) | leg
        for branch in seen.untaken:
            if branch not in branches:
                branches[branch] = 0

    @property
    def has_branches(self) -> bool:
        """Whether any leg has branches."""
        return bool(self._branches)

    def join(self, groups: Sequence[int]) -> None:
        """Merge each of these sets of legs into the first one's bit: they are shards of one leg."""
        for group in groups:
            first = group & -group
            if not self.legs & group:
                continue
            executable = ran = 0
            lines: dict[tuple[int, int], int] = {}
            for key, legs in self._lines.items():
                if legs & group:
                    executable, ran = executable | key[0], ran | key[1]
                if rest := legs & ~group:
                    lines[key] = rest
            lines[executable, ran] = lines.get((executable, ran), 0) | first
            self._lines = lines
            for branch, legs in self._branches.items():
                self._branches[branch] = legs & ~group | (first if legs & group else 0)
            self.legs = self.legs & ~group | first

    def coverage(self) -> FileCoverage:
        """Return the union of all legs."""
        executable = executed = 0
        for can_run, ran in self._lines:
            executable |= can_run
            executed |= ran
        branches = frozenset(self._branches)
        taken = frozenset(branch for branch, legs in self._branches.items() if legs)
        return settled(FileCoverage(executable, executed, branches, taken))

    def leg_groups(self, names: Sequence[str], expected: int) -> tuple[LegGroup, ...]:
        """Return the groups of legs that agree on the lines on which legs disagree.

        Args:
            names: the legs' names, by bit.
            expected: legs for which no line is executable if they do not name the file.
        """
        by_lines = dict(self._lines)
        if absent := expected & ~self.legs:
            by_lines[0, 0] = by_lines.get((0, 0), 0) | absent
        if len(by_lines) == 1:
            return ()
        any_executable = any_ran = 0
        all_executable = all_ran = -1
        for executable, ran in by_lines:
            any_executable, any_ran = any_executable | executable, any_ran | ran
            all_executable, all_ran = all_executable & executable, all_ran & ran
        disputed = (any_executable & ~all_executable) | (any_ran & ~all_ran)
        found = (
            LegGroup(
                tuple(sorted(name for bit, name in enumerate(names) if legs >> bit & 1)),
                executable & disputed,
                ran & disputed,
            )
            for (executable, ran), legs in by_lines.items()
        )
        return tuple(sorted(found))

    def count_alone(self, lines: Counter[int], branches: Counter[int]) -> None:
        """Count, for each set of legs, the lines and branches that only they ran."""
        once = many = 0
        for _, ran in self._lines:
            many |= once & ran
            once |= ran
        for (_, ran), legs in self._lines.items():
            lines[legs] += (ran & ~many).bit_count()
        branches.update(self._branches.values())
