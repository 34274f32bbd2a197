"""Send the uploads in the outbox in order, by cs-coverage or REST."""

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
    """The destination of uploads, and the clients to send them; no repr, as it holds the token.

    Attributes:
        url: the API's address.
        via: `cli`, `rest`, or `auto` for the first available of these.
        token: as it was given.
        environ: cs-coverage inherits the variables that it needs.
        root: the top of a checkout.
        head: the commit checked out there, which cs-coverage names whatever the report is of.
        foreign: returns why an entry belongs to another repository; empty if it does not.
        seconds: the timeout of cs-coverage for an upload.
        say: prints a line of progress.
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
        """Send uploads in order, remove each from the outbox once accepted, and return the results.

        An upload that can never be sent blocks no other: its error is raised after the rest are sent.

        Raises:
            UsageError: the token is missing, or may not be sent to this address.
            ToolError: `cs-coverage` is required but not on PATH.
            ReportError: a report is missing or damaged.
            DeliveryError: an upload was not accepted, or does not count; it and those after it stay. Or one is for
                another address or repository.
        """
        delivered, stale = [], list[CovlaneError]()
        for waiting in uploads:
            metric = waiting.entry.submission.metric
            try:
                report = self._fit(waiting)
            except CovlaneError as error:
                self.say(f"{waiting.id} {metric}: skipped: {error.cause}")
                stale.append(error)
                continue
            try:
                done = self._send(waiting, report, usable(self.token))
            except CovlaneError as error:
                raise _kept(error, metric, self.root, waiting.path.parent) from None
            self.outbox.done(waiting)
            self.say(f"{metric} by {done.via}: {done.message}")
            if done.files is not None and done.files < waiting.entry.files:
                self.say(f"{metric}: CodeScene read only {done.files:,} of {waiting.entry.files:,} files")
            delivered.append(done)
        if stale:
            raise stale[0]
        return tuple(delivered)

    def why_skipped(self, waiting: Waiting) -> str:
        """Return why an upload would be skipped; empty if it would be sent."""
        try:
            self._fit(waiting)
        except CovlaneError as error:
            return error.cause
        return ""

    def _fit(self, waiting: Waiting) -> bytes:
        """Return an upload's report; raises an error if it can never be sent."""
        entry, report = waiting.entry, self.outbox.content(waiting)
        drop = f"`invoke upload --drop {waiting.id}` discards it"
        if entry.url != self.url:
            raise DeliveryError(
                f"{waiting.id} was not delivered: it was made for {entry.url}, and codescene.url is {self.url}",
                f"set COVLANE_CODESCENE_URL to the former address; or {drop}",
            )
        if why := self.foreign(entry):
            raise DeliveryError(
                f"{waiting.id} was not delivered: {why}",
                f"pass --anyway to send it; or {drop}",
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
        """Whether to send a report of this commit by cs-coverage."""
        installed = self.via != "rest" and cli.available(self.environ)
        if self.via == "cli" and not installed:
            raise ToolError(
                f"{cli.PROGRAM} is not on PATH",
                'run `invoke install-cs-coverage`, or set codescene.via to "rest" or "auto"',
            )
        if self.via == "cli" and commit != self.head:
            raise DeliveryError(
                f"{cli.PROGRAM} uploads for the commit checked out, which is not {commit[:10]}",
                "check out that commit, or pass --via rest",
            )
        return installed and commit == self.head


def usable(token: str | None) -> str:
    """Return the token without surrounding white space, such as a secret's trailing newline.

    Raises:
        UsageError: it is missing, or contains invalid characters.
    """
    token = (token or "").strip()
    if not token:
        raise UsageError(
            "CS_ACCESS_TOKEN is not set",
            "create a personal access token in CodeScene and set CS_ACCESS_TOKEN to it",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(
            "CS_ACCESS_TOKEN contains a space, a line break or another invalid character",
            "copy the token from CodeScene again",
        )
    return token


def _kept(error: CovlaneError, metric: str, root: Path, folder: Path) -> CovlaneError:
    place = folder.relative_to(root) if folder.is_relative_to(root) else folder
    return type(error)(
        f"{metric} was not delivered: {error.cause}",
        f"{error.remedy}; it is kept in {place.as_posix()}/: `invoke upload --resume` sends it",
    )
