"""Checks before an upload: the report, its commit, its paths, the remote, the size and the branch."""

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

#: The most names that a message lists.
_SHOWN = 3


class Finding(NamedTuple):
    """A problem, its remedy, and the error to raise; None for a warning."""

    cause: str
    remedy: str
    error: type[CovlaneError] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """The repository's state, from git and CI.

    Attributes:
        head: the commit that is checked out.
        branch: the branch checked out, or CI's name for it, such as `refs/pull/7/merge` for a pull request.
        holding: the remote's branches that contain that commit, as far as this clone knows.
        analysed: the branches that CodeScene analyses, as globs.
        remotes: the names of all remotes.
        remote: the URL of the one that CodeScene knows.
        tracked: the names of the commit's files, from the top of the checkout; None without a commit.
    """

    head: str | None
    branch: str | None
    holding: tuple[str, ...]
    analysed: tuple[str, ...]
    remotes: tuple[str, ...]
    remote: str | None
    tracked: frozenset[str] | None


def branch_in_ci(environ: Mapping[str, str], head: str | None) -> str | None:
    """Return CI's name for the branch if the commit that CI builds is checked out."""
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
    """Return why an upload would not count, if CodeScene does not analyse the branch; None if it does.

    Raises:
        UsageError: the branch is unknown.
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
        f"no branch is checked out, and this clone knows no analysed branch ({names}) of the remote that contains "
        f"this commit",
        "check the branch out, fetch it, or set codescene.branches",
    )


def findings(report: Report, checkout: Checkout, parts: Iterable[Part]) -> list[Finding]:
    """Return the problems of a report whose files are named from the top of the checkout."""
    found = []
    if not report.lines.total:
        cause, remedy = "the report has no executable lines", "check `source`, then measure again"
        found.append(Finding(cause, remedy, ReportError))
    found += _commit(report, checkout)
    found += _paths(report, checkout.tracked)
    found += _remote(checkout)
    found += [finding for part in parts for finding in _size(part, report)]
    return found


def refuse(found: Iterable[Finding], what: str) -> None:
    """Raise all problems as one error; warnings are ignored.

    Raises:
        CovlaneError: of the first finding's type.
    """
    errors = [(finding, finding.error) for finding in found if finding.error]
    if len(errors) == 1:
        raise errors[0][1](errors[0][0].cause, errors[0][0].remedy)
    if errors:
        causes = "".join(f"\n  - {finding.cause}: {finding.remedy}" for finding, _ in errors)
        raise errors[0][1](f"{what}:{causes}", "fix these; nothing was sent")


def _commit(report: Report, checkout: Checkout) -> list[Finding]:
    commits = {leg.commit for leg in report.legs}
    head = checkout.head
    if not head or not re.fullmatch("[0-9a-f]{40}", head) or None in commits:
        cause = "the report has no commit" if head else "there is no commit here"
        remedy = "measure in a git checkout that has a commit, then run `invoke merge`"
        return [Finding(f"{cause}, and CodeScene finds the code by its commit", remedy, UsageError)]
    others = sorted(str(commit)[:10] for commit in commits - {head})
    if others:
        cause = f"the report is of commit {', '.join(others)}, but {head[:10]} is checked out"
        return [Finding(cause, "check out the measured commit, or measure again", ReportError)]
    if any(leg.dirty for leg in report.legs):
        cause = "files with uncommitted changes were measured"
        return [Finding(cause, "line numbers may be wrong at CodeScene; commit, then measure again", None)]
    return []


def _paths(report: Report, tracked: frozenset[str] | None) -> list[Finding]:
    unknown = [] if tracked is None else [name for name in report.files if name not in tracked]
    if not unknown:
        return []
    names = ", ".join(map(printable, unknown[:_SHOWN])) + (" and others" if len(unknown) > _SHOWN else "")
    cause = f"{len(unknown):,} of {len(report.files):,} files are not in the commit: {names}"
    if len(unknown) == len(report.files):
        return [Finding(cause, "map them with `paths`, or commit them", ReportError)]
    return [Finding(cause, "CodeScene ignores them; commit them, or leave them out with `omit`", None)]


def _remote(checkout: Checkout) -> list[Finding]:
    if checkout.remote:
        return []
    names = ", ".join(checkout.remotes)
    cause = f"none of the remotes {names} is `origin`" if names else "the repository has no remote"
    remedy = "run `git remote rename NAME origin`" if names else "run `git remote add origin URL`"
    return [
        Finding(
            f"{cause}, and CodeScene finds the project by that URL",
            f"{remedy} for the one that CodeScene analyses",
            UsageError,
        )
    ]


def _size(part: Part, report: Report) -> list[Finding]:
    """Compare the compressed size with CodeScene's limit; only content near the limit is compressed to find out."""
    if len(part.content) <= MOST_COMPRESSED * 0.9:
        return []
    size = len(gzip.compress(part.content, mtime=0))
    if size <= MOST_COMPRESSED:
        return []
    largest = sorted(report.files, key=lambda name: -report.files[name].lines.total)[:_SHOWN]
    cause = f"{part.metric} has {size:,} bytes when compressed; CodeScene takes {MOST_COMPRESSED:,}"
    names = ", ".join(f"{printable(name)} ({report.files[name].lines.total:,} lines)" for name in largest)
    return [Finding(cause, f"leave generated code out with `omit`; the largest are {names}", ReportError)]
