"""Clients that send and start nothing: they show each request and command, and answer as if it had succeeded."""

from __future__ import annotations

import gzip
import re
import shlex
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.adapters.git import Git
from covlane.adapters.http import Answer, Http
from covlane.clients.wording import HIDDEN
from covlane.connections.online import Online

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from covlane.adapters.http import Method
    from covlane.config.settings import Configured


@contextmanager
def connect(
    configured: Configured, environ: Mapping[str, str], say: Callable[[str], None]
) -> Iterator[Online]:
    """Yield clients that work on a copy of the outbox and have no token."""
    real = configured.reports / "outbox"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder).resolve() / "outbox"
        if real.is_dir():
            shutil.copytree(real, copy)

        def show(line: str) -> None:
            say(line.replace(str(copy), str(real)))

        http, git = _Shows(show), Git(configured.root, environ)
        yield Online({**environ, "CS_ACCESS_TOKEN": HIDDEN}, git, show, http, http.stream, copy)


class _Shows(Http):
    """Shows requests and commands."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say

    def send(
        self,
        method: Method,
        url: str,
        *,
        token: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        repeatable: bool = False,  # noqa: ARG002 - the base class's
        most: int = 0,  # noqa: ARG002 - as above
    ) -> Answer:
        """Show a request."""
        whole = {"Authorization": f"Bearer {token}", **headers}
        url = re.sub("/upload/0$", "/upload/{id}", url)
        self._say("\n  ".join([f"{method} {url}", *(f"{name}: {value}" for name, value in whole.items())]))
        if body and method == "PUT":
            self._say(f"  ({len(body):,} bytes, the gzip of {len(gzip.decompress(body)):,})")
        elif body:
            self._say(f"  {body.decode()}")
        return Answer(200, "application/json", b'{"ok": "not sent", "id": 0}')

    def stream(
        self,
        argv: Sequence[str],
        *,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float | None,  # noqa: ARG002 - process.stream's
        line: Callable[[str], None],  # noqa: ARG002 - as above
    ) -> process.Finished:
        """Show a command with the variables that are for it alone, and where it would run."""
        variables = [f"{name}={value}" for name, value in sorted(environ.items()) if name.startswith("CS_")]
        self._say(f"in {cwd}:\n  {' '.join(variables)} {shlex.join(argv)}")
        return process.Finished(0, "not sent", "")
