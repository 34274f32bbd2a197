"""The upload: what waits in the outbox, one after another, by the way that is set; each failure is one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from covlane.delivery.codescene import cli, rest
from covlane.errors import CovlaneError, DeliveryError, ReportError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from covlane.adapters.http import Http
    from covlane.delivery.codescene.outbox import Outbox, Waiting
    from covlane.delivery.codescene.submission import Delivered

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
    seconds: float = cli.SECONDS
    say: Callable[[str], None]

    def deliver(self, uploads: Iterable[Waiting]) -> tuple[Delivered, ...]:
        """Send uploads in their order, take each out of the outbox as it is accepted, and return what was said.

        Raises:
            UsageError: there is no token, or the address is none to send it to.
            ToolError: `cs-coverage` is demanded and not on PATH.
            ReportError: a report is missing or damaged.
            DeliveryError: an upload was not accepted, or is not counted; it and those behind it stay.
        """
        delivered = []
        for waiting in uploads:
            metric = waiting.entry.submission.metric
            try:
                done = self._send(waiting, usable(self.token))
            except ReportError:
                raise
            except CovlaneError as error:
                raise _kept(error, metric, self.root, waiting.path.parent) from None
            self.outbox.done(waiting)
            self.say(f"{metric} by {done.via}: {done.message}")
            if done.files is not None and done.files < waiting.entry.files:
                self.say(f"{metric}: of {waiting.entry.files:,} files CodeScene read only {done.files:,}")
            delivered.append(done)
        return tuple(delivered)

    def _send(self, waiting: Waiting, token: str) -> Delivered:
        entry, report = waiting.entry, self.outbox.content(waiting)
        if entry.url != self.url:
            raise DeliveryError(
                f"it was made for {entry.url}, and codescene.url is {self.url}",
                f"set COVLANE_CODESCENE_URL to the former, or delete {waiting.path.name}",
            )
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
