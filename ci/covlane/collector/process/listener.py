"""What processes of a leg tell `run` that can write nothing to the leg's folder: another user's, or where the disk is full.

They send a sentence to a socket that has a name and no file (`start.send_report`), which Linux lets every user and every root
folder reach, but no other network namespace.
"""

from __future__ import annotations

import contextlib
import socket
import threading

from ..leg.processes import address

#: Sentences that are kept: any program of this machine can send some.
MOST = 1000


class Listener:
    """Hears the processes of one leg until it is asked what they said; nothing where the system has no such socket."""

    def __init__(self, folder: str) -> None:
        self._heard: list[str] = []
        self._address = address(folder)
        self._socket: socket.socket | None = None
        with contextlib.suppress(OSError, AttributeError):
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            self._socket.bind(self._address)
            self._thread = threading.Thread(target=self._listen, args=(self._socket,), daemon=True)
            self._thread.start()

    def _listen(self, hears: socket.socket) -> None:
        while said := hears.recv(1 << 16):
            if len(self._heard) < MOST:
                self._heard.append(said.decode("utf-8", "replace"))

    def stop(self) -> list[str]:
        """Return what was heard: all that was said before."""
        if self._socket:
            with contextlib.suppress(OSError, AttributeError), self._socket:
                with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                    out.sendto(b"", self._address)
                self._thread.join()
        return self._heard
