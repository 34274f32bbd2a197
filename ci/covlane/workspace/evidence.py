"""What a verdict needs besides the report: the changed code, and the baseline that it is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis import baseline
from covlane.analysis.patch import patch
from covlane.errors import CovlaneError, ReportError, UsageError
from covlane.formats import slipcover, untrusted
from covlane.model.evidence import Evidence
from covlane.model.verdict import BaselineState
from covlane.workspace import bases, changes
from covlane.workspace.baselines import Baselines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.model.baseline import Baseline
    from covlane.model.diff import Diff
    from covlane.model.report import Report
    from covlane.model.verdict import Patch
    from covlane.workspace.bases import Base

#: The settings that decide what is measured.
MEASURING = (
    "source",
    "omit",
    "branch",
    "subprocess",
    "exclude-lines",
    "exclude-also",
    "partial-branches",
    "partial-also",
)


def evidence(
    configured: Configured,
    git: Git,
    environ: Mapping[str, str],
    report: Report,
    named: str | None = None,
    *,
    ratchet: bool | float,
) -> Evidence:
    """Return the changed code and the baseline; what is not known is named in it.

    Raises:
        UsageError: `named` is not a commit.
    """
    root, commit, dirty = configured.root, git.commit(), git.dirty()
    try:
        base = bases.find(configured, git, environ, named)
        with untrusted.uncollected():
            found = changes.changes(root, git, changes.diff(git, base.commit), report.files)
        bases.refuse_itself(base, found.diff, report.files, environ)
    except UsageError:
        raise
    except CovlaneError as error:
        lacking = (f"{error.cause}; {error.remedy}", *changes.stale(root, report, commit, None))
        sentence = "not comparable: the commit to compare with is not known"
        unknown = BaselineState(state="not comparable", sentence=sentence)
        return Evidence(commit, dirty, None, state=unknown, incomplete=lacking)
    known = Evidence(
        commit,
        dirty,
        found.diff,
        base.label,
        found.statements,
        found.notes,
        incomplete=tuple(changes.stale(root, report, commit, found.diff)),
    )
    if ratchet is False:
        return known
    baselines = Baselines(configured, git)
    before, state = baselines.state(measured(configured, report, commit or ""), base.commit)
    if before is None:
        return replace(known, state=state)
    revisions = (base.commit, before.commit, *baselines.committed(base.commit))
    with untrusted.uncollected():
        following, unfollowed = changes.followed(root, git, before, report, found, revisions=revisions)
    return replace(known, baseline=before, following=following, unfollowed=unfollowed, state=state)


def patched(configured: Configured, git: Git, environ: Mapping[str, str], named: str | None) -> Patch:
    """Return what the changed code owes.

    Raises:
        ReportError: there is no report, it measured other content, or the clone is too shallow.
        UsageError: `named` is not a commit.
    """
    path = configured.reports / "coverage.json"
    content = files.read_bytes(path, remedy=configured.first)
    base = bases.find(configured, git, environ, named)
    diff = changes.diff(git, base.commit)
    report = slipcover.read_report(content, str(path), {file.path for file in diff.files})
    return _patch(configured, git, environ, report, base=base, diff=diff)


def patch_of(
    configured: Configured, git: Git, environ: Mapping[str, str], report: Report, named: str | None
) -> tuple[Patch | None, str]:
    """Return the coverage of the changed code, or None, and the name of the base, or why there is none.

    Raises:
        ReportError: there is no commit, or the report measured other content.
        UsageError: `named` is not a commit.
    """
    commit = git.commit()
    if commit is None:
        raise git.no_commit()
    _refuse_stale(configured, report, commit, None)
    try:
        base = bases.find(configured, git, environ, named)
        diff = changes.diff(git, base.commit)
        return _patch(configured, git, environ, report, base=base, diff=diff), base.label
    except UsageError:
        raise
    except CovlaneError as error:
        return None, f"{error.cause}; {error.remedy}"


def _patch(
    configured: Configured, git: Git, environ: Mapping[str, str], report: Report, *, base: Base, diff: Diff
) -> Patch:
    bases.refuse_itself(base, diff, report.files, environ)
    found = changes.changes(configured.root, git, diff, report.files)
    _refuse_stale(configured, report, git.commit(), found.diff)
    return patch(report, found.diff, found.statements, found.notes)


def _refuse_stale(configured: Configured, report: Report, commit: str | None, diff: Diff | None) -> None:
    for sentence in changes.stale(configured.root, report, commit, diff):
        cause, _, remedy = sentence.partition("; ")
        raise ReportError(cause, remedy)


def measured(configured: Configured, report: Report, commit: str, reason: str = "") -> Baseline:
    """Return what the report comes to at a commit, as a baseline."""
    decided = {key: getattr(configured.settings, key.replace("-", "_")) for key in MEASURING}
    return baseline.measured(report, commit, decided, reason)
