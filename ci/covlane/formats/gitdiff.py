"""`git diff --raw -z --patch --unified=0` to a Diff.

Names and kinds come from git's raw entries (git-diff(1), "Raw output format"), which need no unquoting. unidiff
reads the hunks, with numbers as file names, because names in patch headers are ambiguous.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchSet

from covlane.errors import ToolError
from covlane.model.diff import Diff, FileDiff

if TYPE_CHECKING:
    from unidiff.patch import PatchedFile

    from covlane.model.diff import Kind

_ENTRY = re.compile(rb":(\d+) (\d+) \w+ \w+ ([A-Z])\d*\0([^\0]+)\0")
#: The headers before a file's first hunk; no line of a hunk begins like these.
_HEADER = re.compile("^diff --git .*\n(?:(?!@@ |diff --git ).*\n)*", re.MULTILINE)
_OTHERS: dict[bytes, Kind] = {b"160000": "submodule", b"120000": "symlink"}
_ODD = re.compile(rb'[\x00-\x1f"\\\x7f-\xff]')
_ESCAPES = {
    bytes([byte]): b"\\" + bytes([name])
    for byte, name in zip(b'\a\b\t\n\v\f\r"\\', b'abtnvfr"\\', strict=True)
}
_KINDS: dict[bytes, Kind] = {b"A": "added", b"C": "added", b"D": "deleted", b"R": "renamed"}


def read(content: bytes, base: str) -> Diff:
    """Decode git's output as a diff against the commit `base`.

    Raises:
        ToolError: it is none.
    """
    binary: set[int] = set()
    headers: dict[str, int] = {}

    def header(match: re.Match[str]) -> str:
        number = headers[match[0].partition("\n")[0]]
        if "\nBinary files " in match[0]:
            binary.add(number)
        return f"--- {number}\n+++ {number}\n"

    try:
        entries, patch = _raw(content)
        headers |= {entry.header: number for number, entry in enumerate(entries)}
        text = _HEADER.sub(header, patch.decode("latin-1"))
        # For a file whose type changed, the removal comes before the addition.
        parsed = {int(file.path): file for file in PatchSet.from_string(text)}
    except (UnidiffParseError, KeyError, ValueError) as error:
        raise ToolError(f"cannot parse git's diff: {error}", "update git") from None
    files = [
        _file(entry, parsed.get(number), binary=number in binary) for number, entry in enumerate(entries)
    ]
    return Diff(base, tuple(sorted(files, key=lambda file: file.path)))


class _Entry(NamedTuple):
    """A raw entry: file mode, status, name, and former name."""

    mode: bytes
    status: bytes
    name: bytes
    former: bytes

    @property
    def header(self) -> str:
        """The header of its part of the patch."""
        return f"diff --git {_quoted(b'a/' + self.former)} {_quoted(b'b/' + self.name)}"


def _raw(content: bytes) -> tuple[list[_Entry], bytes]:
    """Return the raw entries, and the patch that follows them."""
    entries, at = [], 0
    while match := _ENTRY.match(content, at):
        old, new, status, former = match.groups()
        name, at = former, match.end()
        if status in b"RC":
            end = content.index(b"\0", at)
            name, at = content[at:end], end + 1
        entries.append(_Entry(old if status == b"D" else new, status, name, former))
    return entries, content[at:].removeprefix(b"\0")


def _quoted(name: bytes) -> str:
    """Quote a name like git (`core.quotePath` in git-config(1))."""
    quoted = _ODD.sub(lambda odd: _ESCAPES.get(odd[0]) or b"\\%03o" % odd[0][0], name)
    return (name if quoted == name else b'"%b"' % quoted).decode("latin-1")


def _file(entry: _Entry, patched: PatchedFile | None, *, binary: bool) -> FileDiff:
    path, former = (name.decode("utf-8", "backslashreplace") for name in (entry.name, entry.former))
    old_path = former if entry.status == b"R" else None
    if binary or entry.mode in _OTHERS:
        return FileDiff(path, _OTHERS.get(entry.mode, "binary"), old_path)
    added = removed = cut = 0
    for hunk in patched or ():
        added |= ((1 << hunk.target_length) - 1) << hunk.target_start
        removed |= ((1 << hunk.source_length) - 1) << hunk.source_start
        if not hunk.target_length and any(_is_code(line.value) for line in hunk):
            cut |= 1 << hunk.target_start
    kind = _KINDS.get(entry.status, "modified")
    return FileDiff(path, kind, old_path, added, removed=removed, cut=cut)


def _is_code(text: str) -> bool:
    return not text.isspace() and not text.lstrip().startswith("#")
