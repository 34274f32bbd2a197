"""What an upload to CodeScene contains: the commit, the repository, and one metric."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

import msgspec

from covlane.formats import cobertura, lcov

if TYPE_CHECKING:
    from covlane.model.report import Report

CLOUD = "https://api.codescene.io/v2"
Format = Literal["cobertura", "lcov"]
Metric = Literal["line-coverage", "branch-coverage"]

#: A URL, with or without a git remote helper (`hg::https://...`).
_URL = re.compile(r"((?:[\w-]+::)*)([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_HOST = re.compile(r"(localhost|\[[0-9A-Fa-f:.]+\]|[\w-]+(\.[\w-]+)+)(:\d*)?")
_AT_HOST = re.compile(r"@(?=(\[[0-9A-Fa-f:.]+\]|[\w.-]+)(:\d*)?/)")
#: `user:password@host:path`, as no ssh takes it.
_SCP_PASSWORD = re.compile(r"^([^/@:]+):.*@(?=[^/@:]+:)", re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class Submission(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    """The announcement of an upload, with the fields that CodeScene's REST documentation gives it."""

    commit_sha: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{40}$")]
    repo_url: str
    repo_path: str
    format: Format
    metric: Metric


class Part(NamedTuple):
    """One upload: a report, and the one metric that is read from it."""

    format: Format
    metric: Metric
    content: bytes


@dataclass(frozen=True, slots=True)
class Delivered:
    """An accepted upload, with CodeScene's message and, if given, its count of parsed files."""

    metric: str
    via: Literal["cli", "rest"]
    message: str
    files: int | None = None


def parts(report: Report, version: str, line: Format = "cobertura") -> tuple[Part, ...]:
    """Return the uploads of a report.

    CodeScene reads branch coverage from LCOV only (documentation, "Supported formats and metrics"). Line coverage is
    uploaded separately as Cobertura, or comes with the branches: any metric includes it (help centre, "How cs-coverage upload
    handles multiple metrics").

    Args:
        report: all legs, its files named from the top of the checkout.
        version: the program that writes it.
        line: the format for line coverage; with `lcov` there is one upload, and no Cobertura.
    """
    branches = bool(report.branches.total)
    found = []
    if line == "cobertura":
        xml = "".join(cobertura.write(report, version)).encode("utf-8", "surrogateescape")
        found.append(Part("cobertura", "line-coverage", xml))
    if branches or line == "lcov":
        info = "".join(lcov.write(report)).encode("utf-8", "surrogateescape")
        found.append(Part("lcov", "branch-coverage" if branches else "line-coverage", info))
    return tuple(found)


def measured(submission: Submission, content: bytes) -> int:
    """Count the files of an uploaded report that have lines or branches for the metric."""
    if submission.format == "cobertura":
        return sum(b"<line " in part for part in content.split(b"<class ")[1:])
    record = b"\nBRDA:" if submission.metric == "branch-coverage" else b"\nDA:"
    return sum(record in part for part in content.split(b"end_of_record"))


def clean_remote(url: str) -> str:
    """Return a remote's URL without credentials: no user, password, query or fragment for http(s), no password for others.

    Other protocols keep the user (`ssh://git@host/path`, `git@host:path`), which is part of the address. Passwords may
    contain characters that a URL should quote: `/`, `@`, `?` and `#`.
    """
    url = url.strip()
    parts = _URL.fullmatch(url)
    if parts is None:
        return url if _DRIVE.match(url) else _SCP_PASSWORD.sub(r"\1@", url)
    begin, scheme, rest = parts.groups()
    user, address = _split(rest)
    if scheme.lower() != "file":
        address = re.split("[?#]", address)[0]
    keeps_user = user and not re.search("(?i)http|ftp", scheme)
    return f"{begin}{scheme}://{user}@{address}" if keeps_user else f"{begin}{scheme}://{address}"


def same_repository(one: str, other: str) -> bool:
    """Whether two remotes name the same host and path, whatever the protocol."""
    return _place(one) == _place(other)


def _place(url: str) -> str:
    parts = _URL.fullmatch(url)
    address = parts[3] if parts else url
    if not parts and not _DRIVE.match(url):
        address = re.sub(r"^([^/:]+):/*", r"\1/", address)
    address = re.sub(r"^([^/@]*@)?([^/:]*)(:\d*)?(?=/)", r"\2", address)
    return address.rstrip("/").removesuffix(".git").lower()


def _split(rest: str) -> tuple[str, str]:
    """Return the user, without a password, and the address of what follows `://`."""
    authority = re.split("[/?#]", rest)[0]
    end = authority.rfind("@")
    # If the host is not a valid one, the password contains a slash and ends at an @ before a host.
    if not _HOST.fullmatch(authority[end + 1 :]):
        end = max([end, *(found.start() for found in _AT_HOST.finditer(rest))])
    return ("", rest) if end < 0 else (re.split("[:@]", rest[:end])[0], rest[end + 1 :])
