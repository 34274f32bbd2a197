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
    "deleted": "deleted: nothing to cover",
    "submodule": "a submodule: its own repository measures it",
    "symlink": "a symbolic link: its target is measured under its own name",
    "binary": "binary: nothing to cover",
}


def patch(
    report: Report, diff: Diff, statements: Mapping[str, tuple[int, ...]], notes: Mapping[str, str]
) -> Patch:
    """Return the coverage of the changed code.

    Args:
        report: all legs.
        diff: what changed.
        statements: the changed statements of each file of the report, as line sets.
        notes: how these were found, unless by Python's syntax.
    """
    files = tuple(
        _file_patch(file, report.files[file.path], statements[file.path], notes.get(file.path, ""))
        if file.path in statements and file.path in report.files
        else _nothing_to_cover(file, known=file.path in report.files)
        for file in diff.files
    )
    statements_ = total(file.statements for file in files)
    return Patch(statements=statements_, files=files, note="" if statements_.total else _why_nothing(diff))


def _file_patch(file: FileDiff, seen: FileCoverage, statements: tuple[int, ...], note: str) -> PatchFile:
    """Judge one file: a statement counts as run if any of its lines ran."""
    counted = [lines for lines in statements if lines & seen.executable]
    missed = [lines for lines in counted if not lines & seen.executed]
    missing = all_of(missed)
    ran = all_of(counted) & ~missing
    jumps = tuple(jump for jump in sorted(seen.branches - seen.taken) if ran >> jump[0] & 1)
    if not (counted or note):
        note = _why_uncounted(file)
    return PatchFile(
        path=file.path,
        old_path=file.old_path,
        kind=file.kind,
        statements=Ratio(len(counted) - len(missed), len(counted)),
        changed=tuple(to_ranges(file.changed)),
        missing=tuple(ranges(missing, seen.executable & ~missing)),
        missing_branches=jumps,
        note=note,
    )


def all_of(sets: list[int]) -> int:
    """Return the union of line sets."""
    union = 0
    for one in sets:
        union |= one
    return union


def _nothing_to_cover(file: FileDiff, *, known: bool) -> PatchFile:
    note = _NOTES.get(file.kind) or (_why_uncounted(file) if known else "not measured: not in the report")
    changed = tuple(to_ranges(file.changed))
    return PatchFile(path=file.path, old_path=file.old_path, kind=file.kind, changed=changed, note=note)


def _why_uncounted(file: FileDiff) -> str:
    if file.kind == "added" and not file.added:
        return "empty: nothing to cover"
    if not file.added:
        only = "only deletions" if file.removed else "its content did not change"
        return f"{'renamed' if file.kind == 'renamed' else only}: nothing to cover"
    if not file.changed:
        return "only moved: nothing to cover"
    return "no executable statement changed"


def _why_nothing(diff: Diff) -> str:
    if not diff.files:
        return "nothing changed"
    if not any(file.added for file in diff.files):
        return "nothing to cover: the diff only deletes, renames, or has no text"
    return "nothing to cover: no changed statement is executable and measured"
