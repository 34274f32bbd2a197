"""`invoke doctor`: every question asked with the real clients, for a bounded time, and nothing changed anywhere."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files, process
from covlane.clients.codescene import cli, diagnose, preflight
from covlane.clients.codescene.submission import clean_remote, parts
from covlane.commands.upload import UNWANTED, Delivery
from covlane.config.engines import MODEL
from covlane.errors import ReportError, ToolError, UsageError
from covlane.model.rules import questions
from covlane.render import words
from covlane.testing.codescene import StandIn
from covlane.workspace import cs_coverage, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.clients.codescene.diagnose import Check
    from covlane.clients.codescene.preflight import Checkout
    from covlane.model.report import Report

_NAMES = {"cobertura": "coverage.xml", "lcov": "lcov.info"}


class Doctor(Delivery):
    """A lane to CodeScene that is asked about, and used for nothing else."""

    def examine(self) -> Iterator[Check]:
        """Yield each question as it is answered; those of CodeScene where it is wanted."""
        chosen = self.configured.settings.codescene
        reports: list[Report] = []
        if chosen.upload:
            yield from diagnose.codescene(self.http, self._url, self.environ.get("CS_ACCESS_TOKEN"))
        else:
            yield diagnose.Check("CodeScene", UNWANTED)
        yield diagnose.check("report", lambda: self._read(reports))
        if chosen.upload:
            yield from self._seen(reports)
        if chosen.upload and chosen.via != "rest":
            yield from self._tool(reports)
        yield diagnose.check("sessions", self._sessions)
        for question in questions(self.configured.settings.gate):
            cause, _, remedy = question.partition("; ")
            yield diagnose.Check("gates", cause, remedy)
        if reports:
            legs, pin = reports[0].legs, MODEL
            yield diagnose.check("SlipCover and pytest", lambda: diagnose.pairing(legs, pin))

    def _tool(self, reports: list[Report]) -> Iterator[Check]:
        environs: list[Mapping[str, str]] = []
        yield diagnose.check(cli.PROGRAM, lambda: self._program(environs))
        if reports and environs:
            yield diagnose.check(f"{cli.PROGRAM} and report", lambda: self._tried(reports[0], environs[0]))

    def _read(self, reports: list[Report]) -> str:
        report = self._report(allow_incomplete=True)
        reports.append(report)
        if report.incomplete:
            raise ReportError(f"it is incomplete: {report.incomplete[0]}", "run what is missing, then merge")
        return f"{words.files(len(report.files))}, such as {', '.join([*report.files][:3])}"

    def _seen(self, reports: list[Report]) -> Iterator[Check]:
        """Yield the commit, the remote, the branch and the paths as CodeScene will see them."""
        checkout = self._checkout()
        yield diagnose.check("commit", lambda: self._told(checkout))
        if checkout.head and checkout.remote:
            analysed = ", ".join(checkout.analysed)
            fine = f"by the settings CodeScene analyses {analysed}; this is {checkout.branch or 'of it'}"
            yield diagnose.check("branch", lambda: preflight.elsewhere(checkout) or fine)
        if reports and checkout.tracked is not None:
            names = reports[0].files
            known = len(checkout.tracked.intersection(names))
            yield diagnose.Check("paths", f"{known:,} of the report's {len(names):,} files are in the commit")
        for found in preflight.findings(reports[0], checkout, ()) if reports else ():
            code = found.error.exit_code if found.error else 0
            yield diagnose.Check("as CodeScene sees it", found.cause, found.remedy, code)

    def _told(self, checkout: Checkout) -> str:
        if not checkout.head:
            raise UsageError(
                self._git.no_commit().cause, "make a commit, in a clone of what CodeScene analyses"
            )
        if not checkout.remote:
            why = (
                "has no remote"
                if not checkout.remotes
                else "has no remote that is origin or its branch's own"
            )
            raise UsageError(f"{checkout.head} {why}", "add the remote that CodeScene analyses as origin")
        return f"{checkout.head} of {clean_remote(checkout.remote)}"

    def _program(self, environs: list[Mapping[str, str]]) -> str:
        """Say which cs-coverage uploads use, and append the environment in which it is found."""
        environ = cs_coverage.on_path(self.configured, self.environ)
        found = shutil.which(cli.PROGRAM, path=environ.get("PATH", ""))
        if found is None:
            if self.configured.settings.codescene.via == "cli":
                raise ToolError(f"{cli.PROGRAM} is not installed", "run `invoke install-cs-coverage`")
            return "not installed; uploads go by REST"
        version, build = cs_coverage.says(Path(found), environ)
        environs.append(environ)
        pinned = cs_coverage.pinned(self.configured) if cs_coverage.located(self.configured) else None
        which = f"archive's SHA-256 as locked: {pinned.sha256}" if pinned else "locked nowhere, from PATH"
        return f"{version} ({build}), {which}, {found}"

    def _tried(self, report: Report, environ: Mapping[str, str]) -> str:
        """Have the report uploaded to a stand-in on this machine, and say what cs-coverage thinks of its form."""
        said, ends = [], list[str]()
        with tempfile.TemporaryDirectory() as folder, StandIn("nobody") as standin:
            url = standin.url.replace("/v2", "/api/v2")
            told = cli.variables({**environ, "NO_PROXY": "127.0.0.1"}, url=url, token="nobody")  # noqa: S106
            line = self.configured.settings.codescene.line_coverage
            for part in parts(report, "covlane doctor", line):
                path = Path(folder, _NAMES[part.format])
                files.write_whole(path, part.content)
                argv = [cli.PROGRAM, "upload", "--format", part.format, "--metric", part.metric, str(path)]
                done = process.run(argv, cwd=self.configured.top, environ=told)
                refusal = cli.read(done.code, f"{done.stdout}\n{done.stderr}", token="nobody")  # noqa: S106
                if refusal and refusal.unparsed:
                    raise ToolError(f"{path.name}: {refusal.cause}", refusal.remedy)
                said.append(f"{path.name} is {'not called unreadable' if refusal else 'read'}")
                ends += [refusal.cause] if refusal else []
        if ends:
            raise diagnose.OpenError(", ".join(said), f"this proves nothing; the program's end: {ends[0]}")
        return ", ".join(said)

    def _sessions(self) -> str:
        listed = [session for session, _ in sessions.listed_sessions(self.configured, self.environ)]
        if missing := sorted({*self.configured.sessions()} - {*listed}):
            raise UsageError(f"nox does not list {', '.join(missing)}", "run `covlane init`, then `nox -l`")
        return ", ".join(listed)
