"""The report of the legs that ran on this machine, as `nox -s report` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.commands import merge
from covlane.commands.report import Reported, Writer
from covlane.workspace import machine, reports, testmaps

if TYPE_CHECKING:
    from covlane.config.settings import Configured
    from covlane.connections.local import Local


def run(configured: Configured, clients: Local) -> Reported:
    """Merge the legs and write the outputs, complete without the legs that this machine cannot run.

    Legs that it can run and did not are named in the outputs, and are no error.

    Raises:
        ReportError: there is no leg, or an output cannot be written.
    """
    lacks = machine.lacking(configured, clients.environ)
    elsewhere = machine.elsewhere(configured, lacks, clients.environ)
    with reports.lock(configured.reports):
        merged = merge.merge_legs(
            configured, clients.git, allow_incomplete=True, lacks=lacks, elsewhere=elsewhere
        )
        contexts, notes = testmaps.of_report(configured, merged)
        written = Writer(configured, clients.git, clients.environ, merged, contexts).write()
    return Reported(merged, written, configured.settings.thresholds, tuple(notes))
