"""GitHub with the real clients: the comment on a pull request, a fork's too, and the report for Code Quality."""

from __future__ import annotations

import stat
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import covlane
from covlane.adapters import files, memory
from covlane.adapters.git import Git
from covlane.adapters.http import Http
from covlane.clients.github import artifact, comment, quality
from covlane.clients.github.api import Event, api, event
from covlane.errors import ReportError, UsageError
from covlane.formats import cobertura
from covlane.formats.evidence import read_verdict
from covlane.render import markdown
from covlane.render.escaping import blob, run
from covlane.workspace import reports

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from covlane.config.settings import Configured
    from covlane.model.verdict import Verdict

#: Where the comment's workflow puts what the run of a pull request left.
RELAYED = "relayed"
#: Bytes of address space for reading that: many times what a verdict at all its bounds takes.
MOST_MEMORY = 2 * 1024**3


@dataclass(frozen=True, slots=True, repr=False)
class Telling:
    """One repository and the runner that works for it; without a repr, as the environment holds a token."""

    configured: Configured
    environ: Mapping[str, str]
    say: Callable[[str], None]

    def comment(self, number: int | None) -> None:
        """Comment the verdict that lies here on a pull request, by default the event's."""
        path = self.configured.reports / "verdict.json"
        verdict = read_verdict(files.read_bytes(path, remedy="run `invoke gate` first"), str(path))
        if number is None:
            pull = self._event().pull_request
            if pull is None:
                raise UsageError(
                    "this runs for no pull request", "name one: `invoke comment --pull-request NUMBER`"
                )
            number = pull.number
        self._publish(number, verdict, self.environ.get("GITHUB_RUN_ID", ""))

    def relay(self) -> None:
        """Comment the verdict of the run that the event is about, which may have run a stranger's code."""
        told = self._event().workflow_run
        if told is None:
            raise UsageError("this runs for no workflow_run event", "leave --relayed out")
        folder = self.configured.reports / RELAYED
        found = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
        if not found and not folder.is_symlink():
            self.say("the run left no verdict, so there is nothing to comment")
            return
        if len(found) != 1 or folder.is_symlink() or not stat.S_ISREG(found[0].lstat().st_mode):
            raise ReportError("the run's artifact is refused: it is not one file", "nothing of it was used")
        with memory.limited(MOST_MEMORY):
            verdict = artifact.verdict(files.read_bytes(found[0], most=artifact.MOST_PACKED))
        with closing(Http()) as http:
            numbers = comment.pulls_of_run(api(http, self.environ), told.id)
        if not numbers:
            self.say("no open pull request is at the commit that was measured, so nothing is commented")
            return
        for number in numbers:
            self._publish(number, verdict, str(told.id))

    def quality(self) -> None:
        """Send the merged report to GitHub Code Quality, or say why not."""
        report = reports.read_merged(self.configured).below(self.configured.folder)
        if report.incomplete:
            raise ReportError(
                f"the report is incomplete: {report.incomplete[0]}", "run what is missing, then merge"
            )
        git = Git(self.configured.root, self.environ)
        sha, branch = self.environ.get("GITHUB_SHA") or git.commit(), git.branch()
        reference = self.environ.get("GITHUB_REF") or (f"refs/heads/{branch}" if branch else "")
        if not (sha and reference):
            raise UsageError("there is no commit of a branch to send the report for", "check a branch out")
        told = quality.target(self._event(), sha, reference, self.environ.get("GITHUB_REPOSITORY", ""))
        if isinstance(told, str):
            self.say(f"skipped: {told}")
            return
        content = "".join(cobertura.write(report, f"covlane {covlane.__version__}")).encode()
        with closing(Http()) as http:
            label = self.configured.settings.github.lane
            self.say(quality.send(api(http, self.environ), told, content, label=label, sleep=time.sleep))

    def _publish(self, number: int, verdict: Verdict, run_id: str) -> None:
        chosen = self.configured.settings.github
        if chosen.comment == "never":
            self.say('github.comment is "never", so nothing is commented')
            return
        begin = chosen.comment == "always" or comment.changed(verdict)
        server, name = (self.environ.get(f"GITHUB_{key}", "") for key in ("SERVER_URL", "REPOSITORY"))
        folder = self.configured.folder
        told = markdown.Context(
            verdict.below(folder),
            None,
            blob(f"{server}/{name}", verdict.commit),
            self.configured.settings.thresholds,
            self.configured.session,
            run(f"{server}/{name}", run_id),
            folder,
        )
        with closing(Http()) as http:
            text = markdown.comment(told, markdown.COMMENT - comment.RESERVED)
            self.say(comment.publish(api(http, self.environ), number, chosen.lane, text, begin=begin))

    def _event(self) -> Event:
        path = self.environ.get("GITHUB_EVENT_PATH")
        return event(files.read_bytes(Path(path))) if path else Event()
