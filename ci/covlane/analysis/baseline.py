"""Baselines: what a report comes to, whether two may be compared, and how far figures may have dropped."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from covlane.model.baseline import Baseline, Counts
from covlane.model.report import Ratio

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import FileCoverage, Report


def measured(report: Report, commit: str, settings: Mapping[str, object], reason: str = "") -> Baseline:
    """Return what a report comes to at a commit, under the settings that decide what is measured."""
    legs = {stamp.leg: ".".join(stamp.python.split(".")[:2]) for stamp in report.legs}
    engines = {f"{stamp.engine} {stamp.tools.get(stamp.engine, '')}".strip() for stamp in report.legs}
    return Baseline(
        commit=commit,
        timestamp=report.timestamp,
        branch=report.branch,
        legs=dict(sorted(legs.items())) | dict.fromkeys(report.others, "report"),
        engine=", ".join(sorted(engines)),
        settings={name: json.dumps(value) for name, value in sorted(settings.items())},
        files={path: _counts(file) for path, file in sorted(report.files.items())},
        reason=reason,
    )


def _counts(file: FileCoverage) -> Counts:
    return Counts(file.lines.covered, file.lines.total, file.branch.covered, file.branch.total)


def differences(before: Baseline, now: Baseline) -> Iterator[str]:
    """Yield why two measurements cannot be compared: nothing, where they can."""
    if before.legs != now.legs:
        yield f"other Pythons ({_legs(before)}, now {_legs(now)})"
    if before.engine != now.engine:
        yield f"another engine ({before.engine}, now {now.engine})"
    if before.branch != now.branch:
        yield f"branches were {'measured' if before.branch else 'not measured'} then"
    for name in sorted({*before.settings, *now.settings}):
        old, new = before.settings.get(name), now.settings.get(name)
        grown = name == "source" and old and new and set(json.loads(old)) <= set(json.loads(new))
        if old != new and not grown:
            yield f"another {name!r} ({old}, now {new})"


def _legs(one: Baseline) -> str:
    return ", ".join(f"{leg}" for leg in one.legs) or "none"


def floors(
    before: Baseline, now: Mapping[str, FileCoverage], former: Mapping[str, str]
) -> tuple[Ratio, Ratio]:
    """Return lines and branches that must be reached, where the deletion of covered code is no drop.

    Of each file as many covered lines count as deleted as it has fewer lines in all and fewer covered ones; so what
    is no longer covered cannot hide behind a deletion elsewhere, nor one file's loss behind another's.

    Args:
        before: the baseline.
        now: the files as they are measured now.
        former: the former names of renamed files.
    """
    lines, branches = before.lines, before.branches
    renamed = {old: new for new, old in former.items() if old not in now}
    for path, then in before.files.items():
        counts = _counts(now[there]) if (there := renamed.get(path, path)) in now else Counts(0, 0, 0, 0)
        lines = _without(lines, min(then.lines - counts.lines, then.ran - counts.ran))
        branches = _without(branches, min(then.branches - counts.branches, then.taken - counts.taken))
    return lines, branches


def _without(ratio: Ratio, deleted: int) -> Ratio:
    deleted = max(deleted, 0)
    return Ratio(ratio.covered - deleted, ratio.total - deleted)


def risen(before: Baseline, now: Mapping[str, FileCoverage], former: Mapping[str, str]) -> list[str]:
    """Return the files that miss more lines or branches than before, in order."""
    none = Counts(0, 0, 0, 0)
    found = []
    for path, file in now.items():
        then = before.files.get(path) or before.files.get(former.get(path, ""), none)
        more = file.lines.missing > then.lines - then.ran, file.branch.missing > then.branches - then.taken
        if any(more):
            found.append(path)
    return found
