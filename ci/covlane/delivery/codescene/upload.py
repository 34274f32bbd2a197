"""The upload: part by part, by the way that is set, each failure as one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from covlane.delivery.codescene import cli, rest
from covlane.errors import DeliveryError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from covlane.adapters.http import Http
    from covlane.delivery.codescene.submission import Delivered, Part, Submission
    from covlane.settings import CodeScene


@dataclass(frozen=True, slots=True)
class Clients:
    """What acts on the world: HTTP, child processes (`process.run`) and reading a file (`files.read_bytes`)."""

    http: Http
    run: cli.Run
    read: Callable[[Path], bytes]
    seconds: float = cli.SECONDS


def upload(
    *,
    codescene: CodeScene,
    token: str | None,
    environ: Mapping[str, str],
    root: Path,
    reports: Path,
    submission: Submission,
    parts: Sequence[Part],
    clients: Clients,
    say: Callable[[str], None],
) -> tuple[Delivered, ...]:
    """Deliver every part and return what CodeScene said to each; `say` is told as it goes.

    Raises:
        UsageError: there is no token, or the address is none to send it to.
        ToolError: `cs-coverage` is demanded and not on PATH.
        ReportError: a report file is missing.
        DeliveryError: a part was not accepted, or is not counted; the files stay as they are.
    """
    token = _checked(token)
    via = _way(codescene.via, environ)
    route = _Route(codescene, token, environ, root, submission, clients, say)
    delivered: list[Delivered] = []
    for part in parts:
        try:
            done = route.by_cli(part) if via == "cli" else route.by_rest(part)
        except DeliveryError as error:
            raise _kept(error, part, reports.relative_to(root).as_posix()) from None
        say(f"{done.metric}: CodeScene took it ({done.via}): {done.message}")
        delivered.append(done)
    return tuple(delivered)


@dataclass(frozen=True, slots=True, repr=False)
class _Route:
    """All that is the same for each part; without a repr, as it holds the token."""

    codescene: CodeScene
    token: str
    environ: Mapping[str, str]
    root: Path
    submission: Submission
    clients: Clients
    say: Callable[[str], None]

    def by_cli(self, part: Part) -> Delivered:
        """Send a part by cs-coverage; under "auto" by REST where cs-coverage cannot read the report."""
        self.clients.read(part.path)  # a missing report is ours to name, not the program's
        done = cli.send(
            self.clients.run,
            url=self.codescene.url,
            token=self.token,
            environ=self.environ,
            root=self.root,
            part=part,
            timeout=self.clients.seconds,
        )
        if not isinstance(done, cli.Refusal):
            return done
        if done.unparsed and self.codescene.via == "auto":
            self.say(f"{part.metric}: {done.cause}; sending it by REST instead")
            return self.by_rest(part)
        raise DeliveryError(done.cause, done.remedy)

    def by_rest(self, part: Part) -> Delivered:
        """Send a part by the REST API."""
        return rest.send(
            self.clients.http,
            base=self.codescene.url,
            token=self.token,
            submission=self.submission,
            part=part,
            report=self.clients.read(part.path),
        )


def _checked(token: str | None) -> str:
    """Return the token without the newline that secrets tend to end with."""
    token = (token or "").strip()
    if not token:
        raise UsageError(
            "CS_ACCESS_TOKEN is not set, so nothing was uploaded",
            "create a personal access token in CodeScene and set CS_ACCESS_TOKEN to it",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError(
            "CS_ACCESS_TOKEN holds a space, a line break or another character that no token has",
            "copy the token from CodeScene again",
        )
    return token


def _way(via: Literal["auto", "cli", "rest"], environ: Mapping[str, str]) -> Literal["cli", "rest"]:
    if via == "rest" or cli.available(environ):
        return "rest" if via == "rest" else "cli"
    if via == "cli":
        raise ToolError(
            f"{cli.PROGRAM} is not on PATH", 'install it, or set codescene.via to "rest" or "auto"'
        )
    return "rest"


def _kept(error: DeliveryError, part: Part, folder: str) -> DeliveryError:
    return DeliveryError(
        f"{part.metric} was not delivered: {error.cause}",
        f"{error.remedy}; the report is kept in {folder}/; run `invoke upload` again",
    )
