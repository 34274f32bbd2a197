"""SlipCover's JSON, with covlane's additions: a leg's file, and the merged report.

The shape is SlipCover 1.1's (`schemas.py` there): `meta`, `files` with executed and missing lines and
branches, `summary`. A leg adds `covlane` (its stamp) and a `digest` for each file; the merged report adds
`legs`, `incomplete`, and `legs` for each file whose legs disagree.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, TypeVar

import msgspec

from covlane.errors import ReportError
from covlane.model.lines import pack, unpack
from covlane.model.report import FileCoverage, Measured, Report, Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

_T = TypeVar("_T")

#: The version of what covlane adds.
SCHEMA = 1
#: No source file has more lines; a set of lines is as long as its largest number.
Line = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
Target = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class _Meta(msgspec.Struct):
    software: str
    version: str
    timestamp: str
    branch_coverage: bool


class _File(msgspec.Struct, omit_defaults=True):
    executed_lines: list[Line]
    missing_lines: list[Line]
    executed_branches: list[tuple[Line, Target]] = []
    missing_branches: list[tuple[Line, Target]] = []
    digest: str = ""
    legs: dict[str, list[Line]] = {}


class _Leg(msgspec.Struct):
    meta: _Meta
    files: dict[str, _File]
    covlane: Stamp


class _Merged(msgspec.Struct):
    meta: _Meta
    files: dict[str, _File]
    legs: list[Stamp]
    incomplete: list[str]


class _Envelope(msgspec.Struct):
    """As much as has to be read to know whether the rest can be."""

    class _Version(msgspec.Struct):
        schema: int

    covlane: _Version


def read_leg(content: bytes, name: str) -> Measured:
    """Decode a leg's file.

    Args:
        content: the bytes.
        name: what to call them in an error.

    Raises:
        ReportError: they are no leg of this schema, or a path or number in them is impossible.
    """
    schema = _decode(content, _Envelope, name).covlane.schema
    if schema != SCHEMA:
        raise ReportError(
            f"{name} has schema {schema}; this covlane reads schema {SCHEMA}",
            "run legs and merge with one version of covlane",
        )
    document = _decode(content, _Leg, name)
    files = _files(document.files, name)
    digests = {path: file.digest for path, file in document.files.items()}
    branch, timestamp = document.meta.branch_coverage, _timestamp(document.meta, name)
    return Measured(document.covlane, branch, timestamp, files, digests)


def read_report(content: bytes, name: str) -> Report:
    """Decode a merged report; errors as in `read_leg`."""
    document = _decode(content, _Merged, name)
    return Report(
        branch=document.meta.branch_coverage,
        timestamp=_timestamp(document.meta, name),
        files=_files(document.files, name),
        legs=tuple(document.legs),
        disputed={
            path: {leg: pack(lines) for leg, lines in file.legs.items()}
            for path, file in document.files.items()
            if file.legs
        },
        incomplete=tuple(document.incomplete),
    )


def write_report(report: Report, version: str) -> bytes:
    """Encode a merged report; `version` is SlipCover's. The same report gives the same bytes."""
    document = {
        "meta": {
            "software": "slipcover",
            "version": version,
            "timestamp": report.timestamp,
            "branch_coverage": report.branch,
            "show_contexts": False,
        },
        "files": {path: _entry(report, path) for path in sorted(report.files)},
        "summary": _summary(report.files, branch=report.branch),
        "legs": list(report.legs),
        "incomplete": list(report.incomplete),
    }
    return msgspec.json.encode(document) + b"\n"


def _entry(report: Report, path: str) -> dict[str, object]:
    file = report.files[path]
    entry: dict[str, object] = {
        "executed_lines": unpack(file.executed),
        "missing_lines": unpack(file.executable & ~file.executed),
    }
    if report.branch:
        entry["executed_branches"] = sorted(file.taken)
        entry["missing_branches"] = sorted(file.branches - file.taken)
    entry["summary"] = _summary({path: file}, branch=report.branch)
    if legs := report.disputed.get(path):
        entry["legs"] = {leg: unpack(lines) for leg, lines in sorted(legs.items())}
    return entry


def _summary(files: Mapping[str, FileCoverage], *, branch: bool) -> dict[str, float | int]:
    """SlipCover's own summary; its `percent_covered` mixes lines and branches, so nothing here reads it."""
    covered = sum(file.lines.covered for file in files.values())
    count = sum(file.lines.total for file in files.values())
    summary: dict[str, float | int] = {"covered_lines": covered, "missing_lines": count - covered}
    if branch:
        taken = sum(len(file.taken) for file in files.values())
        branches = sum(len(file.branches) for file in files.values())
        summary |= {"covered_branches": taken, "missing_branches": branches - taken}
        covered, count = covered + taken, count + branches
    summary["percent_covered"] = 100 * covered / count if count else 100.0
    return summary


def _decode(content: bytes, kind: type[_T], name: str) -> _T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _foreign(name, error) from None


def _foreign(name: str, error: object) -> ReportError:
    return ReportError(f"{name} is no report that covlane wrote: {error}", "remove it and run its leg again")


def _timestamp(meta: _Meta, name: str) -> str:
    """Return the time of a report, which other formats need as a number."""
    try:
        datetime.fromisoformat(meta.timestamp).timestamp()
    except (ValueError, OverflowError) as error:
        raise _foreign(name, error) from None
    return meta.timestamp


def _files(files: Mapping[str, _File], name: str) -> dict[str, FileCoverage]:
    found = {}
    for path, file in files.items():
        pure = PurePosixPath(path)
        normal = pure.parts and pure.as_posix() == path
        if not normal or pure.is_absolute() or ".." in pure.parts or "\\" in path or path[1:2] == ":":
            raise ReportError(
                f"{name} names {path!r}, which is no path inside the repository", "run its leg again"
            )
        executed = pack(file.executed_lines)
        taken = frozenset(file.executed_branches)
        found[path] = FileCoverage(
            executed | pack(file.missing_lines), executed, taken.union(file.missing_branches), taken
        )
    return found
