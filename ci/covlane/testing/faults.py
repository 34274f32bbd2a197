"""What a stand-in does in place of the documented answer."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import threading
    from http.server import BaseHTTPRequestHandler

#: Seconds between two bytes of an answer that drips.
_DRIP = 0.02
#: Seconds between what is done and an answer that is late.
LATE = 1


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request meets instead of the documented answer.

    `kind`: "answer": status, headers and body as given. "early": the connection is reset before the request's body
    is read. "reset": it is reset after that. "lost": so too, but what was asked is done. "half": it is closed in the
    middle of an answer. "late": the documented answer, a second after what was asked is done. "slow": no answer while the stand-in lives. "drip": the body as it is, as the answer's
    beginning, and then a byte at a time for ever.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "application/json"),)
    kind: Literal["answer", "early", "reset", "lost", "late", "half", "slow", "drip"] = "answer"

    def happen(self, handler: BaseHTTPRequestHandler, closing: threading.Event) -> None:
        """Answer a request so; `closing` is set when the stand-in ends."""
        if self.kind == "answer":
            respond(handler, self.status, self.body, self.headers)
            return
        handler.close_connection = True
        if self.kind == "slow":
            closing.wait()
        elif self.kind == "half":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{")
        elif self.kind == "drip":
            handler.wfile.write(self.body)
            while not closing.is_set():
                handler.wfile.write(b"x")
                time.sleep(_DRIP)
        else:
            # With lingering on and no time for it, closing resets (SO_LINGER, socket(7)).
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            socket.close(handler.connection.detach())


def respond(
    handler: BaseHTTPRequestHandler, status: int, body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    """Send an answer whole."""
    handler.send_response(status)
    for name, value in headers:
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
