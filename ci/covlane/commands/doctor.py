"""`doctor`: everything that an upload needs is checked, for a bounded time, and nothing is changed anywhere."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from covlane.adapters import files, process
from covlane.clients.codescene import cli, diagnose, preflight
from covlane.clients.codescene.diagnose import Check
from covlane.clients.codescene.submission import clean_remote, parts
from covlane.config.engines import MODEL
from covlane.errors import ReportError, ToolError, UsageError
from covlane.model.rules import questions
from covlane.render import words
from covlane.result import Result
from covlane.testing.codescene import StandIn
from covlane.workspace import codescene, cs_coverage, reports, sessions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.clients.codescene.preflight import Checkout
    from covlane.config.settings import Configured
    from covlane.connections.online import Online
    from covlane.model.report import Report

_NAMES = {"cobertura": "coverage.xml", "lcov": "lcov.info"}


@dataclass(frozen=True, slots=True)
class Checks(Result):
    """The checks; each was printed as it was made."""

    checks: tuple[Check, ...]

    @property
    def exit_code(self) -> int:
        """The exit code of the first check that failed."""
        return next((check.exit_code for check in self.checks if check.exit_code), 0)

    def data(self) -> object:
        """Return a list of objects."""
        return [{"ok": check.ok, **msgspec.to_builtins(check)} for check in self.checks]


def run(configured: Configured, clients: Online) -> Checks:
    """Make the checks, and print each one."""
    made = []
    for check in Doctor(configured, clients).examine():
        made.append(check)
        clients.say(str(check))
    return Checks(tuple(made))


@dataclass(frozen=True, slots=True, repr=False)
class Doctor:
    """The checks of one project; without a repr, as the environment holds a token."""

    configured: Configured
    clients: Online

    def examine(self) -> Iterator[Check]:
        """Yield each check as it is made; those of CodeScene where uploads to it are wanted."""
        chosen, environ = self.configured.settings.codescene, self.clients.environ
        wanted = codescene.is_wanted(chosen, environ)
        merged: list[Report] = []
        if wanted:
            yield from diagnose.codescene(self.clients.http, chosen.url, environ.get("CS_ACCESS_TOKEN"))
        else:
            yield Check("CodeScene", codescene.NOT_WANTED if chosen.upload is False else codescene.NOT_ASKED)
        yield diagnose.check("report", lambda: self._read(merged))
        if wanted:
            yield from self._repository(merged)
        if wanted and chosen.via != "rest":
            yield from self._tool(merged)
        yield diagnose.check("sessions", self._sessions)
        for question in questions(self.configured.settings.gate):
            cause, _, remedy = question.partition("; ")
            yield Check("gates", cause, remedy)
        if merged:
            legs, pin = merged[0].legs, MODEL
            yield diagnose.check("SlipCover and pytest", lambda: diagnose.pairing(legs, pin))

    def _tool(self, merged: list[Report]) -> Iterator[Check]:
        environs: list[Mapping[str, str]] = []
        yield diagnose.check(cli.PROGRAM, lambda: self._program(environs))
        if merged and environs:
            yield diagnose.check(f"{cli.PROGRAM} and report", lambda: self._tried(merged[0], environs[0]))

    def _read(self, merged: list[Report]) -> str:
        report = reports.read_merged(self.configured).below(self.configured.folder)
        merged.append(report)
        if lacks := reports.lacking(report):
            raise ReportError(f"it is incomplete: {lacks[0]}", "run what is missing, then merge")
        return f"{words.files(len(report.files))}, such as {', '.join([*report.files][:3])}"

    def _repository(self, merged: list[Report]) -> Iterator[Check]:
        """Yield the commit, the remote, the branch and the paths as CodeScene will see them."""
        checkout = codescene.checkout(self.configured, self.clients.git, self.clients.environ)
        yield diagnose.check("commit", lambda: self._commit(checkout))
        if checkout.head and checkout.remote:
            analysed = ", ".join(checkout.analysed)
            fine = f"by the settings CodeScene analyses {analysed}; this is {checkout.branch or 'a commit of it'}"
            yield diagnose.check("branch", lambda: preflight.elsewhere(checkout) or fine)
        if merged and checkout.tracked is not None:
            names = merged[0].files
            known = len(checkout.tracked.intersection(names))
            yield Check("paths", f"{known:,} of the report's {len(names):,} files are in the commit")
        for found in preflight.findings(merged[0], checkout, ()) if merged else ():
            code = found.error.exit_code if found.error else 0
            yield Check("as CodeScene sees it", found.cause, found.remedy, code)

    def _commit(self, checkout: Checkout) -> str:
        if not checkout.head:
            raise UsageError(
                self.clients.git.no_commit().cause,
                "make a commit in a clone of the repository that CodeScene analyses",
            )
        if not checkout.remote:
            why = (
                "has no remote"
                if not checkout.remotes
                else "has no remote named origin or tracked by its branch"
            )
            raise UsageError(f"{checkout.head} {why}", "add the remote that CodeScene analyses as origin")
        return f"{checkout.head} of {clean_remote(checkout.remote)}"

    def _program(self, environs: list[Mapping[str, str]]) -> str:
        """Return which cs-coverage uploads use, and append the environment in which it is found."""
        environ = cs_coverage.on_path(self.configured, self.clients.environ)
        found = shutil.which(cli.PROGRAM, path=environ.get("PATH", ""))
        if found is None:
            if self.configured.settings.codescene.via == "cli":
                raise ToolError(f"{cli.PROGRAM} is not installed", "run `invoke install-cs-coverage`")
            return "not installed; uploads go by REST"
        version, build = cs_coverage.version(Path(found), environ)
        environs.append(environ)
        pinned = cs_coverage.pinned(self.configured) if cs_coverage.located(self.configured) else None
        which = f"archive's SHA-256 as locked: {pinned.sha256}" if pinned else "not locked, found on PATH"
        return f"{version} ({build}), {which}, {found}"

    def _tried(self, report: Report, environ: Mapping[str, str]) -> str:
        """Have the report uploaded to a stand-in on this machine, and return whether cs-coverage can read it."""
        answers, ends = [], list[str]()
        with tempfile.TemporaryDirectory() as folder, StandIn("nobody") as standin:
            url = standin.url.replace("/v2", "/api/v2")
            variables = cli.variables({**environ, "NO_PROXY": "127.0.0.1"}, url=url, token="nobody")  # noqa: S106
            line = self.configured.settings.codescene.line_coverage
            for part in parts(report, "covlane doctor", line):
                path = Path(folder, _NAMES[part.format])
                files.write_whole(path, part.content)
                argv = [cli.PROGRAM, "upload", "--format", part.format, "--metric", part.metric, str(path)]
                done = process.run(argv, cwd=self.configured.top, environ=variables)
                refusal = cli.read(done.code, f"{done.stdout}\n{done.stderr}", token="nobody")  # noqa: S106
                if refusal and refusal.unparsed:
                    raise ToolError(f"{path.name}: {refusal.cause}", refusal.remedy)
                answers.append(f"{path.name} is {'not reported as unreadable' if refusal else 'read'}")
                ends += [refusal.cause] if refusal else []
        if ends:
            raise diagnose.OpenError(", ".join(answers), f"inconclusive; the program ended with: {ends[0]}")
        return ", ".join(answers)

    def _sessions(self) -> str:
        listed = [session for session, _ in sessions.listed(self.configured, self.clients.environ)]
        if missing := sorted({*self.configured.sessions()} - {*listed}):
            raise UsageError(f"nox does not list {', '.join(missing)}", "run `covlane init`, then `nox -l`")
        return ", ".join(listed)
