"""Coverage of the changed code: the diff's statements against the report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.model.lines import ranges, to_ranges
from covlane.model.report import Ratio, total
from covlane.model.verdict import Patch, PatchFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.model.diff import Diff, FileDiff
    from covlane.model.report import FileCoverage, Report

_NOTES = {
    "deleted": "deleted: owes nothing",
    "submodule": "a submodule: its own repository measures it",
    "symlink": "a symbolic link: what it names is measured by its own name",
    "binary": "binary: owes nothing",
}


def patch(
    report: Report, diff: Diff, statements: Mapping[str, tuple[int, ...]], notes: Mapping[str, str]
) -> Patch:
    """Return what the changed code owes, and what of it ran.

    Args:
        report: all legs.
        diff: what changed.
        statements: the changed statements of each file that the report knows, as sets of lines.
        notes: how these were found, where that is not by Python's syntax.
    """
    files = tuple(
        _judged(file, report.files[file.path], statements[file.path], notes.get(file.path, ""))
        if file.path in statements and file.path in report.files
        else _owing_nothing(file, known=file.path in report.files)
        for file in diff.files
    )
    statements_ = total(file.statements for file in files)
    return Patch(statements=statements_, files=files, note="" if statements_.total else _why_nothing(diff))


def _judged(file: FileDiff, seen: FileCoverage, statements: tuple[int, ...], note: str) -> PatchFile:
    """Judge one file: a statement that the report knows ran if any of its lines did."""
    owed = [lines for lines in statements if lines & seen.executable]
    missed = [lines for lines in owed if not lines & seen.executed]
    missing = all_of(missed)
    ran = all_of(owed) & ~missing
    jumps = tuple(jump for jump in sorted(seen.branches - seen.taken) if ran >> jump[0] & 1)
    if not (owed or note):
        note = _unowing(file)
    return PatchFile(
        path=file.path,
        old_path=file.old_path,
        kind=file.kind,
        statements=Ratio(len(owed) - len(missed), len(owed)),
        changed=tuple(to_ranges(file.changed)),
        missing=tuple(ranges(missing, seen.executable & ~missing)),
        missing_branches=jumps,
        note=note,
    )


def all_of(sets: list[int]) -> int:
    """Return the union of sets of lines."""
    union = 0
    for one in sets:
        union |= one
    return union


def _owing_nothing(file: FileDiff, *, known: bool) -> PatchFile:
    note = _NOTES.get(file.kind) or (_unowing(file) if known else "not measured: no source of the report")
    changed = tuple(to_ranges(file.changed))
    return PatchFile(path=file.path, old_path=file.old_path, kind=file.kind, changed=changed, note=note)


def _unowing(file: FileDiff) -> str:
    if file.kind == "added" and not file.added:
        return "empty: owes nothing"
    if not file.added:
        only = "only deletions" if file.removed else "its content did not change"
        return f"{'renamed' if file.kind == 'renamed' else only}: owes nothing"
    if not file.changed:
        return "only moved: owes nothing"
    return "no statement changed that can run"


def _why_nothing(diff: Diff) -> str:
    if not diff.files:
        return "nothing changed"
    if not any(file.added for file in diff.files):
        return "nothing is owed: the diff only deletes, renames, or has no text"
    return "nothing is owed: no changed statement can run, or is measured"
