"""What the stand-ins share: a server on loopback that keeps what it was asked, and can misbehave."""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, TypeVar

from covlane.testing.faults import LATE, Fault, respond

if TYPE_CHECKING:
    import ssl
    from types import TracebackType

_S = TypeVar("_S", bound="Server")
#: The status of an answer, and the object that it holds.
Reply = tuple[int, object]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; its Authorization header is checked and not kept."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = field(repr=False)


class Server(ThreadingHTTPServer):
    """A service on a free port of 127.0.0.1, while in its `with` block.

    Args:
        base: the path of its API.
        faults: what the first requests meet, one each, in order.
        tls: makes it speak https.
    """

    daemon_threads = True

    def __init__(
        self, base: str, faults: tuple[Fault, ...] = (), *, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_address[1]}{base}"
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_side=True)
        self.faults = deque(faults)
        self.requests: list[Request] = []
        self.closing = threading.Event()
        self._turn = threading.Lock()

    def __enter__(self: _S) -> _S:  # noqa: PYI019 - Self came with Python 3.11
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

    def answer(self, request: Request, authorization: str) -> Reply:
        """Return the status and the object that the documentation gives for this request."""
        with self._turn:
            return self.reply(request, authorization)

    def reply(self, request: Request, authorization: str) -> Reply:
        """Answer one request at a time; each service does it in its own way."""
        raise NotImplementedError


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._respond()

    do_PATCH = do_POST = do_PUT = do_GET  # noqa: N815 - the base class's way to name a method

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
