"""Marked code, kept for the other processes of the leg: one compiles a file, all others load it.

As Python keeps `.pyc` files, which code with branch marks cannot use. The folder is the leg's own and as old as its
run; an entry is found by all that decides its content, written whole, and a broken one is compiled anew.
"""

from __future__ import annotations

import marshal
import sys
import types
from hashlib import blake2b
from typing import Optional

from .own import io, os

FOLDER = "code"


class CodeCache:
    """The code of measured files, by what they hold and how they are compiled."""

    def __init__(self, folder: str, *, branch: bool) -> None:
        self._folder = os.path.join(folder, FOLDER)
        self._branch = branch

    def get(self, source: bytes, filename: str) -> Optional[types.CodeType]:
        """Return the code of a file, None where no process of the leg has compiled this very content."""
        try:
            with io.open(self._path(source, filename), "rb") as file:
                content = file.read()
            digest, payload = content[:16], content[16:]
            if digest != _digest(payload):
                return None
            code = marshal.loads(payload)  # noqa: S302 - written by this leg, and checked to be whole
        except (OSError, ValueError, EOFError, TypeError):
            return None
        return code if isinstance(code, types.CodeType) else None

    def put(self, source: bytes, filename: str, code: types.CodeType) -> None:
        """Keep the code of a file; where that is not possible, every process compiles for itself."""
        path = self._path(source, filename)
        temporary = f"{path}.{os.getpid()}"
        try:
            os.makedirs(self._folder, exist_ok=True)
            payload = marshal.dumps(code)
            with io.open(temporary, "wb") as file:
                file.write(_digest(payload) + payload)
            os.replace(temporary, path)
        except (OSError, ValueError):
            return

    def _path(self, source: bytes, filename: str) -> str:
        how = (sys.hexversion, sys.flags.optimize, self._branch, filename)
        return os.path.join(
            self._folder, _digest(repr(how).encode("utf-8", "backslashreplace") + source).hex()
        )


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()
