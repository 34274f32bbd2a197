"""What is worked out of a source file and holds for as long as its content does: marked code, lines, branches.

Many processes and many legs share the folder. An entry is found by all that decides its content, carries a digest
over that and over what it holds, and is written whole: one that is cut short, damaged or of another name is none. The
digest has no key, so it finds damage and not intent: who can write into the folder can run code in the suite, as with
`__pycache__`, and the session gives no folder that others can write into.
"""

from __future__ import annotations

import contextlib
import marshal
import sys
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from .stdlib import io, os, time

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Bytes that the entries of all legs may have before a run adds its own; the least used go first.
LIMIT = 512 << 20
#: Seconds after which the use of an entry is worth noting.
FRESH = 86_400
#: The file in which a process claims what it makes, and seconds for which others wait for it.
CLAIMS, PATIENCE = "claims", 1.0
_SIZE = 16


class Cache:
    """A folder of entries; where it cannot be read or written, everything is worked out anew."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        build = (sys.implementation.cache_tag, sys.hexversion, sys.flags.optimize, sys.byteorder)
        self._build = repr(build).encode()
        self._exists = False

    def key(self, source: bytes, *how: object) -> bytes:
        """Return the key of what is made of a source in some way; `how` has a repr that says all of that."""
        made = b"%b\n%b\n" % (self._build, repr(how).encode("utf-8", "backslashreplace"))
        return blake2b(made + source, digest_size=_SIZE).digest()

    def has(self, key: bytes) -> bool:
        """Say whether something was put there, whole or not."""
        return os.path.exists(self._path(key))

    def get(self, key: bytes) -> Any:
        """Return what was put there, None where nothing was."""
        try:
            sealed = self.sealed(key)
            # Damage is not unmarshalled; what somebody put there on purpose would be.
            return None if sealed is None else marshal.loads(sealed)  # noqa: S302
        except (ValueError, EOFError, TypeError):
            return None

    def sealed(self, key: bytes) -> memoryview | None:
        """Return what was put there as it was written, for marshal, None where nothing was."""
        try:
            with io.open(self._path(key), "rb") as file:
                content = file.read()
                stale = time.time() - os.fstat(file.fileno()).st_mtime > FRESH
            if stale:
                os.utime(self._path(key))
        except OSError:
            return None
        payload = memoryview(content)[_SIZE:]
        return payload if content[:_SIZE] == _seal(key, payload) else None

    def put(self, key: bytes, value: Any) -> None:
        """Keep a value that marshal takes, where that is possible."""
        path = self._path(key)
        temporary = f"{path}.{os.getpid()}"
        try:
            payload = marshal.dumps(value)
            self._make_folder()
            with io.open(temporary, "wb") as file:
                file.write(_seal(key, payload) + payload)
            os.replace(temporary, path)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
            if not isinstance(error, (OSError, ValueError)):
                raise

    def made(self, key: bytes, make: Callable[[], Any], *, alone: bool) -> Any:
        """Return what was put there, or put there what `make` returns.

        Where that shall be done by one process `alone`, others wait for it for a while: the workers of a run import
        the same files at the same time.
        """
        found = self.get(key)
        if found is None:
            with self._claim(key) if alone else contextlib.nullcontext():
                found = self.get(key)
                if found is None:
                    found = make()
                    self.put(key, found)
        return found

    @contextlib.contextmanager
    def _claim(self, key: bytes) -> Iterator[None]:
        """Hold a byte of a file as long as an entry is made; no fork inherits it, and it goes with its process."""
        descriptor = -1
        try:
            self._make_folder()
            descriptor = os.open(os.path.join(self._folder, CLAIMS), os.O_RDWR | os.O_CREAT, 0o600)
            deadline = time.monotonic() + PATIENCE
            while not _hold(descriptor, int.from_bytes(key[:7], "big")) and time.monotonic() < deadline:
                time.sleep(0.001)
        except OSError:  # where nothing can be kept, all make their own
            pass
        try:
            yield
        finally:
            if descriptor >= 0:
                os.close(descriptor)

    def _make_folder(self) -> None:
        if not self._exists:
            os.makedirs(self._folder, exist_ok=True)
            self._exists = True

    def _path(self, key: bytes) -> str:
        return os.path.join(self._folder, key.hex())


def _hold(descriptor: int, place: int) -> bool:
    """Take a byte of a file for this process, and say whether nobody else has it."""
    try:
        if sys.platform != "win32":
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
    except BlockingIOError:
        return False
    return True


def _seal(key: bytes, payload: Any) -> bytes:
    digest = blake2b(key, digest_size=_SIZE)
    digest.update(payload)
    return digest.digest()


def prune(folder: str, limit: int = LIMIT) -> None:
    """Bring the entries in the folders below one within a limit of bytes; the least used ones go first."""
    entries = []
    for place, _, names in os.walk(folder):
        for name in names if place != folder else ():
            with contextlib.suppress(OSError):
                path = os.path.join(place, name)
                status = os.stat(path)
                entries.append((status.st_mtime, status.st_size, path))
    excess = sum(size for _, size, _ in entries) - limit
    for _, size, path in sorted(entries):
        if excess <= 0:
            break
        with contextlib.suppress(OSError):
            os.unlink(path)
            excess -= size
