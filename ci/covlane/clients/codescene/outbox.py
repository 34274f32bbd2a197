"""The outbox: reports to upload, each beside a JSON file that describes it, until they are delivered.

The JSON file is written after the report and removed before it, so an upload exists if and only if its JSON file
does. It holds no token, and its address is only compared with the configured one: whoever can write to the folder,
which may come from a CI artifact, cannot choose where a token goes.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from covlane.clients.codescene.submission import Submission  # noqa: TC001 - msgspec reads the annotation
from covlane.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T = TypeVar("T")

_SUFFIXES = {"cobertura": ".xml", "lcov": ".info"}
#: A report, its JSON file, and temporary files left by a killed process.
_OURS = re.compile(r"\d{6}-[0-9a-f]{10}-[a-z-]+\.(json|xml|info)|\.(\d{6}-|delivered\.).*")
_DIGITS = 6
#: How many deliveries are remembered, so that none is repeated.
_MOST_DELIVERED = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upload: the API's address, its announcement, its number of files, its digest, and its id once announced."""

    schema: Literal[1] = 1
    url: str
    submission: Submission
    files: int
    digest: str
    id: int | None = None

    @property
    def key(self) -> str:
        """Its identity in the list of delivered uploads."""
        return _digest(msgspec.json.encode(msgspec.structs.replace(self, id=None)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry of the outbox and its JSON file."""

    path: Path
    entry: Entry

    @property
    def id(self) -> str:
        """The id that `--outbox` shows."""
        return self.path.name[:_DIGITS]

    @property
    def report(self) -> Path:
        """The report, with the suffix by which cs-coverage knows its format."""
        return self.path.with_suffix(_SUFFIXES[self.entry.submission.format])


class Outbox:
    """A folder of uploads, for use by one process at a time.

    Args:
        folder: its path; it need not exist.
        read: returns a file's content, or raises ReportError.
        write: replaces a file's content as a whole, or raises ReportError.
    """

    def __init__(
        self, folder: Path, read: Callable[[Path], bytes], write: Callable[[Path, bytes], None]
    ) -> None:
        self._folder, self._read, self._write = folder, read, write

    def put(self, entry: Entry, content: bytes) -> Waiting | None:
        """Store a report until it is delivered; it replaces an earlier one of the same commit and metric.

        Returns:
            The entry, or None if this exact report was already delivered.
        """
        entry = msgspec.structs.replace(entry, digest=_digest(content))
        waiting = self.waiting()
        self._sweep(waiting)
        if entry.key in self._delivered():
            return None
        if same := next((one for one in waiting if one.entry.key == entry.key), None):
            return same
        number = 1 + max((int(one.path.name[:6]) for one in waiting), default=0)
        name = f"{number:06}-{entry.submission.commit_sha[:10]}-{entry.submission.metric}.json"
        new = Waiting(self._folder / name, entry)
        self._write(new.report, content)
        self._write_json(new.path, entry)
        for old in waiting:
            if (old.entry.url, old.entry.submission) == (entry.url, entry.submission):
                self._remove(old)
        return new

    def waiting(self) -> list[Waiting]:
        """Return the uploads to send, oldest first.

        Raises:
            ReportError: a file cannot be decoded.
        """
        delivered = self._delivered()
        paths = sorted(path for path in self._folder.glob("*.json") if _OURS.fullmatch(path.name))
        found = [Waiting(path, self._read_json(path, Entry)) for path in paths]
        for one in found:
            if one.entry.key in delivered:
                self._remove(one)
        return [one for one in found if one.entry.key not in delivered]

    def content(self, waiting: Waiting) -> bytes:
        """Return a report; ReportError if it is missing or was changed."""
        content = self._read(waiting.report) if waiting.report.is_file() else b""
        if _digest(content) != waiting.entry.digest:
            raise _broken(waiting.report, "is missing or was changed")
        return content

    def announced(self, waiting: Waiting, number: int) -> Waiting:
        """Store the id that CodeScene assigned, so that a retry is the same upload."""
        entry = msgspec.structs.replace(waiting.entry, id=number)
        self._write_json(waiting.path, entry)
        return replace(waiting, entry=entry)

    def done(self, waiting: Waiting) -> None:
        """Remove a delivered upload, and record the delivery."""
        delivered = [*self._delivered(), waiting.entry.key][-_MOST_DELIVERED:]
        self._write_json(self._folder / "delivered.json", delivered)
        self._remove(waiting)

    def drop(self, name: str) -> list[Path]:
        """Remove the files of the upload with this id, readable or not, and return their paths."""
        prefix = f"{name.zfill(_DIGITS)}-"
        valid = re.fullmatch(r"\d{1,6}", name, re.ASCII) and self._folder.is_dir()
        paths = (
            sorted(self._folder.glob(f"{prefix}*"), key=lambda path: path.suffix != ".json") if valid else []
        )
        found = [path for path in paths if _OURS.fullmatch(path.name)]
        for path in found:
            path.unlink(missing_ok=True)
        return found

    def _delivered(self) -> list[str]:
        path = self._folder / "delivered.json"
        return self._read_json(path, list[str]) if path.exists() else []

    def _write_json(self, path: Path, value: object) -> None:
        self._write(path, msgspec.json.format(msgspec.json.encode(value), indent=2))

    def _read_json(self, path: Path, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self._read(path), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _broken(path, f"cannot be read: {error}") from None

    def _sweep(self, waiting: list[Waiting]) -> None:
        """Remove leftovers of a killed process that belong to no waiting upload."""
        wanted = {path for one in waiting for path in (one.path, one.report)}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if _OURS.fullmatch(path.name) and path not in wanted:
                path.unlink(missing_ok=True)

    def _remove(self, waiting: Waiting) -> None:
        with suppress(FileNotFoundError):
            waiting.path.unlink()
            waiting.report.unlink()


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=16).hexdigest()


def _broken(path: Path, what: str) -> ReportError:
    return ReportError(
        f"{path} {what}",
        "run `invoke upload --drop ID`, where ID is the digits at the start of its name, to discard that upload",
    )
