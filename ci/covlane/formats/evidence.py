"""`evidence.json`, `verdict.json` and baselines, as JSON by msgspec; line sets are written as ranges."""

from __future__ import annotations

import hashlib
from typing import Annotated, TypeVar

import msgspec

from covlane.errors import ReportError
from covlane.formats.untrusted import Line, decode
from covlane.model.baseline import SCHEMA as BASELINE_SCHEMA
from covlane.model.baseline import Baseline, Counts
from covlane.model.diff import Diff, FileDiff, Kind, Piece
from covlane.model.evidence import Evidence
from covlane.model.lines import from_ranges, to_ranges
from covlane.model.verdict import SCHEMA, BaselineState, Verdict

_T = TypeVar("_T")
#: A deletion may be before the first line.
_Ranges = list[tuple[Annotated[int, msgspec.Meta(ge=0, le=1_000_000)], Line]]
_Piece = tuple[Line, Line, str, Line]


class _File(msgspec.Struct, omit_defaults=True):
    path: str
    kind: Kind
    old_path: str | None = None
    added: _Ranges = []
    moved: _Ranges = []
    removed: _Ranges = []
    cut: list[Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]] = []


class _Evidence(msgspec.Struct, omit_defaults=True):
    schema: int
    commit: str | None
    dirty: bool
    base: str | None
    base_ref: str
    files: list[_File]
    statements: dict[str, list[_Ranges]]
    notes: dict[str, str]
    baseline: Baseline | None
    following: dict[str, list[_Piece]]
    unfollowed: tuple[str, ...]
    state: BaselineState
    incomplete: tuple[str, ...]


def write_evidence(evidence: Evidence) -> bytes:
    """Encode evidence; equal evidence gives equal bytes."""
    diff = evidence.diff
    return _encode(
        _Evidence(
            SCHEMA,
            evidence.commit,
            evidence.dirty,
            diff.base if diff else None,
            evidence.base_ref,
            [_file(file) for file in diff.files] if diff else [],
            {path: [to_ranges(one) for one in sets] for path, sets in sorted(evidence.statements.items())},
            dict(sorted(evidence.notes.items())),
            evidence.baseline,
            {path: [(*piece,) for piece in pieces] for path, pieces in sorted(evidence.following.items())},
            evidence.unfollowed,
            evidence.state,
            evidence.incomplete,
        )
    )


def read_evidence(content: bytes, name: str) -> Evidence:
    """Decode the output of `write_evidence`; ReportError if it is something else."""
    found = _decode(content, _Evidence, name, SCHEMA)
    files = [
        FileDiff(
            one.path,
            one.kind,
            one.old_path,
            from_ranges(one.added),
            from_ranges(one.moved),
            from_ranges(one.removed),
            from_ranges((line, line) for line in one.cut),
        )
        for one in found.files
    ]
    return Evidence(
        commit=found.commit,
        dirty=found.dirty,
        diff=Diff(found.base, tuple(files)) if found.base is not None else None,
        base_ref=found.base_ref,
        statements={path: tuple(map(from_ranges, sets)) for path, sets in found.statements.items()},
        notes=found.notes,
        baseline=found.baseline,
        following={path: tuple(Piece(*one) for one in pieces) for path, pieces in found.following.items()},
        unfollowed=found.unfollowed,
        state=found.state,
        incomplete=found.incomplete,
    )


def write_verdict(verdict: Verdict) -> bytes:
    """Encode a verdict; equal verdicts give equal bytes. The order of gate patterns is kept, as it matters."""
    return msgspec.json.format(msgspec.json.encode(verdict), indent=1) + b"\n"


def read_verdict(content: bytes, name: str) -> Verdict:
    """Decode the output of `write_verdict`; ReportError if it is something else."""
    return _decode(content, Verdict, name, SCHEMA)


def write_baseline(baseline: Baseline) -> bytes:
    """Encode a baseline with one line per file, so that diffs are readable."""
    head = msgspec.json.format(_encode(msgspec.structs.replace(baseline, files={})), indent=1)
    rows = [b"  %b: %b" % (_encode(path), _encode(one)) for path, one in sorted(baseline.files.items())]
    files = b"{\n%b\n }" % b",\n".join(rows) if rows else b"{}"
    return head.replace(b'"files": {}', b'"files": %b' % files, 1) + b"\n"


def read_baseline(content: bytes, name: str) -> Baseline:
    """Decode the output of `write_baseline`; ReportError if it is something else, or its counts are impossible."""
    found = _decode(content, Baseline, name, BASELINE_SCHEMA)
    for path, one in found.files.items():
        if not _agrees(one):
            raise ReportError(
                f"{name} has counts for {path!r} that contradict its lines", "write the baseline again"
            )
    return found


def _agrees(one: Counts) -> bool:
    ran, missed = from_ranges(one.executed), from_ranges(one.missed)
    counts = (
        ran.bit_count(),
        (ran | missed).bit_count(),
        len(one.taken_at),
        len(one.taken_at + one.untaken_at),
    )
    return not ran & missed and counts == (one.ran, one.lines, one.taken, one.branches)


def diff_identity(diff: Diff | None) -> str:
    """Return the SHA-256 of the changes, independent of the base; empty if there is no diff."""
    return identity(_encode([_file(file) for file in diff.files])) if diff else ""


def identity(content: bytes) -> str:
    """Return the SHA-256 of bytes, in hex."""
    return hashlib.sha256(content).hexdigest()


def _file(file: FileDiff) -> _File:
    return _File(
        file.path,
        file.kind,
        file.old_path,
        to_ranges(file.added),
        to_ranges(file.moved),
        to_ranges(file.removed),
        [line for line, _ in to_ranges(file.cut)],
    )


def _encode(value: object) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _decode(content: bytes, kind: type[_T], name: str, schema: int) -> _T:
    found = decode(content, kind, name, "run `invoke gate` again")
    if (theirs := getattr(found, "schema", schema)) != schema:
        raise ReportError(
            f"{name} has schema {theirs}; this covlane reads {schema}", "use one version of covlane"
        )
    return found
