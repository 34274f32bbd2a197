"""What a verdict is drawn from besides the report: kept beside it, so that anybody can draw it again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from covlane.model.verdict import BaselineState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.model.baseline import Baseline
    from covlane.model.diff import Diff, Piece


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the repository said.

    Attributes:
        commit: HEAD; None outside of git.
        dirty: whether there is work that is not committed.
        diff: what changed; None where git could not tell, and `incomplete` says why.
        base_ref: what named the diff's base.
        statements: the changed statements of each changed file that the report knows, as sets of lines.
        notes: how these were found, where that was not by Python's syntax.
        baseline: what the ratchet compares with, if it can.
        following: where the lines of the baseline's files stand now, of those that changed since.
        unfollowed: the files of the baseline whose lines cannot be followed.
        state: how it was found, or why not.
        incomplete: a sentence for all that could not be seen, and for a report of other content.
    """

    commit: str | None
    dirty: bool
    diff: Diff | None
    base_ref: str = ""
    statements: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    baseline: Baseline | None = None
    following: Mapping[str, tuple[Piece, ...]] = field(default_factory=dict)
    unfollowed: tuple[str, ...] = ()
    state: BaselineState = field(default_factory=BaselineState)
    incomplete: tuple[str, ...] = ()
