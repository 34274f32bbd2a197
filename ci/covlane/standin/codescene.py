"""A stand-in of CodeScene's REST API: it checks the documented protocol and can be told to misbehave."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
import zlib
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from types import TracebackType

_MOST_COMPRESSED = 10_000_000
_METRICS = {"cobertura": {"line-coverage"}, "lcov": {"line-coverage", "branch-coverage"}}
_FILES = {"cobertura": rb'\bfilename="([^"]+)"', "lcov": rb"(?m)^SF:(.+?)\r?$"}
_FIELDS = {"commit-sha", "repo-url", "repo-path", "format", "metric"}
_FIRST_ID = 65


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request meets instead of the documented answer.

    `kind`: "answer" (status, headers and body as given), "reset" (the connection is reset before an answer),
    "half" (it is closed in the middle of one) or "slow" (no answer while the stand-in lives).
    """

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    kind: Literal["answer", "reset", "half", "slow"] = "answer"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; its Authorization header is checked and not kept."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Upload:
    """An announced upload: its fields, and the decoded report once it was put there."""

    fields: dict[str, str]
    report: bytes | None = None


class StandIn(ThreadingHTTPServer):
    """CodeScene on a free port of 127.0.0.1, while in its `with` block.

    Args:
        token: the one that it accepts.
        faults: what the first requests meet, one each, in order.
    """

    daemon_threads = True

    def __init__(self, token: str, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v2"
        self.faults = deque(faults)
        self.requests: list[Request] = []
        self.uploads: dict[int, Upload] = {}
        self.closing = threading.Event()
        self._token = token

    def __enter__(self) -> StandIn:  # noqa: PYI034 - nobody derives from it
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: a client that goes away is part of the play."""

    def answer(self, request: Request, authorization: str) -> tuple[int, dict[str, object]]:
        """Return the status and the object that the documentation gives for this request."""
        if authorization != f"Bearer {self._token}":
            return 401, {"error": "Unauthorized"}
        if request.headers.get("accept") != "application/json":
            return 406, {"error": "Accept must be application/json"}
        if (request.method, request.path) == ("POST", "/v2/code-coverage/upload"):
            return self._announce(request)
        place = re.fullmatch(r"/v2/code-coverage/upload/(\d+)", request.path)
        if request.method == "PUT" and place and int(place[1]) in self.uploads:
            return self._take(request, self.uploads[int(place[1])])
        return 404, {"error": "Not found"}

    def _announce(self, request: Request) -> tuple[int, dict[str, object]]:
        if request.headers.get("content-type") != "application/json":
            return 415, {"error": "Content-Type must be application/json"}
        try:
            fields = json.loads(request.body)
        except ValueError:
            return 400, {"error": "the body is no JSON"}
        if not isinstance(fields, dict) or set(fields) != _FIELDS:
            return 400, {"error": f"the fields are {', '.join(sorted(_FIELDS))}"}
        if not all(isinstance(value, str) and value for value in fields.values()):
            return 400, {"error": "each field is a string"}
        if fields["metric"] not in _METRICS.get(fields["format"], set()):
            return 400, {"error": f"{fields['format']} has no {fields['metric']}"}
        number = _FIRST_ID + len(self.uploads)
        self.uploads[number] = Upload(fields)
        # On cloud `ref` begins with /api/v2 while the API is at /v2: whoever follows it gets a 404.
        ref = f"/api/v2/code-coverage/upload/{number}"
        return 200, {"ok": "upload request accepted", "ref": ref, "id": number}

    def _take(self, request: Request, upload: Upload) -> tuple[int, dict[str, object]]:
        if request.headers.get("content-type") != "text/plain":
            return 415, {"error": "Content-Type must be text/plain"}
        if "content-encoding" in request.headers:
            return 400, {"error": "the body is gzipped by itself, without Content-Encoding"}
        if len(request.body) > _MOST_COMPRESSED:
            return 413, {"error": "Compressed data must not exceed 10 MB"}
        try:
            upload.report = gzip.decompress(request.body)
        except (OSError, EOFError, zlib.error):
            return 400, {"error": "the body is not gzipped"}
        kind = upload.fields["format"]
        files = len(set(re.findall(_FILES[kind], upload.report)))
        return 200, {"ok": f"Successfully parsed {kind} data for {files} files."}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        authorization = headers.pop("authorization", "")
        request = Request(self.command, self.path, headers, body)
        self.server.requests.append(request)
        if self.server.faults:
            self._misbehave(self.server.faults.popleft())
            return
        status, reply = self.server.answer(request, authorization)
        self._send(status, json.dumps(reply).encode(), (("Content-Type", "application/json"),))

    def _misbehave(self, fault: Fault) -> None:
        if fault.kind == "answer":
            self._send(fault.status, fault.body, fault.headers)
            return
        self.close_connection = True
        if fault.kind == "slow":
            self.server.closing.wait()
        elif fault.kind == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        else:
            # With lingering on and no time for it, closing resets (SO_LINGER, socket(7)).
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(self.connection.detach())

    def _send(self, status: int, body: bytes, headers: tuple[tuple[str, str], ...]) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
