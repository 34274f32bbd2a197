"""Suggestions: uncovered code that would reach a threshold if tests covered it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covlane.model.lines import ranges
from covlane.model.verdict import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.analysis.threshold import Metric
    from covlane.model.report import FileCoverage, Ratio


class _Uncovered(NamedTuple):
    """Uncovered lines or branches of one file, and their number."""

    missing: Missing
    size: int


def suggestions(
    files: Mapping[str, FileCoverage], changed: Mapping[str, int], metric: Metric, needed: int
) -> Iterator[Missing]:
    """Yield uncovered code worth at least `needed` lines or branches.

    Changed lines alone if they suffice; otherwise whole files, changed files first, then those with most uncovered.
    """
    in_changes = [_uncovered(path, files[path], metric, changed[path]) for path in files if path in changed]
    if needed <= sum(one.size for one in in_changes):
        yield from (one.missing for one in in_changes if one.size)
        return
    whole = [_uncovered(path, file, metric) for path, file in files.items()]
    for one in sorted(whole, key=lambda one: (one.missing.path not in changed, -one.size, one.missing.path)):
        if needed > 0 and one.size:
            needed -= one.size
            yield one.missing


def ratio(file: FileCoverage, metric: Metric) -> Ratio:
    """Return a file's line or branch coverage."""
    return file.branch if metric == "branch" else file.lines


def _uncovered(path: str, file: FileCoverage, metric: Metric, within: int = -1) -> _Uncovered:
    """Return what is uncovered on a set of lines; by default on all."""
    jumps = tuple(jump for jump in sorted(file.branches - file.taken) if within >> jump[0] & 1)
    if metric == "branch":
        return _Uncovered(Missing(path=path, branches=jumps), len(jumps))
    lines = file.executable & ~file.executed & within
    found = tuple(ranges(lines, file.executed | file.executable & ~within))
    if metric == "both":
        return _Uncovered(Missing(path=path, lines=found, branches=jumps), lines.bit_count() + len(jumps))
    return _Uncovered(Missing(path=path, lines=found), lines.bit_count())
