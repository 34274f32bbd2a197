"""What CodeScene is told about a report: the commit, the repository, and one metric for each file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from covlane.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

CLOUD = "https://api.codescene.io/v2"


@dataclass(frozen=True, slots=True)
class Submission:
    """What was measured: 40 hex digits, the remote's URL without credentials, the checkout's path."""

    commit: str
    repo_url: str
    repo_path: str


@dataclass(frozen=True, slots=True)
class Part:
    """One upload: a report file and the one metric that is read from it."""

    format: Literal["cobertura", "lcov"]
    metric: Literal["line-coverage", "branch-coverage"]
    path: Path


@dataclass(frozen=True, slots=True)
class Delivered:
    """A part that CodeScene accepted, its own words, and the files that it parsed where it says so."""

    metric: str
    via: Literal["cli", "rest"]
    message: str
    files: int | None = None


def parts(reports: Path, *, branches: bool) -> tuple[Part, ...]:
    """Return the uploads of the report in `reports`; `branches` says whether it has any.

    CodeScene reads one metric of an upload, and branch coverage of LCOV only (documentation, "Supported
    formats and metrics").
    """
    line = Part("cobertura", "line-coverage", reports / "coverage.xml")
    branch = Part("lcov", "branch-coverage", reports / "lcov.info")
    return (line, branch) if branches else (line,)


def submission(*, commit: str | None, remote: str | None, root: Path) -> Submission:
    """Return what CodeScene finds the repository by; `remote` may still hold credentials.

    Raises:
        UsageError: there is no commit or no remote, so CodeScene could link the report to nothing.
    """
    if not commit or not re.fullmatch(r"[0-9a-f]{40}", commit):
        raise UsageError(
            "the report names no commit, and CodeScene finds its code by that",
            "measure in a git checkout that has a commit, then run `invoke merge`",
        )
    if not remote:
        raise UsageError(
            "the repository has no remote `origin`, and CodeScene finds its project by that URL",
            "run `git remote add origin URL` with the URL that CodeScene analyses",
        )
    return Submission(commit, clean_remote(remote), str(root))


def clean_remote(url: str) -> str:
    """Return a remote's URL without credentials: no user and password for http(s), no password for others.

    A user alone stays elsewhere (`ssh://git@host/path`, `git@host:path`): it belongs to the address.
    """
    url = re.sub(r"(?i)^(https?://)[^/?#]*@", r"\1", url.strip())
    return re.sub(r"(?i)^([a-z][a-z0-9+.-]*://[^/?#:@]*):[^/?#]*@", r"\1@", url)
