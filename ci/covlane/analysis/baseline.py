"""Make a baseline from a report, and decide whether two can be compared."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from covlane.model.baseline import Baseline, Counts
from covlane.model.lines import to_ranges

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import FileCoverage, Report, Stamp

#: The version of the line model: the rules for counting lines and branches. Raise it with each change of them, since
#: it changes the figures of the same source.
_SLIPCOVER = "1"


def measured(report: Report, commit: str, settings: Mapping[str, object], reason: str = "") -> Baseline:
    """Return the baseline of a report at a commit; `settings` are those that decide what is measured."""
    legs = {stamp.leg: ".".join(stamp.python.split(".")[:2]) for stamp in report.legs}
    engines = {f"{stamp.engine} {stamp.tools.get(stamp.engine, '')}".strip() for stamp in report.legs}
    return Baseline(
        commit=commit,
        timestamp=report.timestamp,
        branch=report.branch,
        legs=dict(sorted(legs.items())) | dict.fromkeys(report.others, "report"),
        engine=", ".join(sorted(engines)),
        model=", ".join(sorted({line_model(stamp) for stamp in report.legs})),
        settings={name: json.dumps(value) for name, value in sorted(settings.items())},
        files={
            path: _counts(file, report.digests.get(path, "")) for path, file in sorted(report.files.items())
        },
        reason=reason,
    )


def line_model(stamp: Stamp) -> str:
    """Return the line model of a leg with its version.

    The engine slipcover counts by covlane's own rules, whatever SlipCover's release; coverage.py changes its rules in
    minor releases (its changes are at https://coverage.readthedocs.io/en/latest/changes.html).
    """
    release = stamp.tools.get(stamp.engine, "")
    version = _SLIPCOVER if stamp.engine == "slipcover" else ".".join(release.split(".")[:2])
    return f"{stamp.engine} {version}".strip()


def _counts(file: FileCoverage, digest: str) -> Counts:
    return Counts(
        ran=file.lines.covered,
        lines=file.lines.total,
        taken=file.branch.covered,
        branches=file.branch.total,
        digest=digest,
        executed=tuple(to_ranges(file.executed)),
        missed=tuple(to_ranges(file.executable & ~file.executed)),
        taken_at=tuple(sorted(line for line, _ in file.taken)),
        untaken_at=tuple(sorted(line for line, _ in file.branches - file.taken)),
    )


def differences(before: Baseline, now: Baseline) -> Iterator[str]:
    """Yield the reasons why two baselines cannot be compared."""
    if before.legs != now.legs:
        yield f"other Pythons ({_legs(before)}, now {_legs(now)})"
    if before.model != now.model:
        yield f"another line model ({before.model}, now {now.model})"
    if before.branch != now.branch:
        yield f"branches were {'measured' if before.branch else 'not measured'} then"
    for name in sorted({*before.settings, *now.settings}):
        old, new = before.settings.get(name), now.settings.get(name)
        grown = name == "source" and old and new and set(json.loads(old)) <= set(json.loads(new))
        if old != new and not grown:
            yield f"another {name!r} ({old}, now {new})"


def _legs(one: Baseline) -> str:
    return ", ".join(f"{leg}" for leg in one.legs) or "none"
