"""What has to reach CodeScene: each report beside a JSON file that says what it is, until it is delivered.

The JSON file is written after the report and goes before it, so that it alone says that something waits. It holds
no token, and its address is compared with the configured one, never asked: whoever can write into the folder (it
comes out of a CI artifact, perhaps) cannot choose where a token goes.
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
#: A report, its JSON file, and what is left of one of these by a program that was killed.
_OURS = re.compile(r"\d{6}-[0-9a-f]{10}-[a-z-]+\.(json|xml|info)|\.(\d{6}-|delivered\.).*")
_DIGITS = 6
#: How many deliveries are remembered, so that nothing is sent twice.
_MOST_DELIVERED = 200


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An upload: the API that it is for, its announcement, its files and digest, and its id once it has one."""

    schema: Literal[1] = 1
    url: str
    submission: Submission
    files: int
    digest: str
    id: int | None = None

    @property
    def key(self) -> str:
        """What it is known by once it is delivered."""
        return _digest(msgspec.json.encode(msgspec.structs.replace(self, id=None)))


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry of the outbox and its JSON file."""

    path: Path
    entry: Entry

    @property
    def id(self) -> str:
        """What `--outbox` calls it."""
        return self.path.name[:_DIGITS]

    @property
    def report(self) -> Path:
        """The report, with the suffix by which cs-coverage knows its format."""
        return self.path.with_suffix(_SUFFIXES[self.entry.submission.format])


class Outbox:
    """A folder of uploads, to be used by one process at a time.

    Args:
        folder: where they are; it need not exist.
        read: returns a file's content, or raises ReportError.
        write: replaces a file's content as a whole, or raises ReportError.
    """

    def __init__(
        self, folder: Path, read: Callable[[Path], bytes], write: Callable[[Path, bytes], None]
    ) -> None:
        self._folder, self._read, self._write = folder, read, write

    def put(self, entry: Entry, content: bytes) -> Waiting | None:
        """Keep a report until it is delivered, in place of an earlier one of the same commit and metric.

        Returns:
            The entry, or None where this very report was delivered already.
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
        self._note(new.path, entry)
        for old in waiting:
            if (old.entry.url, old.entry.submission) == (entry.url, entry.submission):
                self._remove(old)
        return new

    def waiting(self) -> list[Waiting]:
        """Return what is to be sent, in the order in which it came.

        Raises:
            ReportError: a file is none of ours.
        """
        delivered = self._delivered()
        paths = sorted(path for path in self._folder.glob("*.json") if _OURS.fullmatch(path.name))
        found = [Waiting(path, self._noted(path, Entry)) for path in paths]
        for one in found:
            if one.entry.key in delivered:
                self._remove(one)
        return [one for one in found if one.entry.key not in delivered]

    def content(self, waiting: Waiting) -> bytes:
        """Return a report; ReportError where it is not what was put there."""
        content = self._read(waiting.report) if waiting.report.is_file() else b""
        if _digest(content) != waiting.entry.digest:
            raise _broken(waiting.report, "is missing, or not what was put there")
        return content

    def announced(self, waiting: Waiting, number: int) -> Waiting:
        """Remember the id that CodeScene gave an upload, so that another try is the same upload to it."""
        entry = msgspec.structs.replace(waiting.entry, id=number)
        self._note(waiting.path, entry)
        return replace(waiting, entry=entry)

    def done(self, waiting: Waiting) -> None:
        """Take an upload out that was delivered, and remember that it was."""
        delivered = [*self._delivered(), waiting.entry.key][-_MOST_DELIVERED:]
        self._note(self._folder / "delivered.json", delivered)
        self._remove(waiting)

    def drop(self, name: str) -> list[Path]:
        """Remove the files of the upload of this id, and return them; one that cannot be read can be dropped too."""
        begins = f"{name.zfill(_DIGITS)}-"
        mine = re.fullmatch(r"\d{1,6}", name, re.ASCII) and self._folder.is_dir()
        paths = (
            sorted(self._folder.glob(f"{begins}*"), key=lambda path: path.suffix != ".json") if mine else []
        )
        found = [path for path in paths if _OURS.fullmatch(path.name)]
        for path in found:
            path.unlink(missing_ok=True)
        return found

    def _delivered(self) -> list[str]:
        path = self._folder / "delivered.json"
        return self._noted(path, list[str]) if path.exists() else []

    def _note(self, path: Path, value: object) -> None:
        self._write(path, msgspec.json.format(msgspec.json.encode(value), indent=2))

    def _noted(self, path: Path, kind: type[T]) -> T:
        try:
            return msgspec.json.decode(self._read(path), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _broken(path, f"cannot be read: {error}") from None

    def _sweep(self, waiting: list[Waiting]) -> None:
        """Remove what a program that was killed left of an upload that does not wait."""
        kept = {path for one in waiting for path in (one.path, one.report)}
        for path in self._folder.iterdir() if self._folder.is_dir() else ():
            if _OURS.fullmatch(path.name) and path not in kept:
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
        "delete it to give that upload up, or run `invoke upload --drop ID` with the digits that its name begins with",
    )
