"""A loopback server of cs-coverage's archives, which can be told to misbehave, and archives for it."""

from __future__ import annotations

import io
import sys
import threading
import zipfile
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from covlane.clients.codescene.install import Build
from covlane.workspace import cs_coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from types import TracebackType

BUILD = "0123456789abcdef0123456789abcdef01234567"
MEMBERS = ("cs-coverage", "cs-coverage.sha256", "cs-coverage.sha256.asc")


def program(log: Path, *, says: str = f"cs-coverage version 1.2.3 ({BUILD})", code: int = 0) -> bytes:
    """Return a cs-coverage that notes its arguments and environment in `log` and says `says`."""
    return (
        f"#!{sys.executable} -I\n"
        "import json, os, pathlib, sys\n"
        f"with pathlib.Path({str(log)!r}).open('a') as log:\n"
        "    log.write(json.dumps([sys.argv[1:], dict(os.environ)]) + '\\n')\n"
        f"print({says!r})\n"
        f"sys.exit({code})\n"
    ).encode()


def archive(content: bytes, *names: str) -> bytes:
    """Return a zip file of the program and its companions, or of the named members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in names or MEMBERS:
            bundle.writestr(name, content if name == "cs-coverage" else "made up")
    return made.getvalue()


def entry(packed: bytes, build: str = BUILD, version: str = "1.2.3") -> Build:
    """Return the lock's entry of an archive for this machine."""
    digest = sha256(packed).hexdigest()
    return Build(
        version=version,
        build=build,
        platform=cs_coverage.machine(),
        sha256=digest,
        members=tuple(sorted(MEMBERS)),
    )


class Downloads(ThreadingHTTPServer):
    """Files by name on a free port of 127.0.0.1, while in its `with` block."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.host = f"http://127.0.0.1:{self.server_address[1]}"
        self.url = f"{self.host}/cli"
        self.files: dict[str, bytes] = {}
        self.fault: Callable[[BaseHTTPRequestHandler, bytes], object] | None = None
        self.requests: list[tuple[str, dict[str, str]]] = []

    def holds(self, packed: bytes, build: str = BUILD) -> None:
        """Serve an archive as that of a build for this machine."""
        self.files[f"/cli/cs-coverage-{cs_coverage.machine()}-{build}.zip"] = packed

    def __enter__(self) -> Downloads:  # noqa: PYI034 - nobody derives from it
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is part of the play."""


class _Handler(BaseHTTPRequestHandler):
    server: Downloads

    def do_GET(self) -> None:
        self.server.requests.append(
            (self.path, {name.lower(): value for name, value in self.headers.items()})
        )
        content = self.server.files.get(self.path)
        if self.server.fault:
            self.server.fault(self, content or b"")
        elif content is None:
            answer(self, b"<Error>NoSuchKey</Error>", 404)
        else:
            answer(self, content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def answer(
    handler: BaseHTTPRequestHandler,
    content: bytes,
    status: int = 200,
    *,
    length: int | None = -1,
    headers: Mapping[str, str] | None = None,
) -> None:
    """Answer; `length` is what is announced, by default the truth, and None announces nothing."""
    handler.send_response(status)
    for name, value in (headers or {}).items():
        handler.send_header(name, value)
    if length is not None:
        handler.send_header("Content-Length", str(len(content) if length < 0 else length))
    handler.end_headers()
    handler.wfile.write(content)
