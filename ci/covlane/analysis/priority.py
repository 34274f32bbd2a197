"""Which uncovered code to test first: changed code, then files by missing lines, commits and untaken branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covlane.model.lines import from_ranges

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.model.report import Branch, FileCoverage
    from covlane.model.verdict import Patch


class Uncovered(NamedTuple):
    """Uncovered code of one file.

    Attributes:
        path: its name.
        changed: whether this is its changed code, or the rest.
        lines: the set of lines that did not run.
        branches: those that covered lines never took, in order, apart from those into `lines`.
        untaken: the number of all branches that were never taken, also from lines that did not run.
        score: what the order goes by.
    """

    path: str
    changed: bool
    lines: int
    branches: tuple[Branch, ...]
    untaken: int
    score: int


def ranked(
    files: Mapping[str, FileCoverage], patch: Patch | None, commits: Mapping[str, int]
) -> list[Uncovered]:
    """Return all uncovered code, that which pays most first.

    Args:
        files: of the report.
        patch: the changed code; None where that is not known.
        commits: how many commits changed a file; a file without an entry has none.
    """
    found: list[Uncovered] = []
    changed = {file.path: file for file in patch.files} if patch else {}
    for path, file in files.items():
        missing, untaken = file.executable & ~file.executed, file.branches - file.taken
        lines, branches = 0, frozenset[tuple[int, int]]()
        if patched := changed.get(path):
            lines = from_ranges(patched.missing) & missing
            branches = untaken & {
                *patched.missing_branches,
                *(jump for jump in untaken if lines >> jump[0] & 1),
            }
        for is_changed, its_lines, its_branches in (
            (True, lines, branches),
            (False, missing & ~lines, untaken - branches),
        ):
            # What a branch leads to or comes from and did not run is among the lines.
            jumps = tuple(
                jump for jump in sorted(its_branches) if not (missing >> jump[0] | missing >> jump[1]) & 1
            )
            if its_lines or jumps:
                score = max(its_lines.bit_count(), 1) * (1 + commits.get(path, 0)) * (1 + len(its_branches))
                found.append(Uncovered(path, is_changed, its_lines, jumps, len(its_branches), score))
    return sorted(found, key=lambda one: (not one.changed, -one.score, one.path))


def ranks(found: list[Uncovered]) -> dict[str, int]:
    """Return the rank of each file with uncovered code, 1 for the first."""
    return {path: rank for rank, path in enumerate(dict.fromkeys(one.path for one in found), 1)}
