"""Reports of other programs, by what is in them and not by their names."""

from __future__ import annotations

import codecs
import re

import msgspec

from covlane.errors import ReportError
from covlane.formats import cobertura, coveragepy, lcov, slipcover
from covlane.formats.untrusted import MOST_BYTES, REMEDY, Foreign, decode, uncollected

__all__ = ["Foreign", "read"]

_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Envelope(msgspec.Struct):
    """As much of a JSON report as tells who wrote it."""

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
        ReportError: it is none of these, is broken or beyond all bounds; with the place.
    """
    if len(content) > MOST_BYTES:
        raise ReportError(f"{name} has {len(content):,} bytes, over the {MOST_BYTES:,} that are read", REMEDY)
    text = content.removeprefix(codecs.BOM_UTF8)
    try:
        text = text.decode("utf-16").encode() if text.startswith(_UTF_16) else text
    except UnicodeError as error:
        raise ReportError(f"{name} begins as UTF-16 and is not: {error}", REMEDY) from None
    start = text[:4096].lstrip()
    if start.startswith(b"<"):
        return cobertura.read(content, name)
    if start.startswith(b"{"):
        return _json(text, name)
    if re.match(rb"TN:|SF:|#", start):
        return lcov.read(text, name)
    kind = "in no format that covlane reads" if start else "empty"
    raise ReportError(f"{name} is {kind}", "give Cobertura XML, LCOV, or JSON of coverage.py or SlipCover")


def _json(content: bytes, name: str) -> Foreign:
    envelope = decode(content, _Envelope, name)
    if envelope.covlane:
        raise ReportError(f"{name} is a leg", "put it below `reports/legs`, where its stamp is read")
    if reasons := envelope.incomplete:
        raise ReportError(f"{name} is itself incomplete: {reasons[0]}", "mend this where it was merged")
    read_json = slipcover.read if envelope.meta.software == "slipcover" else coveragepy.read
    return read_json(content, name)
