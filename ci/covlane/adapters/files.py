"""Files: read with a bound, written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Well above any report of covlane; a larger file is a mistake or an attack.
MOST_BYTES = 512 * 1024 * 1024
UNWRITTEN = "check its name, and that what writes it ran"


def read_bytes(path: Path, *, most: int = MOST_BYTES, remedy: str = UNWRITTEN) -> bytes:
    """Return the file's content; `remedy` is for one that is missing.

    Raises:
        ReportError: it is missing, unreadable, not a regular file, or larger than `most` bytes.
    """
    try:
        if not path.is_file():
            raise ReportError(f"{path} does not exist or is not a file", remedy)
        size = path.stat().st_size
        if size > most:
            raise ReportError(
                f"{path} has {size:,} bytes, more than the {most:,} that are read",
                "check what wrote it, or omit generated code with `omit`",
            )
        return path.read_bytes()
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}", "check its permissions") from None


def shared(folder: Path) -> bool:
    """Whether an existing folder belongs to another user, or is writable for others; False on Windows."""
    if not hasattr(os, "geteuid") or not folder.exists():
        return False
    status = folder.stat()
    return status.st_uid != os.geteuid() or bool(status.st_mode & 0o022)


def digest(content: bytes) -> str:
    """Return a digest of a source, the same for Unix and Windows line ends."""
    return blake2b(content.replace(b"\r\n", b"\n"), digest_size=16).hexdigest()


def write_whole(path: Path, chunks: bytes | str | Iterable[str], *, flush: bool = True) -> None:
    """Write a file so that a reader, a crash or a full disk sees the old content or the new, never a part.

    Without `flush` that holds for all but a power failure, and many small files take a fraction of the time.

    Raises:
        ReportError: the folder cannot be written to; the former file stands.
    """
    if isinstance(chunks, str):
        chunks = [chunks]
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            if isinstance(chunks, bytes):
                file.write(chunks)
            else:
                for chunk in chunks:
                    file.write(chunk.encode("utf-8", "surrogateescape"))
            if flush:
                file.flush()
                os.fsync(file.fileno())
        mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError as error:
        raise ReportError(
            f"{path} cannot be written: {error.strerror}", "free disk space or check the folder's permissions"
        ) from None
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
