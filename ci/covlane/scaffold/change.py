"""A change of one file as a value: its content now, its new content, and why."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Change:
    """A new content for a file: `path` is relative to the root with `/`, `old` is None for a new file."""

    path: str
    old: bytes | None
    new: bytes
    why: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What init does, and a note on each file that it leaves although one could expect a change."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...]


class Edit(NamedTuple):
    """The edit of one file: its new content, or None to leave it; why, or "" if that needs no note."""

    new: bytes | None
    why: str


#: The file is as init would have it.
LEAVE = Edit(None, "")


def newline_of(content: bytes) -> bytes:
    r"""Return the newline of the first line, `\n` if it has none."""
    first = re.search(rb"\r\n|\n|\r", content)
    return first.group() if first else b"\n"


def append(old: bytes, text: str) -> bytes:
    """Return `old` with the lines of `text` after it, with the newlines that the file uses.

    `text` ends with a newline; leading empty lines are for a file that has content, an empty one gets none.
    """
    if not old:
        return text.lstrip("\n").encode()
    newline = newline_of(old)
    added = text.encode().replace(b"\n", newline)
    if old.endswith(newline):
        return old + added
    return old + newline + added.removesuffix(newline)


def diff(changes: Iterable[Change]) -> str:
    """Return the changes as a unified diff that `git apply` takes."""
    return "".join(line for change in changes for line in _diff_of(change))


def _diff_of(change: Change) -> Iterator[str]:
    before = "/dev/null" if change.old is None else f"a/{change.path}"
    lines = difflib.unified_diff(_lines(change.old or b""), _lines(change.new), before, f"b/{change.path}")
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(content: bytes) -> list[str]:
    """Split at newlines alone: `str.splitlines` splits at form feeds as well, which no diff does."""
    return re.findall(r"[^\n]*\n|[^\n]+", content.decode("utf-8", "replace"))
