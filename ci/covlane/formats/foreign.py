"""Reports of other programs, recognised by their content, not their names."""

from __future__ import annotations

import codecs
import re

import msgspec

from covlane.errors import ReportError
from covlane.formats import cobertura, coveragepy, lcov, slipcover
from covlane.formats.untrusted import MOST_BYTES, REMEDY, Foreign, decode, uncollected

__all__ = ["Foreign", "read"]

#: How UTF-16 begins: with a byte order mark, or with a report's first character.
_MARKS = {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    **{f"{char}".encode(f"utf-16-{end}"): f"utf-16-{end}" for char in "<{TS" for end in ("le", "be")},
}
_ENCODING = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([^"']*)""")
_UTF = re.compile(rb"utf[-_]?(8|16(le|be)?)", re.IGNORECASE)
#: The first record of a tracefile, perhaps after output of the program that wrote it.
_LCOV = re.compile(rb"^[ \t]*(TN|SF) ?:|\A#", re.MULTILINE)


class _Envelope(msgspec.Struct):
    """The fields of a JSON report that identify its program."""

    class _Meta(msgspec.Struct):
        software: str = "coverage.py"

    meta: _Meta
    covlane: object = None
    incomplete: list[str] = []


@uncollected()
def read(content: bytes, name: str) -> Foreign:
    """Decode Cobertura XML, LCOV, coverage.py's JSON or SlipCover's.

    coverage.py's data (`.coverage`) is not decoded from bytes, see `coveragepy.read_data`.

    Args:
        content: the bytes; nothing in them is trusted.
        name: what to call them in an error.

    Raises:
        ReportError: it is none of these, is broken or too large; the message names the place.
    """
    if len(content) > MOST_BYTES:
        raise ReportError(f"{name} has {len(content):,} bytes, more than the limit of {MOST_BYTES:,}", REMEDY)
    text = _utf_8(content, name)
    start = text[:4096].lstrip()
    if start.startswith(b"<"):
        return _xml(text.lstrip(), name)
    if start.startswith(b"{"):
        return _json(text, name)
    if _LCOV.search(start):
        return lcov.read(text, name)
    kind = "in no format that covlane reads" if start else "empty"
    raise ReportError(f"{name} is {kind}", "pass Cobertura XML, LCOV, or JSON of coverage.py or SlipCover")


def _utf_8(content: bytes, name: str) -> bytes:
    """Return the bytes without a byte order mark, and UTF-16 as UTF-8."""
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            try:
                return content.decode(encoding).removeprefix("\ufeff").encode()
            except UnicodeError as error:
                raise ReportError(
                    f"{name} begins like UTF-16 but cannot be decoded: {error}", REMEDY
                ) from None
    return content.removeprefix(codecs.BOM_UTF8)


def _xml(text: bytes, name: str) -> Foreign:
    """Read XML in its real encoding, which copies and shells change without changing the declaration."""
    declared = _ENCODING.search(text[:200])
    if declared and not _UTF.fullmatch(declared[1]):
        return cobertura.read(text, name)
    try:
        text.decode()
    except UnicodeError:
        return cobertura.read(text, name, "iso-8859-1")
    return cobertura.read(text, name, "utf-8")


def _json(content: bytes, name: str) -> Foreign:
    envelope = decode(content, _Envelope, name)
    if envelope.covlane:
        raise ReportError(f"{name} is a leg", "move it into `reports/legs`, where legs are read")
    if reasons := envelope.incomplete:
        raise ReportError(f"{name} is itself incomplete: {reasons[0]}", "fix this where it was merged")
    read_json = slipcover.read if envelope.meta.software == "slipcover" else coveragepy.read
    return read_json(content, name)
