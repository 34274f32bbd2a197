"""`check`: CodeScene's coverage gates for a pull request, evaluated by `cs-coverage check`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.clients.codescene import check, preflight
from covlane.clients.codescene.cli import SECONDS
from covlane.clients.codescene.delivery import usable
from covlane.clients.wording import shown
from covlane.formats import lcov
from covlane.result import Result, say
from covlane.workspace import codescene, cs_coverage, reports

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.online import Online


@dataclass(frozen=True, slots=True)
class Checked(Result):
    """The gates passed: CodeScene's verdict."""

    verdict: str

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the verdict; what cs-coverage printed was shown as it came."""
        say(self.verdict, out)


def run(configured: Configured, clients: Online) -> Checked:
    """Have cs-coverage evaluate the project's gates on the merged report.

    Raises:
        GateError: a gate failed.
        CovlaneError: they were not evaluated.
    """
    chosen, git = configured.settings, clients.git
    environ = cs_coverage.on_path(configured, clients.environ)
    report = reports.read_complete(configured)
    checkout = codescene.checkout(configured, git, environ)
    token = usable(environ.get("CS_ACCESS_TOKEN"))
    project = check.project(environ, chosen.codescene.project, chosen.codescene.url)
    base = check.base(environ, chosen.github.default_branch)
    remote = codescene.remote(git) or "origin"
    found = check.preconditions(
        environ,
        base=base,
        shallow=git.ask("rev-parse", "--is-shallow-repository") != "false",
        related=bool(git.ask("merge-base", "HEAD", f"refs/remotes/{remote}/{base}")),
    )
    findings = [*preflight.findings(report, checkout, ()), *found]
    codescene.judge(findings, "the gates cannot be evaluated", clients.say)
    path = configured.reports / "codescene.info"
    files.write_whole(path, lcov.write(report))
    top = configured.top
    done = clients.stream(
        check.command(Path(os.path.relpath(path, top)).as_posix()),
        cwd=top,
        environ=check.variables(environ, url=chosen.codescene.url, token=token, project=project),
        timeout=SECONDS,
        line=lambda line: clients.say(shown(line, token=token)),
    )
    return Checked(check.verdict(done.code, done.stdout, token=token))
