"""`upload`: the merged report is delivered to CodeScene, through an outbox that keeps failed uploads."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import covlane
from covlane.adapters import files
from covlane.clients.codescene import check, preflight, rest
from covlane.clients.codescene.delivery import Lane, usable
from covlane.clients.codescene.outbox import Entry, Outbox
from covlane.clients.codescene.submission import Submission, clean_remote, parts, same_repository
from covlane.errors import ReportError, UsageError
from covlane.render import words
from covlane.result import Result
from covlane.workspace import codescene, cs_coverage, reports

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from covlane.clients.codescene.outbox import Waiting
    from covlane.clients.codescene.submission import Delivered
    from covlane.config.settings import Configured
    from covlane.connections.online import Online

#: The commit and remote of a rehearsal in a repository without them.
_COMMIT, _REMOTE = "0" * 40, "https://example.com/rehearsal.git"


@dataclass(frozen=True, slots=True)
class Uploaded(Result):
    """What was delivered; it was printed on the way."""

    delivered: tuple[Delivered, ...] = ()

    def data(self) -> object:
        """Return a list of objects."""
        return self.delivered


@dataclass(frozen=True, slots=True)
class Row:
    """An upload that waits, and why it would not be sent, if so."""

    id: str
    metric: str
    commit: str
    repository: str
    url: str
    files: int
    kept_back: str

    @classmethod
    def of(cls, waiting: Waiting, kept_back: str) -> Row:
        """Return the row of an entry."""
        entry, submission = waiting.entry, waiting.entry.submission
        return cls(
            waiting.id,
            submission.metric,
            submission.commit_sha,
            submission.repo_url,
            entry.url,
            entry.files,
            kept_back,
        )

    def __str__(self) -> str:
        what = f"{self.id} {self.metric} of {self.commit[:10]}, {words.files(self.files)}, {self.repository}"
        return f"{what} to {self.url}" + (f"\n  kept back: {self.kept_back}" if self.kept_back else "")


@dataclass(frozen=True, slots=True)
class Waits(Result):
    """The uploads in the outbox, oldest first; they were printed."""

    rows: tuple[Row, ...]

    def data(self) -> object:
        """Return a list of objects."""
        return self.rows


@dataclass(frozen=True, slots=True, repr=False)
class Delivery:
    """Delivers the reports of one repository; without a repr, as it holds the token.

    Attributes:
        environ: the environment in which cs-coverage is found, with CS_ACCESS_TOKEN.
        strict: whether an error that preflight finds stops an upload; it is printed in any case.
    """

    configured: Configured
    clients: Online
    environ: Mapping[str, str]
    strict: bool = True

    @classmethod
    def to(cls, configured: Configured, clients: Online, *, strict: bool = True) -> Delivery:
        """Return what delivers to the CodeScene that is configured."""
        return cls(configured, clients, cs_coverage.on_path(configured, clients.environ), strict)

    def upload(self, *, allow_incomplete: bool) -> tuple[Delivered, ...] | None:
        """Deliver the merged report; None, after printing the reason, where CodeScene would not count it.

        Raises:
            CovlaneError: the report or the repository is not ready for it; then as `Lane.deliver`.
        """
        say, configured = self.clients.say, self.configured
        checkout = codescene.checkout(configured, self.clients.git, self.environ)
        report = reports.read_merged(configured).below(configured.folder)
        if (lacks := reports.lacking(report)) and not allow_incomplete:
            raise ReportError(
                f"the report is incomplete: {lacks[0]}",
                "run what is missing, or pass --allow-incomplete",
            )
        if self.strict and checkout.head and (reason := preflight.elsewhere(checkout)):
            say(reason)
            return None
        pieces = parts(report, f"covlane {covlane.__version__}", configured.settings.codescene.line_coverage)
        findings = preflight.findings(report, checkout, pieces)
        codescene.judge(findings, "the upload would not count", say, strict=self.strict)
        say(f"{words.headline(report)}, {words.files(len(report.files))}")
        with self._locked() as outbox:
            uploads = []
            for part in pieces:
                submission = Submission(
                    commit_sha=checkout.head or _COMMIT,
                    repo_url=clean_remote(checkout.remote or _REMOTE),
                    repo_path=str(configured.top),
                    format=part.format,
                    metric=part.metric,
                )
                entry = Entry(url=self._url, submission=submission, files=len(report.files), digest="")
                waiting = outbox.put(entry, part.content)
                if waiting:
                    uploads.append(waiting)
                else:
                    say(f"{part.metric}: this report was already delivered")
            done = self._lane(outbox, checkout.head).deliver(uploads)
            if others := len(outbox.waiting()):
                say(f"earlier uploads that are waiting: {others}; `invoke upload --resume` sends them")
        return done

    def resume(self, *, anyway: bool = False) -> tuple[Delivered, ...]:
        """Deliver what waits in the outbox, oldest first; errors as of `Lane.deliver`.

        `anyway` also sends uploads of another repository, or of a commit that this clone does not have.
        """
        with self._locked() as outbox:
            waiting = outbox.waiting()
            if not waiting:
                self.clients.say(self._nothing)
            lane = self._lane(outbox, self.clients.git.commit())
            return (lane if anyway else replace(lane, foreign=self._foreign())).deliver(waiting)

    def waiting(self, drop: str | None = None) -> tuple[Row, ...]:
        """Remove the upload with the id `drop`, if any; print and return what waits, oldest first.

        Raises:
            UsageError: no upload has that id.
        """
        say = self.clients.say
        with self._locked() as outbox:
            if drop is not None:
                dropped = outbox.drop(drop)
                if not dropped:
                    raise UsageError(
                        f"no waiting upload has the id {drop!r}", "run `invoke upload --outbox` to list them"
                    )
                for path in dropped:
                    say(f"removed {path.name}")
            lane = replace(self._lane(outbox, None), foreign=self._foreign())
            rows = tuple(Row.of(one, lane.why_skipped(one)) for one in outbox.waiting())
        for row in rows:
            say(str(row))
        if not rows:
            say(self._nothing)
        return rows

    def analyse(self) -> None:
        """Have CodeScene analyse the project; errors as of `check.project` and `rest.analyse`."""
        project = check.project(self.environ, self.configured.settings.codescene.project, self._url)
        token = usable(self.environ.get("CS_ACCESS_TOKEN"))
        self.clients.say(rest.analyse(self.clients.http, url=self._url, token=token, project=project))

    @property
    def _nothing(self) -> str:
        return f"no upload is waiting in {self.configured.settings.reports}/outbox/"

    def _foreign(self) -> Callable[[Entry], str]:
        """Return a function from an entry to why it is not of this clone; "" for all in a clone without a remote."""
        git = self.clients.git
        remote = codescene.remote(git)
        here = clean_remote((git.remote_url(remote) if remote else None) or "")

        def foreign(entry: Entry) -> str:
            submission = entry.submission
            if not here:
                return ""
            if not same_repository(submission.repo_url, here):
                return f"it is for {submission.repo_url}, and this repository is {here}"
            if git.ask("cat-file", "-e", f"{submission.commit_sha}^{{commit}}") is None:
                return f"its commit {submission.commit_sha[:10]} is not in this clone"
            return ""

        return foreign if self.strict else lambda _: ""

    @property
    def _url(self) -> str:
        return self.configured.settings.codescene.url

    def _lane(self, outbox: Outbox, head: str | None) -> Lane:
        return Lane(
            url=self._url,
            via=self.configured.settings.codescene.via,
            token=self.environ.get("CS_ACCESS_TOKEN"),
            environ=self.environ,
            root=self.configured.top,
            head=head,
            outbox=outbox,
            http=self.clients.http,
            stream=self.clients.stream,
            say=self.clients.say,
        )

    @contextmanager
    def _locked(self) -> Iterator[Outbox]:
        """Lock the outbox, so that two processes never send the same upload."""

        def wait() -> None:
            self.clients.say("waiting for another upload to finish")

        with reports.lock(self.clients.outbox, wait):
            yield Outbox(self.clients.outbox, files.read_bytes, files.write_whole)


def run(
    configured: Configured,
    clients: Online,
    *,
    allow_incomplete: bool = False,
    resume: bool = False,
    anyway: bool = False,
    analyse: bool = False,
) -> Uploaded:
    """Deliver the merged report, or with `resume` what waits; then with `analyse` have the project analysed.

    Raises:
        CovlaneError: as of `Delivery`.
    """
    if configured.settings.codescene.upload is False:
        clients.say(codescene.NOT_WANTED)
        return Uploaded()
    delivery = Delivery.to(configured, clients)
    with clients.progress("CodeScene"):
        done = (
            delivery.resume(anyway=anyway) if resume else delivery.upload(allow_incomplete=allow_incomplete)
        )
        if analyse and done is not None:
            delivery.analyse()
    return Uploaded(done or ())


def listed(configured: Configured, clients: Online, drop: str | None = None) -> Waits:
    """List what waits, after removing the upload with the id `drop`; UsageError if there is none."""
    return Waits(Delivery.to(configured, clients).waiting(drop))
