"""Many legs to one report: what each ran, and all that is missing from it."""

from __future__ import annotations

from collections import Counter
from functools import reduce
from typing import TYPE_CHECKING

from covlane.model.report import FileCoverage, Measured, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence


def merge(
    legs: Iterable[Measured],
    *,
    expected: Sequence[str],
    commit: str | None,
    digest: Callable[[str], str | None],
) -> Report:
    """Merge legs into one report.

    A file's lines are the union over the legs. A leg that ran another commit, or other content of a file than
    the repository has now, is left out and named: its line numbers mean something else.

    Args:
        legs: in any order.
        expected: the names of all legs, from the session list.
        commit: HEAD of the repository, None where there is none.
        digest: the digest of a file as it is now, None where it is not there.
    """
    found = sorted(legs, key=lambda leg: leg.stamp.leg)
    incomplete = list(_absent(found, expected))
    kept: list[Measured] = []
    digests: dict[str, str] = {}
    for leg in found:
        if reason := _foreign(leg, commit, digest, digests):
            incomplete.append(f"{leg.stamp.leg} is left out: {reason}; run it again")
            continue
        kept.append(leg)
        digests.update(leg.digests)
        incomplete += [f"{leg.stamp.leg}: {reason}" for reason in leg.stamp.reasons]
        incomplete += (
            [f"{leg.stamp.leg} is incomplete"] if not leg.stamp.complete and not leg.stamp.reasons else []
        )
    names = sorted({path for leg in kept for path in leg.files})
    return Report(
        branch=any(leg.branch for leg in kept),
        timestamp=max((leg.timestamp for leg in kept), default="1970-01-01T00:00:00+00:00"),
        files={path: reduce(_union, (leg.files.get(path) for leg in kept), FileCoverage()) for path in names},
        legs=tuple(leg.stamp for leg in kept),
        disputed=dict(_disputed(kept, names)),
        incomplete=tuple(incomplete),
    )


def _union(left: FileCoverage, right: FileCoverage | None) -> FileCoverage:
    return left | right if right else left


def _absent(found: Sequence[Measured], expected: Sequence[str]) -> Iterator[str]:
    counts = Counter(leg.stamp.leg for leg in found)
    for name in expected:
        if not counts[name]:
            yield f'{name} did not run here; run `nox -s "{name}"`'
    for name, count in sorted(counts.items()):
        if count > 1:
            yield f"{name} is there {count} times; remove the legs of former runs"
        if name not in expected:
            yield f"{name} is no leg of this repository's session list; remove it, or add its Python to `pythons`"


def _foreign(
    leg: Measured, commit: str | None, digest: Callable[[str], str | None], others: Mapping[str, str]
) -> str | None:
    """Say why a leg's lines are not this repository's, or None."""
    if leg.stamp.commit != commit:
        return f"it ran commit {_short(leg.stamp.commit)}, the repository is at {_short(commit)}"
    for path, known in leg.digests.items():
        now = digest(path) or others.get(path)
        if known and now and known != now:
            return f"it measured another content of {path}"
    return None


def _short(commit: str | None) -> str:
    return commit[:12] if commit else "none"


def _disputed(legs: Sequence[Measured], names: Collection[str]) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield, for each file with lines that some legs ran and others did not, who ran which of them."""
    for path in names:
        ran = {leg.stamp.leg: leg.files[path].executed if path in leg.files else 0 for leg in legs}
        union = intersection = next(iter(ran.values()), 0)
        for lines in ran.values():
            union |= lines
            intersection &= lines
        if disputed := union & ~intersection:
            yield path, {leg: lines & disputed for leg, lines in ran.items() if lines & disputed}
