"""`git diff --raw -z --patch --unified=0`, with moved lines in cyan, to a Diff.

Names and kinds come from git's raw entries (git-diff(1), "Raw output format"), which need no unquoting; hunks are
read by unidiff, each file under its number, because names in a patch's headers are ambiguous.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from covlane.errors import ToolError
from covlane.model.diff import Diff, FileDiff

if TYPE_CHECKING:
    from collections.abc import Iterator

    from unidiff.patch import PatchedFile

    from covlane.model.diff import Kind

_ENTRY = re.compile(rb":(\d+) (\d+) \w+ \w+ ([A-Z])\d*\0([^\0]+)\0")
#: All that precedes the first hunk of a file; no line of a hunk begins with these words.
_HEADER = re.compile("^diff --git .*\n(?:(?!@@ |diff --git ).*\n)*", re.MULTILINE)
_MOVED = re.compile("^\x1b\\[36m\\+", re.MULTILINE)
#: What no text has: git would call the file binary, or Python would refuse it.
_MARK = "\0moved"
_KINDS: dict[bytes, Kind] = {b"A": "added", b"C": "added", b"D": "deleted", b"R": "renamed"}


def read(content: bytes, base: str) -> Diff:
    """Decode what git printed, as a diff against the commit `base`.

    Raises:
        ToolError: it is none.
    """
    binary: set[int] = set()
    number = count()

    def header(match: re.Match[str]) -> str:
        name = next(number)
        if "\nBinary files " in match[0]:
            binary.add(name)
        return f"--- {name}\n+++ {name}\n"

    entries, rest = _raw(content)
    patch = _MOVED.sub(f"+{_MARK}", _HEADER.sub(header, rest.decode("latin-1")))
    try:
        parsed = iter(PatchSet.from_string(patch))
        files = [_file(*entry, parsed, binary) for entry in entries]
    except (UnidiffParseError, StopIteration, ValueError) as error:
        raise ToolError(f"git printed no diff that can be read: {error}", "update git") from None
    return Diff(base, tuple(sorted(files, key=lambda file: file.path)))


def _raw(content: bytes) -> tuple[list[tuple[bytes, bytes, bytes, str, str | None]], bytes]:
    """Return the entries (old mode, new mode, status, name, former name), and the patch after them."""
    entries, at = [], 0
    while match := _ENTRY.match(content, at):
        old, new, status, name = match.groups()
        at, former = match.end(), None
        if status in b"RC":
            end = content.index(b"\0", at)
            former, name, at = _text(name), content[at:end], end + 1
        entries.append((old, new, status, _text(name), former))
    return entries, content[at:].removeprefix(b"\0")


def _text(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")


def _file(  # noqa: PLR0917 - an entry, and what all share
    old: bytes,
    new: bytes,
    status: bytes,
    path: str,
    former: str | None,
    parsed: Iterator[PatchedFile],
    binary: set[int],
) -> FileDiff:
    patched = next(parsed)
    if status == b"T":  # of another type: its removal and its addition
        patched = next(parsed)
    mode = old if status == b"D" else new
    if mode in {b"160000", b"120000"}:
        return FileDiff(path, "submodule" if mode == b"160000" else "symlink", former)
    if int(patched.path) in binary:
        return FileDiff(path, "binary", former)
    added = moved = cut = removed = 0
    for hunk in patched:
        added |= ((1 << hunk.target_length) - 1) << hunk.target_start
        removed += hunk.source_length
        if not hunk.target_length and any(_is_code(line.value) for line in hunk):
            cut |= 1 << hunk.target_start
        for line in hunk:
            if line.value.startswith(_MARK) and line.target_line_no:
                moved |= 1 << line.target_line_no
    kind = _KINDS.get(status, "modified")
    return FileDiff(path, kind, former if kind == "renamed" else None, added, moved, removed, cut)


def _is_code(text: str) -> bool:
    return bool(text.strip("\x1b[m\r\n\t ")) and not text.lstrip().startswith("#")
