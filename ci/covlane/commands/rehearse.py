"""`invoke rehearse`: the lane from coverage to upload against the stand-in on loopback, with what it received."""

from __future__ import annotations

import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.adapters.environment import without_secrets
from covlane.adapters.git import Git
from covlane.adapters.http import Http
from covlane.commands import merge
from covlane.commands.upload import Delivery
from covlane.errors import DeliveryError, UsageError
from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault
from covlane.workspace import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from covlane.config.settings import Configured

#: No token of any CodeScene.
TOKEN = "token-of-the-rehearsal"  # noqa: S105 - made up
_RETRIES = 2
_AT_ONCE = (("Retry-After", "0"),)
#: What the first requests meet, by name. The first two are outlasted; the others end the upload, which is kept.
FAULTS: dict[str, tuple[Fault, ...]] = {
    "": (),
    "503": (Fault(503, headers=_AT_ONCE),) * _RETRIES,
    "reset": (Fault(kind="reset"),),
    "401": (Fault(401, b'{"error": "Unauthorized"}'),),
    "slow": (Fault(kind="slow"),) * (_RETRIES + 1),
    "truncated": (Fault(kind="half"),),
}


def codescene(fault: str) -> StandIn:
    """Return a CodeScene that begins with a fault.

    Raises:
        UsageError: there is no such fault.
    """
    if fault not in FAULTS:
        raise UsageError(f"there is no fault {fault!r}", f"pass one of {', '.join(filter(None, FAULTS))}")
    return StandIn(TOKEN, FAULTS[fault])


def run(
    configured: Configured,
    environ: Mapping[str, str],
    standin: StandIn,
    say: Callable[[str], None],
    *,
    skip_coverage: bool,
) -> None:
    """Measure, merge and upload to `standin`, which the settings name; the real outbox is left alone.

    Raises:
        ReportError: there is nothing to upload.
        DeliveryError: the upload did not succeed at the second try either.
    """
    environ = {name: value for name, value in environ.items() if not name.startswith("CS_")}
    if not skip_coverage:
        argv = [sys.executable, "-m", "nox", "-s", configured.session]
        say(f"$ nox -s {configured.session}")
        told = without_secrets(environ, configured.settings.codescene.secrets)
        done = process.stream(argv, cwd=configured.root, environ=told, timeout=None, line=say)
        if done.code:
            say(f"nox ended with {done.code}; what was measured is rehearsed with")
        with reports.lock(configured.reports):
            merge.merge_legs(configured, Git(configured.root, environ), allow_incomplete=True)
    environ |= {"CS_ACCESS_TOKEN": TOKEN}
    client = Http(timeouts=(5, 1), retries=_RETRIES, backoff=0.1)
    with tempfile.TemporaryDirectory() as folder, closing(client):
        codescene = Delivery(configured, environ, say, client, Path(folder), strict=False)
        say("$ covlane upload")
        try:
            codescene.upload(allow_incomplete=True)
        except DeliveryError as error:
            say(f"covlane: {error}\n(exit code {error.exit_code})\n$ covlane upload --resume")
            codescene.resume()
    say("what the CodeScene of this rehearsal received:")
    for request in standin.requests:
        say(f"  {request.method} {request.path}, {len(request.body):,} bytes")
    for number, upload in standin.uploads.items():
        if upload.report is not None:
            say(f"  id {number}: {upload.fields['metric']} of {upload.fields['commit-sha'][:10]}")
    say("nothing left this machine")
