"""`next`: where one more test pays most."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from covlane.errors import UsageError
from covlane.render import targets
from covlane.result import Result
from covlane.workspace import evidence, priorities, reports

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.model.target import Target


class Listed(msgspec.Struct, frozen=True):
    """What `next --json` prints.

    Attributes:
        base: the name of the commit since which code counts as changed; None where it is not known.
        targets: what to test, that which pays most first.
        left_out: how many more there are.
        remarks: sentences on what is not known or incomplete.
    """

    base: str | None
    targets: tuple[Target, ...]
    left_out: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Next(Result):
    """What to test next."""

    listed: Listed

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a table."""
        targets.show(self.listed.targets, self.listed.left_out, out, plain=plain)

    def data(self) -> object:
        """Return the targets with their base and remarks."""
        return self.listed

    def notes(self, *, json: bool) -> list[str]:
        """Return the remarks, which are part of the JSON."""
        return [] if json else [f"note: {remark}" for remark in self.listed.remarks]


def run(configured: Configured, clients: Local, base: str | None = None, most: int = 20) -> Next:
    """Return what to test next, at most so many places.

    Raises:
        ReportError: there is no report, it measured other content, or there is no commit.
        UsageError: `base` is not a commit, or `most` is not a positive number.
    """
    if most < 1:
        raise UsageError("--most must be at least 1", "pass a larger number, or leave it out")
    report = reports.read_merged(configured)
    patch, label = evidence.patch_of(configured, clients.git, clients.environ, report, base)
    history = priorities.history(clients.git)
    ranked = priorities.ranked(report, patch, history)
    explorer = priorities.Explorer(configured.root, report, history)
    suite, suite_note = priorities.suite(configured.root, clients.git)
    found = [
        msgspec.structs.replace(target, test=suite.nearest(target.path))
        for target in explorer.targets(ranked[:most])
    ]
    remarks = [
        *(f"incomplete: {reason}" for reason in report.incomplete),
        "" if patch else f"the changed code is not known: {label}",
        history.note,
        ""
        if report.branch
        else "the report has no branches: the order is by missing lines and commits alone",
        suite_note,
        *(f"{target.path}: {target.note}" for target in found if target.note),
    ]
    left_out = len(ranked) - len(found)
    unique = tuple(filter(None, dict.fromkeys(remarks)))
    return Next(Listed(label if patch else None, tuple(found), left_out, unique))
