"""What changed between a base and the files as they are now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

#: `binary`, `submodule` and `symlink` have no lines that a report knows, whatever happened to them.
Kind = Literal["added", "modified", "deleted", "renamed", "binary", "submodule", "symlink"]


class Piece(NamedTuple):
    """Lines of a former version that still stand, in one block.

    Attributes:
        first, last: their numbers then.
        path: the file that holds them now.
        start: the number of the first of them there.
    """

    first: int
    last: int
    path: str
    start: int

    @property
    def shift(self) -> int:
        """How many lines further down they are now."""
        return self.start - self.first

    def of(self, lines: int) -> int:
        """Return those of a set of former lines that it has, as they were numbered then."""
        return lines & (2 << self.last) - (1 << self.first)

    def now(self, lines: int) -> int:
        """Return those of a set of former lines that it has, as they are numbered now."""
        lines = self.of(lines)
        return lines << self.shift if self.shift > 0 else lines >> -self.shift


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file; line sets of the new side, as in `covlane.model.lines`.

    Attributes:
        path: repo-relative name, of a deleted file its former one.
        kind: what happened to it, or what it is.
        old_path: the former name of a renamed file.
        added: every line that the diff adds.
        moved: those of them that stood elsewhere before, in a block that did not change.
        removed: the lines that it takes away, as they were numbered before.
        cut: the lines right after which lines of code were taken away and none put.
    """

    path: str
    kind: Kind = "modified"
    old_path: str | None = None
    added: int = 0
    moved: int = 0
    removed: int = 0
    cut: int = 0

    @property
    def changed(self) -> int:
        """The lines that are new or other than before."""
        return self.added & ~self.moved


@dataclass(frozen=True, slots=True)
class Diff:
    """All changed files, in order of their names, since the commit `base`."""

    base: str
    files: tuple[FileDiff, ...] = ()
