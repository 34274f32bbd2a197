"""The upload: what waits in the outbox, one after another, by the way that is set; each failure is one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from covlane.clients.codescene import cli, rest
from covlane.errors import CovlaneError, DeliveryError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from covlane.adapters.http import Http
    from covlane.clients.codescene.outbox import Entry, Outbox, Waiting
    from covlane.clients.codescene.submission import Delivered

Via = Literal["auto", "cli", "rest"]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Lane:
    """Where uploads go and what acts on the world; without a repr, as it holds the token.

    Attributes:
        url: the API's address.
        via: `cli`, `rest`, or `auto` for the first of them that is there.
        token: as it was given.
        environ: of which cs-coverage gets what it needs.
        root: the top of a checkout.
        head: the commit that is checked out there: the one that cs-coverage sends for, whatever the report is of.
        foreign: why an entry is not of this repository; empty where it is.
        seconds: what cs-coverage has for an upload.
        say: is told as it goes.
    """

    url: str
    via: Via
    token: str | None
    environ: Mapping[str, str]
    root: Path
    head: str | None
    outbox: Outbox
    http: Http
    stream: cli.Stream
    foreign: Callable[[Entry], str] = lambda _: ""
    seconds: float = cli.SECONDS
    say: Callable[[str], None]

    def deliver(self, uploads: Iterable[Waiting]) -> tuple[Delivered, ...]:
        """Send uploads in their order, take each out of the outbox as it is accepted, and return what was said.

        What cannot be sent whenever it is tried holds up nothing: the others are sent before its error is raised.

        Raises:
            UsageError: there is no token, or the address is none to send it to.
            ToolError: `cs-coverage` is demanded and not on PATH.
            ReportError: a report is missing or damaged.
            DeliveryError: an upload was not accepted, or is not counted; it and those behind it stay. Or one is for
                another address, or of another repository.
        """
        delivered, stale = [], list[CovlaneError]()
        for waiting in uploads:
            metric = waiting.entry.submission.metric
            try:
                report = self._fit(waiting)
            except CovlaneError as error:
                self.say(f"{waiting.id} {metric}: kept back: {error.cause}")
                stale.append(error)
                continue
            try:
                done = self._send(waiting, report, usable(self.token))
            except CovlaneError as error:
                raise _kept(error, metric, self.root, waiting.path.parent) from None
            self.outbox.done(waiting)
            self.say(f"{metric} by {done.via}: {done.message}")
            if done.files is not None and done.files < waiting.entry.files:
                self.say(f"{metric}: of {waiting.entry.files:,} files CodeScene read only {done.files:,}")
            delivered.append(done)
        if stale:
            raise stale[0]
        return tuple(delivered)

    def why_kept(self, waiting: Waiting) -> str:
        """Return why an upload would be kept back; empty where it would be sent."""
        try:
            self._fit(waiting)
        except CovlaneError as error:
            return error.cause
        return ""

    def _fit(self, waiting: Waiting) -> bytes:
        """Return an upload's report; an error where it cannot be sent, however often it is tried."""
        entry, report = waiting.entry, self.outbox.content(waiting)
        drop = f"`invoke upload --drop {waiting.id}` gives it up"
        if entry.url != self.url:
            raise DeliveryError(
                f"{waiting.id} was not delivered: it was made for {entry.url}, and codescene.url is {self.url}",
                f"set COVLANE_CODESCENE_URL to the former, or not: {drop}",
            )
        if why := self.foreign(entry):
            raise DeliveryError(
                f"{waiting.id} was not delivered: {why}",
                f"pass --anyway if it is to be sent, or not: {drop}",
            )
        return report

    def _send(self, waiting: Waiting, report: bytes, token: str) -> Delivered:
        entry = waiting.entry
        if self._by_cli(entry.submission.commit_sha):
            done = cli.send(
                self.stream,
                token=token,
                environ=self.environ,
                root=self.root,
                waiting=waiting,
                timeout=self.seconds,
                say=self.say,
            )
            if not isinstance(done, cli.Refusal):
                return done
            if not done.unparsed or self.via != "auto":
                raise DeliveryError(done.cause, done.remedy)
            self.say(f"{entry.submission.metric}: {done.cause}; sending it by REST instead")
        return rest.send(
            self.http,
            token=token,
            entry=entry,
            report=report,
            announced=lambda number: self.outbox.announced(waiting, number),
        )

    def _by_cli(self, commit: str) -> bool:
        """Say whether cs-coverage is to send a report of this commit."""
        there = self.via != "rest" and cli.available(self.environ)
        if self.via == "cli" and not there:
            raise ToolError(
                f"{cli.PROGRAM} is not on PATH",
                'run `invoke install-cs-coverage`, or set codescene.via to "rest" or "auto"',
            )
        if self.via == "cli" and commit != self.head:
            raise DeliveryError(
                f"{cli.PROGRAM} sends for the commit that is checked out, which is not {commit[:10]}",
                "check that out, or pass --via rest",
            )
        return there and commit == self.head


def usable(token: str | None) -> str:
    """Return the token without the newline that secrets tend to end with.

    Raises:
        UsageError: there is none, or it has what no token has.
    """
    token = (token or "").strip()
    if not token:
        raise UsageError(
            "CS_ACCESS_TOKEN is not set",
            "create a personal access token in CodeScene and set CS_ACCESS_TOKEN to it",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(
            "CS_ACCESS_TOKEN holds a space, a line break or another character that no token has",
            "copy the token from CodeScene again",
        )
    return token


def _kept(error: CovlaneError, metric: str, root: Path, folder: Path) -> CovlaneError:
    place = folder.relative_to(root) if folder.is_relative_to(root) else folder
    return type(error)(
        f"{metric} was not delivered: {error.cause}",
        f"{error.remedy}; it is kept in {place.as_posix()}/: `invoke upload --resume` sends it",
    )
