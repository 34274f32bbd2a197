"""`rehearse`: the lane from coverage to upload against a stand-in on this machine, and what it received."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.adapters.environment import without_secrets
from covlane.commands import merge
from covlane.commands.upload.codescene import Delivery
from covlane.connections import online
from covlane.errors import DeliveryError, UsageError
from covlane.result import Result, say
from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault
from covlane.workspace import reports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local

#: Valid only for the stand-in.
TOKEN = "token-of-the-rehearsal"  # noqa: S105 - made up
_RETRIES = 2
_AT_ONCE = (("Retry-After", "0"),)
#: How the first requests fail, by name. Retries get over the first two; the others fail the upload, which is kept.
FAULTS: dict[str, tuple[Fault, ...]] = {
    "": (),
    "503": (Fault(503, headers=_AT_ONCE),) * _RETRIES,
    "reset": (Fault(kind="reset"),),
    "401": (Fault(401, b'{"error": "Unauthorized"}'),),
    "slow": (Fault(kind="slow"),) * (_RETRIES + 1),
    "truncated": (Fault(kind="half"),),
}
#: How line coverage is sent, by the value of `codescene.line-coverage`.
CHOICES = {
    "cobertura": 'line coverage went as Cobertura; `codescene.line-coverage = "lcov"` sends it within the LCOV',
    "lcov": 'line coverage went within the LCOV; `codescene.line-coverage = "cobertura"` sends it as Cobertura',
}


@dataclass(frozen=True, slots=True)
class Rehearsed(Result):
    """What the stand-in received.

    Attributes:
        lines: each request and each upload.
        choice: how line coverage was sent, and which setting decides that.
    """

    lines: tuple[str, ...]
    choice: str

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write what was received."""
        say("the CodeScene stand-in received:", out)
        for line in self.lines:
            say(f"  {line}", out)
        say(self.choice, out)
        say("nothing left this machine", out)


def codescene(fault: str) -> StandIn:
    """Return a CodeScene that begins with a fault.

    Raises:
        UsageError: there is no such fault.
    """
    if fault not in FAULTS:
        raise UsageError(f"unknown fault {fault!r}", f"pass one of {', '.join(filter(None, FAULTS))}")
    return StandIn(TOKEN, FAULTS[fault])


def run(configured: Configured, clients: Local, standin: StandIn, *, skip_coverage: bool) -> Rehearsed:
    """Measure, merge and upload to `standin`, which the settings name; the real outbox is left alone.

    Raises:
        ReportError: there is nothing to upload.
        DeliveryError: the upload did not succeed at the second try either.
    """
    environ = {name: value for name, value in clients.environ.items() if not name.startswith("CS_")}
    if not skip_coverage:
        _measure(configured, environ, clients)
    environ |= {"CS_ACCESS_TOKEN": TOKEN}
    with (
        tempfile.TemporaryDirectory() as folder,
        online.connect(configured, environ, clients.say, online.loopback(_RETRIES), Path(folder)) as sending,
    ):
        delivery = Delivery.to(configured, sending, strict=False)
        clients.say("$ covlane upload")
        try:
            delivery.upload(allow_incomplete=True)
        except DeliveryError as error:
            clients.say(f"covlane: {error}\n(exit code {error.exit_code})\n$ covlane upload --resume")
            delivery.resume()
    return Rehearsed(tuple(_received(standin)), CHOICES[configured.settings.codescene.line_coverage])


def _measure(configured: Configured, environ: Mapping[str, str], clients: Local) -> None:
    """Run the coverage session and merge what it left."""
    argv = [sys.executable, "-m", "nox", "-s", configured.session]
    clients.say(f"$ nox -s {configured.session}")
    without = without_secrets(environ, configured.settings.codescene.secrets)
    done = process.stream(argv, cwd=configured.root, environ=without, timeout=None, line=clients.say)
    if done.code:
        clients.say(f"nox ended with {done.code}; the rehearsal goes on with what was measured")
    with reports.lock(configured.reports):
        merge.merge_legs(configured, clients.git, allow_incomplete=True)


def _received(standin: StandIn) -> Iterator[str]:
    for request in standin.requests:
        yield f"{request.method} {request.path}, {len(request.body):,} bytes"
    for number, upload in standin.uploads.items():
        if upload.report is not None:
            fields = upload.fields
            yield f"id {number}: {fields['metric']} of {fields['commit-sha'][:10]}, as {fields['format']}"
