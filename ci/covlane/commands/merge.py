"""`merge`: the legs, and other tools' reports, become one report."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis.merge import merge
from covlane.errors import ReportError
from covlane.formats import slipcover
from covlane.formats.untrusted import uncollected
from covlane.model.report import Component, Measured
from covlane.render import words
from covlane.render.words import printable
from covlane.result import Result, say
from covlane.workspace import inputs, machine, reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import TextIO

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.formats.foreign import Foreign
    from covlane.model.report import Report


@dataclass(frozen=True, slots=True)
class Merged(Result):
    """The merged report, as it was written."""

    report: Report

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the notes of the merge, and the figures."""
        for note in self.report.notes:
            say(f"note: {note}", out)
        say(f"{words.headline(self.report)}, legs: {words.legs(self.report)}", out)


def run(
    configured: Configured, clients: Local, named: Sequence[Path] = (), *, allow_incomplete: bool = False
) -> Merged:
    """Merge the legs and the reports that are named, and keep how long each test took; errors as of `merge_legs`."""
    durations: dict[str, float] = {}
    with reports.lock(configured.reports), clients.progress("reports") as progress:
        merged = merge_legs(
            configured,
            clients.git,
            named,
            allow_incomplete=allow_incomplete,
            durations=durations,
            progress=progress,
        )
        if durations and not merged.incomplete:
            keep_durations(configured, durations)
    return Merged(merged)


def merge_legs(
    configured: Configured,
    git: Git,
    named: Sequence[Path] = (),
    *,
    allow_incomplete: bool,
    lacks: Sequence[str] = (),
    elsewhere: Sequence[str] = (),
    durations: dict[str, float] | None = None,
    progress: Callable[[int, int | None], None] = lambda *_: None,
) -> Report:
    """Merge what lies in `reports/legs`, and the reports that are named, into `reports/coverage.json`.

    `elsewhere` are legs that this machine cannot run, as `lacks` says which Pythons; the report is complete without them.
    `progress` is called with how many of them are read, and how many there are. `durations`, where it is given, is filled with
    the seconds that each test took in the leg that was slowest at it.

    Raises:
        ReportError: there is no leg, or the report is incomplete and that is not allowed; then it is written
            nowhere, and the former one is left.
    """
    found = inputs.found(configured, named)
    places = inputs.places(configured, git)
    parts = configured.settings.components.items()

    def read() -> Iterator[tuple[str, Measured | Foreign | ReportError]]:
        for number, one in enumerate(inputs.read(found, configured, places)):
            progress(number, len(found))
            if durations is not None and isinstance(one[1], Measured):
                for test, seconds in one[1].durations.items():
                    durations[test] = max(seconds, durations.get(test, 0))
            yield one
            del one  # before the next is read

    with uncollected():
        report = merge(
            read(),
            expected=configured.legs(),
            commit=git.commit(),
            now=inputs.contents(configured.root),
            places=places,
            components=[Component(name, part.source, part.flags) for name, part in parts],
            omit=configured.settings.omit,
            elsewhere=elsewhere,
        )
        report = replace(report, notes=(*machine.notes(configured, lacks, report), *report.notes))
        if report.incomplete and not allow_incomplete:
            reasons = "".join(f"\n  - {printable(reason)}" for reason in report.incomplete)
            reasons += "".join(f"\n  note: {printable(note)}" for note in report.notes)
            raise ReportError(
                f"the report would be incomplete:{reasons}",
                "fix these, or pass --allow-incomplete, which marks every output",
            )
        names = "slipcover", "slipcover-cli"
        version = next((leg.tools[name] for leg in report.legs for name in names if name in leg.tools), "")
        files.write_whole(configured.reports / "coverage.json", slipcover.write_report(report, version))
    return report


def keep_durations(configured: Configured, durations: Mapping[str, float]) -> None:
    """Write what the next run of all shards is split by; local runs of single legs leave it, so that they fit."""
    files.write_whole(configured.reports / "durations.json", json.dumps(dict(sorted(durations.items()))))
