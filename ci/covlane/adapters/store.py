"""The per-user cache of downloaded programs, each in a folder named by the SHA-256 of the archive it came in."""

from __future__ import annotations

import os
import shutil
import tempfile
import zlib
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING
from zipfile import BadZipFile, ZipFile

import platformdirs

from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from zipfile import ZipInfo

ARCHIVE = "archive.zip"
#: What the zipfile module says of a file that is none, is damaged, or needs what it does not have.
_FAULTS = (BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError)


def place(digest: str, program: str) -> Path:
    """Return where a program of the archive with that SHA-256 is, if it is there."""
    return platformdirs.user_cache_path("covlane", appauthor=False).absolute() / digest / program


def intact(program: Path) -> bool:
    """Say whether a program is there and, byte for byte, what the archive that its folder is named by holds."""
    try:
        with program.with_name(ARCHIVE).open("rb") as archive, program.open("rb") as placed:
            if _digest(archive) != program.parent.name or not os.access(program, os.X_OK):
                return False
            with ZipFile(archive) as bundle, bundle.open(program.name) as packed:
                return _digest(packed) == _digest(placed)
    except (OSError, *_FAULTS):
        return False


@contextmanager
def incoming() -> Iterator[Path]:
    """Lend a folder of the cache, which is removed in the end.

    Raises:
        ToolError: the disk is full or refuses, inside of the `with` block too.
    """
    cache = place("", "")
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache, prefix="incoming.") as folder:
            yield Path(folder)
    except OSError as error:
        raise ToolError(
            f"{cache} cannot be written to: {error.strerror}",
            "free disk space or check the folder's permissions; what was installed before still is",
        ) from None


def receive(path: Path, pieces: Iterable[bytes], magic: bytes) -> str:
    """Write a new file, and return its SHA-256; ToolError where it does not begin as its kind does."""
    hashed = sha256()
    with path.open("xb") as file:
        for piece in pieces:
            hashed.update(piece)
            file.write(piece)
    with path.open("rb") as file:
        beginning = file.read(64)
    if not beginning.startswith(magic):
        raise ToolError(f"the download begins with {beginning!r}, not with {magic!r}", "try again later")
    return hashed.hexdigest()


def unpack(program: Path, check: Callable[[Sequence[ZipInfo]], None]) -> None:
    """Unpack one program from the archive beside it, after `check` has seen what that holds.

    Raises:
        ToolError: it is no archive, or a damaged one; and what `check` raises.
    """
    try:
        with ZipFile(program.with_name(ARCHIVE)) as bundle:
            check(bundle.infolist())
            with bundle.open(program.name) as packed, program.open("xb") as file:
                shutil.copyfileobj(packed, file)
    except _FAULTS as error:
        raise ToolError(f"the archive cannot be unpacked: {error}", "try again") from None
    program.chmod(0o755)


def keep(program: Path, digest: str) -> Path:
    """Move a program and the archive beside it to their place, each at once, and return the program's."""
    path = place(digest, program.name)
    path.parent.mkdir(exist_ok=True)
    program.with_name(ARCHIVE).replace(path.with_name(ARCHIVE))
    return program.replace(path)


def _digest(file: IO[bytes]) -> str:
    hashed = sha256()
    while piece := file.read(1 << 20):
        hashed.update(piece)
    return hashed.hexdigest()
