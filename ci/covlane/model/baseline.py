"""What was measured at an earlier commit, and all that has to be the same before it is compared."""

from __future__ import annotations

import posixpath
from typing import Annotated

import msgspec

from covlane.model.lines import LAST_LINE
from covlane.model.report import Ratio

#: The version of a baseline's shape.
SCHEMA = 2
Line = Annotated[int, msgspec.Meta(ge=0, le=LAST_LINE)]
#: First and last line.
Range = tuple[Line, Line]


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """One file: how much of it is covered, and where.

    Attributes:
        ran, lines, taken, branches: lines that ran of those that can run, branches taken of all.
        digest: of the content that was measured, as legs tell it; empty where none did.
        executed, missed: the lines, as ranges.
        taken_at, untaken_at: the line that each branch leaves.
    """

    ran: int
    lines: int
    taken: int
    branches: int
    digest: str = ""
    executed: tuple[Range, ...] = ()
    missed: tuple[Range, ...] = ()
    taken_at: tuple[Line, ...] = ()
    untaken_at: tuple[Line, ...] = ()


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """What is covered of each file, and where that comes from.

    Attributes:
        commit: the 40 hex digits that were measured.
        timestamp: when, ISO 8601.
        branch: whether branches were measured.
        legs: the Python of each leg by its name.
        engine: what measured, with its release: said, and not compared.
        model: the line models that it was counted by, with their versions.
        settings: the settings that decide what is measured, by key.
        files: by repo-relative name.
        reason: why a drop to these figures was accepted; empty for what the default branch measured.
    """

    schema: int = SCHEMA
    commit: str
    timestamp: str
    branch: bool
    legs: dict[str, str]
    engine: str
    model: str
    settings: dict[str, str]
    files: dict[str, Counts]
    reason: str = ""

    @property
    def lines(self) -> Ratio:
        """Line coverage of all files."""
        counts = self.files.values()
        return Ratio(sum(one.ran for one in counts), sum(one.lines for one in counts))

    @property
    def branches(self) -> Ratio:
        """Branch coverage of all files."""
        counts = self.files.values()
        return Ratio(sum(one.taken for one in counts), sum(one.branches for one in counts))

    def below(self, folder: str) -> Baseline:
        """Return it with its files named from the top of the checkout, where its project is `folder`."""
        files = {posixpath.join(folder, path): counts for path, counts in self.files.items()}
        return msgspec.structs.replace(self, files=files)
