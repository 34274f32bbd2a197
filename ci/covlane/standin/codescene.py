"""A stand-in of CodeScene's REST API: it checks the documented protocol and can be told to misbehave."""

from __future__ import annotations

import gzip
import json
import re
import threading
import zlib
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from covlane.standin.faults import LATE, Fault, respond

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

_MOST_COMPRESSED = 10_000_000
_METRICS = {"cobertura": {"line-coverage"}, "lcov": {"line-coverage", "branch-coverage"}}
_FILES = {"cobertura": rb'\bfilename="([^"]+)"', "lcov": rb"(?m)^SF:(.+?)\r?$"}
_FIELDS = {"commit-sha", "repo-url", "repo-path", "format", "metric"}
_FIRST_ID = 65


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; its Authorization header is checked and not kept."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Upload:
    """An announced upload: its fields, the decoded report once it was put there, and how often that was done."""

    fields: dict[str, str]
    report: bytes | None = None
    puts: int = 0


class StandIn(ThreadingHTTPServer):
    """CodeScene on a free port of 127.0.0.1, while in its `with` block.

    Args:
        token: the one that it accepts.
        faults: what the first requests meet, one each, in order.
        tls: makes it speak https.
    """

    daemon_threads = True

    def __init__(
        self, token: str, faults: tuple[Fault, ...] = (), *, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_address[1]}/v2"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.faults = deque(faults)
        self.requests: list[Request] = []
        self.uploads: dict[int, Upload] = {}
        self.analyses: list[int] = []
        self.closing = threading.Event()
        self._token = token
        self._turn = threading.Lock()

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

    def fault(self) -> Fault | None:
        """Return what the next request meets; None for the documented answer."""
        return self.faults.popleft() if self.faults else None

    def answer(self, request: Request, authorization: str) -> tuple[int, dict[str, object]]:
        """Return the status and the object that the documentation gives for this request."""
        with self._turn:
            return self._answer(request, authorization)

    def _answer(self, request: Request, authorization: str) -> tuple[int, dict[str, object]]:
        if authorization != f"Bearer {self._token}":
            return 401, {"error": "Unauthorized"}
        if request.headers.get("accept") != "application/json":
            return 406, {"error": "Accept must be application/json"}
        if (request.method, request.path) == ("POST", "/v2/code-coverage/upload"):
            return self._announce(request)
        place = re.fullmatch(r"/v2/code-coverage/upload/(\d+)", request.path)
        if request.method == "PUT" and place and int(place[1]) in self.uploads:
            return self._take(request, self.uploads[int(place[1])])
        return self._projects(request)

    def _projects(self, request: Request) -> tuple[int, dict[str, object]]:
        if (request.method, request.path) == ("GET", "/v2/projects"):
            return 200, {"page": 1, "max_pages": 1, "projects": []}
        project = re.fullmatch(r"/v2/projects/(\d+)/run-analysis", request.path)
        if request.method == "POST" and project:
            self.analyses.append(int(project[1]))
            return 200, {"ok": "Analysis scheduled"}
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
        upload.puts += 1
        kind = upload.fields["format"]
        files = len(set(re.findall(_FILES[kind], upload.report)))
        return 200, {"ok": f"Successfully parsed {kind} data for {files} files."}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandIn

    def do_GET(self) -> None:
        self._respond()

    def do_POST(self) -> None:
        self._respond()

    def do_PUT(self) -> None:
        self._respond()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""

    def _respond(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        authorization = headers.pop("authorization", "")
        fault = self.server.fault()
        early = fault is not None and fault.kind == "early"
        body = b"" if early else self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = Request(self.command, self.path, headers, body)
        self.server.requests.append(request)
        asked = fault is None or fault.kind in {"lost", "late"}
        status, reply = self.server.answer(request, authorization) if asked else (0, {})
        if fault and fault.kind != "late":
            fault.happen(self, self.server.closing)
            return
        if fault:
            self.server.closing.wait(LATE)
        respond(self, status, json.dumps(reply).encode(), (("Content-Type", "application/json"),))
