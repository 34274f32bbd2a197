"""SlipCover's JSON, with covlane's additions: a leg's file, and the merged report.

The shape is SlipCover 1.1's (`schemas.py` there): `meta`, `files` with executed and missing lines and
branches, `summary`. A leg adds `covlane` (its stamp) and a `digest` for each file. The merged report keeps the digests and adds
`legs` and `others`, what each `alone` ran, `components`, `incomplete`, `notes`, `elsewhere`, and, for each file on whose lines legs
disagree, `legs`: which leg `ran` or `missed` these lines, as ranges from a first to a last line.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated

import msgspec

from covlane.errors import ReportError
from covlane.formats.gathered import Gathered
from covlane.formats.untrusted import (
    MOST_FILES,
    MOST_LINES,
    Line,
    decode,
    uncollected,
    utc,
)
from covlane.model.branches import LAST_TARGET
from covlane.model.lines import from_ranges, pack, to_ranges, unpack
from covlane.model.report import Alone, Component, LegFile, LegGroup, Measured, Report, Stamp

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from covlane.formats.untrusted import Foreign
    from covlane.model.report import FileCoverage

#: The version of what covlane adds.
SCHEMA = 1
REMEDY = "remove it and run its leg again"
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Target = Annotated[int, msgspec.Meta(ge=0, le=LAST_TARGET)]


class _Meta(msgspec.Struct):
    software: str
    version: str
    timestamp: str
    branch_coverage: bool


class _LegGroup(msgspec.Struct):
    names: tuple[str, ...]
    ran: list[tuple[Line, Line]]
    missed: list[tuple[Line, Line]]


class _File(msgspec.Struct, omit_defaults=True):
    executed_lines: list[Line]
    missing_lines: list[Line]
    executed_branches: list[tuple[Line, Target]] = []
    missing_branches: list[tuple[Line, Target]] = []
    digest: str = ""
    legs: list[_LegGroup] = []


_FILE = msgspec.json.Decoder(_File)


class _PlainFile(msgspec.Struct):
    """A file as SlipCover writes it, with unchecked numbers."""

    executed_lines: list[int]
    missing_lines: list[int]
    executed_branches: list[tuple[int, int]] = []
    missing_branches: list[tuple[int, int]] = []


class _Plain(msgspec.Struct):
    meta: _Meta
    files: dict[str, msgspec.Raw]


class _Leg(msgspec.Struct):
    meta: _Meta
    files: dict[str, msgspec.Raw]
    covlane: Stamp
    durations: dict[str, Seconds] = {}


class _Merged(msgspec.Struct):
    meta: _Meta
    files: dict[str, msgspec.Raw]
    legs: list[Stamp]
    others: list[str]
    alone: dict[str, Alone]
    components: list[Component]
    incomplete: list[str]
    notes: list[str] = []
    elsewhere: list[str] = []


class _Envelope(msgspec.Struct):
    """The fields to check before decoding the rest."""

    class _Version(msgspec.Struct):
        schema: int

    class _Digest(msgspec.Struct):
        digest: str = ""

    covlane: _Version
    files: dict[str, _Digest] = {}


def read(content: bytes, name: str) -> Foreign:
    """Decode SlipCover's own JSON; ReportError if it is something else."""
    document = decode(content, _Plain, name)
    found = Gathered(name)
    for file, where in found.entries(document.files, _PlainFile):
        missed, ran = (found.lines(half, where) for half in (file.missing_lines, file.executed_lines))
        untaken, taken = (
            found.branches(half, where) for half in (file.missing_branches, file.executed_branches)
        )
        found.add(where, (missed, ran), (untaken, taken))
    meta = document.meta
    return found.foreign("SlipCover JSON", branch=meta.branch_coverage, timestamp=utc(meta.timestamp))


def read_leg(content: bytes, name: str) -> Measured:
    """Decode a leg's file.

    Args:
        content: the bytes.
        name: the file's name in messages.

    Raises:
        ReportError: this is not a leg of this schema, or has an impossible path; a file with impossible numbers
            raises it when it is accessed.
    """
    envelope = decode(content, _Envelope, name, REMEDY)
    if envelope.covlane.schema != SCHEMA:
        raise ReportError(
            f"{name} has schema {envelope.covlane.schema}; this covlane reads schema {SCHEMA}",
            "run legs and merge with one version of covlane",
        )
    document = decode(content, _Leg, name, REMEDY)
    digests = {path: file.digest for path, file in envelope.files.items()}
    branch, timestamp = document.meta.branch_coverage, _timestamp(document.meta, name)
    files = _Files(document.files, name)
    return Measured(document.covlane, branch, timestamp, files, digests, document.durations)


@uncollected()
def read_report(content: bytes, name: str, only: Collection[str] | None = None) -> Report:
    """Decode a merged report, or only some of its files; errors as in `read_leg`."""
    document = decode(content, _Merged, name, REMEDY)
    files = _Files(document.files, name)
    covered, disputed, digests = {}, {}, {}
    for path in files if only is None else sorted(files.keys() & set(only)):
        file = files.decode(path)
        covered[path] = files.leg_file(file).coverage()
        if file.legs:
            disputed[path] = tuple(map(_leg_group, file.legs))
        if file.digest:
            digests[path] = file.digest
    return Report(
        branch=document.meta.branch_coverage,
        timestamp=_timestamp(document.meta, name),
        files=covered,
        legs=tuple(document.legs),
        others=tuple(document.others),
        disputed=disputed,
        alone=document.alone,
        components=tuple(document.components),
        incomplete=tuple(document.incomplete),
        notes=tuple(document.notes),
        elsewhere=tuple(document.elsewhere),
        digests=digests,
    )


def _leg_group(group: _LegGroup) -> LegGroup:
    ran = from_ranges(group.ran)
    return LegGroup(group.names, ran | from_ranges(group.missed), ran)


def write_report(report: Report, version: str) -> bytes:
    """Encode a merged report; `version` is SlipCover's. Equal reports give equal bytes."""
    document = {
        "meta": {
            "software": "slipcover",
            "version": version,
            "timestamp": report.timestamp,
            "branch_coverage": report.branch,
            "show_contexts": False,
        },
        # Encoded one by one: as lists of numbers, files take much more memory than as JSON.
        "files": {
            path: msgspec.Raw(msgspec.json.encode(_entry(report, path))) for path in sorted(report.files)
        },
        "summary": _summary(report.files, branch=report.branch),
        "legs": list(report.legs),
        "others": list(report.others),
        "alone": report.alone,
        "components": [
            {
                **msgspec.to_builtins(component),
                "summary": _summary(report.part(component).files, branch=report.branch),
            }
            for component in report.components
        ],
        "incomplete": list(report.incomplete),
        "notes": list(report.notes),
        "elsewhere": list(report.elsewhere),
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
    if digest := report.digests.get(path):
        entry["digest"] = digest
    if groups := report.disputed.get(path):
        entry["legs"] = [
            _LegGroup(legs, to_ranges(executed), to_ranges(executable & ~executed))
            for legs, executable, executed in groups
        ]
    return entry


def _summary(files: Mapping[str, FileCoverage], *, branch: bool) -> dict[str, float | int]:
    """Return SlipCover's summary; its `percent_covered` mixes lines and branches, so covlane does not read it."""
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


def _timestamp(meta: _Meta, name: str) -> str:
    """Return a report's time as ISO 8601 in UTC."""
    time = utc(meta.timestamp)
    if time is None:
        raise ReportError(f"{name} has an invalid timestamp, {meta.timestamp[:80]!r}", REMEDY)
    return time


class _Files(Mapping[str, LegFile]):
    """Files decoded on access: all at once they would take much more memory than their JSON."""

    def __init__(self, texts: Mapping[str, msgspec.Raw], name: str) -> None:
        if len(texts) > MOST_FILES:
            raise ReportError(f"{name} has more files than a report can have", REMEDY)
        for path in texts:
            if not is_inside(path):
                raise ReportError(
                    f"{name} names {path!r}, which is not a path inside the repository", "run its leg again"
                )
        self._texts = texts
        self._name = name
        self._lines = 0

    def decode(self, path: str) -> _File:
        """Decode a file."""
        try:
            return _FILE.decode(self._texts[path])
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise ReportError(
                f"{self._name} is not a report of this kind: {path!r}: {error}", REMEDY
            ) from None

    def leg_file(self, file: _File) -> LegFile:
        """Return a decoded file's lines and branches."""
        executed = pack(file.executed_lines)
        executable = executed | pack(file.missing_lines)
        self._lines += executable.bit_length()
        if self._lines > MOST_LINES:
            raise ReportError(f"{self._name} has more lines than a report can have", REMEDY)
        return LegFile(executable, executed, file.executed_branches, file.missing_branches)

    def __getitem__(self, path: str) -> LegFile:
        return self.leg_file(self.decode(path))

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def __len__(self) -> int:
        return len(self._texts)


@lru_cache(maxsize=100_000)
def is_inside(path: str) -> bool:
    """Whether a name is a normalised path inside the repository: relative, and with `/`."""
    climbs = path.startswith(("/", "../")) or path in {".", ".."} or path[1:2] == ":"
    return not climbs and posixpath.normpath(path) == path and "\\" not in path
