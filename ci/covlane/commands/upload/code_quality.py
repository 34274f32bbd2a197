"""`upload --to github`: the merged report is sent to GitHub Code Quality."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import covlane
from covlane.clients.github import quality
from covlane.clients.github.api import api
from covlane.errors import UsageError
from covlane.formats import cobertura
from covlane.result import Result, say
from covlane.workspace import reports, runner

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.online import Online


@dataclass(frozen=True, slots=True)
class Sent(Result):
    """GitHub's answer, or why nothing was sent."""

    answer: str

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the answer."""
        say(self.answer, out)


def run(configured: Configured, clients: Online) -> Sent:
    """Send the merged report to GitHub Code Quality, or explain why not.

    Raises:
        ReportError: there is no report, or it is incomplete.
        UsageError: the commit or its branch is not known.
        DeliveryError: GitHub did not take it.
    """
    report, environ = reports.read_complete(configured), clients.environ
    sha, branch = environ.get("GITHUB_SHA") or clients.git.commit(), clients.git.branch()
    reference = environ.get("GITHUB_REF") or (f"refs/heads/{branch}" if branch else "")
    if not (sha and reference):
        raise UsageError("the commit or branch of the report is not known", "check out a branch")
    event = runner.event(environ)
    target = quality.target(event, sha, reference, environ.get("GITHUB_REPOSITORY", ""))
    if isinstance(target, str):
        return Sent(f"skipped: {target}")
    content = "".join(cobertura.write(report, f"covlane {covlane.__version__}")).encode()
    label = configured.settings.github.lane
    return Sent(quality.send(api(clients.http, environ), target, content, label=label, sleep=time.sleep))
