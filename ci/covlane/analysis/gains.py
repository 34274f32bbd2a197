"""What may be covered to gain so many lines or branches."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covlane.model.lines import ranges
from covlane.model.verdict import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.analysis.bar import Metric
    from covlane.model.report import FileCoverage, Ratio


class _Missed(NamedTuple):
    """What of a file is missed, and how much that is."""

    missing: Missing
    size: int


def gains(
    files: Mapping[str, FileCoverage], changed: Mapping[str, int], metric: Metric, needed: int
) -> Iterator[Missing]:
    """Yield what may be covered to gain so much: changed lines where they are enough, else whole files.

    Of these first the changed ones, then those that miss most.
    """
    first = [_missed(path, files[path], metric, changed[path]) for path in files if path in changed]
    if needed <= sum(one.size for one in first):
        yield from (one.missing for one in first if one.size)
        return
    whole = [_missed(path, file, metric) for path, file in files.items()]
    for one in sorted(whole, key=lambda one: (one.missing.path not in changed, -one.size, one.missing.path)):
        if needed > 0 and one.size:
            needed -= one.size
            yield one.missing


def ratio(file: FileCoverage, metric: Metric) -> Ratio:
    """Return a file's figure."""
    return file.branch if metric == "branch" else file.lines


def _missed(path: str, file: FileCoverage, metric: Metric, within: int = -1) -> _Missed:
    """Return what of a file is missed on a set of lines."""
    if metric == "branch":
        jumps = tuple(jump for jump in sorted(file.branches - file.taken) if within >> jump[0] & 1)
        return _Missed(Missing(path=path, branches=jumps), len(jumps))
    lines = file.executable & ~file.executed & within
    found = tuple(ranges(lines, file.executed | file.executable & ~within))
    return _Missed(Missing(path=path, lines=found), lines.bit_count())
