"""What is looked at before any byte leaves: the report, its commit, its paths, the remote, the size, the branch."""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, NamedTuple

from covlane.clients.codescene.rest import MOST_COMPRESSED
from covlane.errors import CovlaneError, ReportError, UsageError
from covlane.model.services import SERVICES
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from covlane.clients.codescene.submission import Part
    from covlane.model.report import Report

#: How many names are shown of many.
_SHOWN = 3


class Finding(NamedTuple):
    """What is wrong, what to do about it, and what it is raised as; without that it is only said."""

    cause: str
    remedy: str
    error: type[CovlaneError] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What git and CI say of the repository.

    Attributes:
        head: the commit that is checked out.
        branch: what is checked out, or what CI calls it; a pull request is `refs/pull/7/merge` there.
        holding: the remote's branches, as far as this clone knows them, that have that commit.
        analysed: the branches that CodeScene analyses, as globs.
        remotes: the names of all remotes.
        remote: the URL of the one that counts.
        tracked: the names of the commit's files, from its top; None where git has none.
    """

    head: str | None
    branch: str | None
    holding: tuple[str, ...]
    analysed: tuple[str, ...]
    remotes: tuple[str, ...]
    remote: str | None
    tracked: frozenset[str] | None


def branch_in_ci(environ: Mapping[str, str], head: str | None) -> str | None:
    """Return what the CI service calls the checkout, if it is of the commit that the service means."""
    for service in SERVICES:
        if environ.get(service.branch) and environ.get(service.commit) == head:
            return environ[service.branch].removeprefix("refs/heads/")
    return None


def pick_remote(remotes: Sequence[str], upstream: str | None) -> str | None:
    """Choose among remotes: the checked-out branch's own, `origin`, or the only one."""
    return next((name for name in (upstream, "origin") if name in remotes), None) or (
        remotes[0] if len(remotes) == 1 else None
    )


def elsewhere(checkout: Checkout) -> str | None:
    """Return why an upload would not count, where CodeScene does not analyse the branch; None where it does.

    Raises:
        UsageError: it cannot be told.
    """

    def counts(branch: str) -> bool:
        return any(fnmatchcase(branch, pattern) for pattern in checkout.analysed)

    names = ", ".join(checkout.analysed)
    if checkout.branch:
        reason = f"not sent: CodeScene analyses {names}, and this is {checkout.branch}"
        return None if counts(checkout.branch) else f"{reason} (see codescene.branches)"
    if "*" in checkout.analysed or any(map(counts, checkout.holding)):
        return None
    raise UsageError(
        f"no branch is checked out, and no branch of the remote that CodeScene analyses ({names}) is known to "
        f"have this commit",
        "check the branch out, fetch it, or set codescene.branches",
    )


def findings(report: Report, checkout: Checkout, parts: Iterable[Part]) -> list[Finding]:
    """Return what speaks against sending a report whose names are those of the repository."""
    found = []
    if not report.lines.total:
        cause, remedy = "the report has no line that can run", "check `source`, then measure again"
        found.append(Finding(cause, remedy, ReportError))
    found += _commit(report, checkout)
    found += _paths(report, checkout.tracked)
    found += _remote(checkout)
    found += [finding for part in parts for finding in _size(part, report)]
    return found


def refuse(found: Iterable[Finding], what: str) -> None:
    """Raise what speaks against something, all of it at once.

    Raises:
        CovlaneError: as the first finding says.
    """
    grave = [(finding, finding.error) for finding in found if finding.error]
    if len(grave) == 1:
        raise grave[0][1](grave[0][0].cause, grave[0][0].remedy)
    if grave:
        causes = "".join(f"\n  - {finding.cause}: {finding.remedy}" for finding, _ in grave)
        raise grave[0][1](f"{what}:{causes}", "mend these; nothing was sent")


def _commit(report: Report, checkout: Checkout) -> list[Finding]:
    commits = {leg.commit for leg in report.legs}
    head = checkout.head
    if not head or not re.fullmatch("[0-9a-f]{40}", head) or None in commits:
        cause = "the report names no commit" if head else "there is no commit here"
        remedy = "measure in a git checkout that has a commit, then run `invoke merge`"
        return [Finding(f"{cause}, and CodeScene finds its code by that", remedy, UsageError)]
    others = sorted(str(commit)[:10] for commit in commits - {head})
    if others:
        cause = f"the report is of commit {', '.join(others)}, and {head[:10]} is checked out"
        return [Finding(cause, "check out what was measured, or measure again", ReportError)]
    if any(leg.dirty for leg in report.legs):
        cause = "files had changed since the commit when they were measured"
        return [Finding(cause, "lines may be off at CodeScene; commit, then measure again", None)]
    return []


def _paths(report: Report, tracked: frozenset[str] | None) -> list[Finding]:
    unknown = [] if tracked is None else [name for name in report.files if name not in tracked]
    if not unknown:
        return []
    names = ", ".join(map(printable, unknown[:_SHOWN])) + (" and others" if len(unknown) > _SHOWN else "")
    cause = f"{len(unknown):,} of {len(report.files):,} files are not in the commit: {names}"
    if len(unknown) == len(report.files):
        return [Finding(cause, "map them with `paths`, or commit them", ReportError)]
    return [Finding(cause, "CodeScene leaves them out; leave them out with `omit`, or commit them", None)]


def _remote(checkout: Checkout) -> list[Finding]:
    if checkout.remote:
        return []
    names = ", ".join(checkout.remotes)
    cause = f"none of the remotes {names} is `origin`" if names else "the repository has no remote"
    remedy = "run `git remote rename NAME origin`" if names else "run `git remote add origin URL`"
    return [
        Finding(
            f"{cause}, and CodeScene finds its project by that URL",
            f"{remedy} for the one that CodeScene analyses",
            UsageError,
        )
    ]


def _size(part: Part, report: Report) -> list[Finding]:
    """Compare what is sent with what CodeScene takes; what is smaller than that as it is, is not compressed."""
    if len(part.content) <= MOST_COMPRESSED * 0.9:
        return []
    size = len(gzip.compress(part.content, mtime=0))
    if size <= MOST_COMPRESSED:
        return []
    largest = sorted(report.files, key=lambda name: -report.files[name].lines.total)[:_SHOWN]
    cause = f"{part.metric} has {size:,} bytes when compressed; CodeScene takes {MOST_COMPRESSED:,}"
    names = ", ".join(f"{printable(name)} ({report.files[name].lines.total:,} lines)" for name in largest)
    return [Finding(cause, f"leave generated code out with `omit`; the largest are {names}", ReportError)]
