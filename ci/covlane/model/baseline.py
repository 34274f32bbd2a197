"""What was measured at an earlier commit: counts, and all that has to be the same before they are compared."""

from __future__ import annotations

import posixpath

import msgspec

from covlane.model.report import Ratio

#: The version of a baseline's shape.
SCHEMA = 1


class Counts(msgspec.Struct, frozen=True, array_like=True):
    """One file's: lines that ran, lines that can run, branches taken, branches."""

    ran: int
    lines: int
    taken: int
    branches: int


class Baseline(msgspec.Struct, frozen=True, kw_only=True):
    """Counts per file with where they come from.

    Attributes:
        commit: the 40 hex digits that were measured.
        timestamp: when, ISO 8601.
        branch: whether branches were measured.
        legs: the Python of each leg by its name.
        engine: what measured, with its version.
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
