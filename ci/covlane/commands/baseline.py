"""`baseline`: the coverage of the default branch is recorded, shown, and replaced where a drop is wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.errors import ReportError, UsageError
from covlane.render import trend
from covlane.result import Result
from covlane.workspace import bases, changes, evidence, reports
from covlane.workspace.baselines import Baselines

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.model.baseline import Baseline


@dataclass(frozen=True, slots=True)
class Kept(Result):
    """Baselines, latest first.

    Attributes:
        where: where they are kept, in words.
        listed: whether they are a log, and not the one that was shown or written.
    """

    baselines: tuple[Baseline, ...]
    where: str
    listed: bool

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a table of them."""
        trend.show(self.baselines, self.where, out, plain=plain)

    def data(self) -> object:
        """Return the counts as an object, or a list of them for a log."""
        return self.baselines if self.listed else self.baselines[0]


def run(
    configured: Configured,
    clients: Local,
    action: str,
    *,
    reason: str = "",
    last: int = 20,
    force: bool = False,
    push: bool = False,
) -> Kept:
    """Do one of `show`, `write`, `accept` and `log`; errors as of `Keeper`."""
    keeper = Keeper(configured, clients)
    if action in {"write", "accept"}:
        found = [keeper.keep(action, reason, force=force, push=push)]
    else:
        found = keeper.found(action, last)
    return Kept(tuple(found), keeper.baselines.where, action == "log")


class Keeper:
    """Writes and reads the baselines of the repository that is checked out."""

    def __init__(self, configured: Configured, clients: Local) -> None:
        self.baselines = Baselines(configured, clients.git)
        self._configured = configured
        self._git = clients.git
        self._environ = clients.environ

    def keep(self, action: str, reason: str, *, force: bool, push: bool) -> Baseline:
        """Record the figures of the report, by `write` or `accept`, and with `push` send them to the remote."""
        if push and self._configured.settings.baseline.store != "notes":
            raise UsageError(
                f"baselines are kept in {self.baselines.where}, not in notes",
                "commit or upload that instead",
            )
        recorded = self.accept(reason) if action == "accept" else self.write(force=force)
        if push:
            self.baselines.push()
        return recorded

    def write(self, *, force: bool) -> Baseline:
        """Record the figures of the report for its commit.

        Raises:
            UsageError: another branch than the default one is checked out, or its work is not committed.
            ReportError: the report is missing or incomplete, or measured something else.
        """
        branch = bases.branch(self._git, self._environ)
        default = bases.delivered_branch(self._configured, self._git, self._environ)
        if not force and default is None:
            raise UsageError(
                "a baseline is written on the default branch, which is not known",
                "set github.default-branch, or pass --force",
            )
        if not force and branch != default:
            raise UsageError(
                f"a baseline is written on {default}, and the checked out branch is {branch or 'none'}",
                "let the default branch's job write it, or pass --force",
            )
        return self._keep("", force=force)

    def accept(self, reason: str) -> Baseline:
        """Record the figures of the report as the new baseline, on any branch; errors as `write`."""
        if not reason.strip():
            raise UsageError("--reason is required", "pass --reason TEXT: why the drop is wanted")
        return self._keep(reason.strip(), force=True)

    def _keep(self, reason: str, *, force: bool) -> Baseline:
        report = reports.read_merged(self._configured)
        commit = self._git.commit()
        if commit is None:
            raise self._git.no_commit()
        lacking = [*reports.lacking(report), *changes.stale(self._configured.root, report, commit, None)]
        if lacking:
            raise ReportError(
                f"cannot use this report as baseline: {lacking[0]}",
                f"measure again with `nox -s {self._configured.session}`"
                + (" where every leg can run, as in CI" if report.elsewhere else ""),
            )
        if not force and any(stamp.dirty for stamp in report.legs):
            raise UsageError(
                "the report measured uncommitted work, so it cannot be the baseline of a commit",
                "commit it and measure again, or pass --force",
            )
        recorded = evidence.measured(self._configured, report, commit, reason)
        self.baselines.write(recorded)
        return recorded

    def found(self, action: str, last: int) -> list[Baseline]:
        """Return the last baselines, latest first, for `log`, or the one that the work is compared with, for `show`.

        Raises:
            UsageError: the action is unknown, or `last` is below 1.
            ReportError: there is no baseline, or it cannot be read.
        """
        if action not in {"log", "show"}:
            raise UsageError(f"unknown action {action!r}", "pass `show`, `write`, `accept` or `log`")
        if last < 1:
            raise UsageError(f"--last is {last}, and must be at least 1", "pass a larger number")
        if action == "log":
            found = list(self.baselines.log("HEAD", last))
        else:
            since = bases.find(self._configured, self._git, self._environ).commit
            found = [one for one in (self.baselines.at(since)[0],) if one]
        if not found:
            raise ReportError(
                f"no baseline yet: {self.baselines.where} has none",
                "run `invoke baseline write` on the default branch",
            )
        return found
