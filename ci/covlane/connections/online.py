"""The clients of a command that reaches other machines."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.adapters.git import Git
from covlane.adapters.http import Http
from covlane.connections.local import Local

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from covlane.clients.codescene.cli import Stream
    from covlane.config.settings import Configured


@dataclass(frozen=True, slots=True, repr=False)
class Online(Local):
    """The local clients, and what sends.

    Attributes:
        http: sends requests.
        stream: runs a program and passes its output on as it comes.
        outbox: the folder of uploads that wait.
    """

    http: Http
    stream: Stream
    outbox: Path


@contextmanager
def connect(
    configured: Configured,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    http: Http | None = None,
    outbox: Path | None = None,
) -> Iterator[Online]:
    """Yield the real clients; by default with the usual timeouts and retries, and the project's own outbox."""
    with closing(http or Http()) as client:
        folder = outbox or configured.reports / "outbox"
        yield Online(environ, Git(configured.root, environ), say, client, process.stream, folder)


def impatient() -> Http:
    """Return an HTTP client for questions: it sends each once and waits at most 30 seconds."""
    return Http(timeouts=(5, 15), retries=0, deadline=30)


def loopback(retries: int) -> Http:
    """Return an HTTP client for a server on this machine."""
    return Http(timeouts=(5, 1), retries=retries, backoff=0.1)
