"""A leg's contexts, `LEG.contexts.gz`: the collector's `attribution.py` writes them and has their description."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

from covlane.errors import ReportError
from covlane.model.testmap import Context, Kind

if TYPE_CHECKING:
    from covlane.model.testmap import TestMap

#: Bytes of a document that is not compressed, well above any real one: 20,000 tests and 3,000 files take 100 MB.
MOST_BYTES = 1 << 30
#: zlib's `wbits` for gzip.
_GZIP = 31
Place = Annotated[int, msgspec.Meta(ge=0)]


class _File(msgspec.Struct):
    digest: str
    items: list[int | tuple[int, int]]
    sets: list[str]
    ran: list[tuple[Place, Place]]


class _Document(msgspec.Struct):
    schema: Literal[1]
    leg: str
    contexts: list[tuple[str, Kind]]
    fixtures: list[tuple[Place, list[Place]]]
    files: dict[str, _File]
    sources: dict[str, str] = {}
    opened: list[tuple[str, str, list[Place]]] = []
    ignored: list[str] = []


def add(content: bytes, name: str, to: TestMap) -> list[str]:
    """Add a leg's contexts to a map; return a sentence for each file that another leg measured with other content.

    Args:
        content: the file's.
        name: its name, for errors.
        to: the map of all legs.

    Raises:
        ReportError: it is broken, too large, or of another version.
    """
    try:
        document = msgspec.json.decode(_unpacked(content), type=_Document)
        contexts = [Context(*each) for each in document.contexts]
        to.contexts.update(contexts)
        to.add(contexts, dict(document.fixtures))
        for path, text in document.sources.items():
            to.sources.setdefault(path, text)
        for path, digest, those in document.opened:
            to.opened.setdefault((path, digest), set()).update(contexts[each] for each in those)
        to.ignored.update(document.ignored)
        other = [path for path, file in document.files.items() if not _add_file(path, file, contexts, to)]
    except (
        zlib.error,
        msgspec.MsgspecError,
        UnicodeDecodeError,
        ValueError,
        IndexError,
        RecursionError,
    ) as error:
        raise ReportError(
            f"{name} is no file of contexts that this version reads: {error}", "run the leg again"
        ) from None
    return [
        f"{document.leg} measured another content of {path}: its tests are left out there" for path in other
    ]


def _unpacked(content: bytes) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    found = unpacker.decompress(content, MOST_BYTES)
    if unpacker.unconsumed_tail:
        raise ValueError(f"it is longer than {MOST_BYTES:,} bytes")
    if not unpacker.eof:
        raise ValueError("it is cut short")
    return found


def _add_file(path: str, file: _File, contexts: list[Context], to: TestMap) -> bool:
    bitmaps = [int.from_bytes(bytes.fromhex(each), "little") for each in file.sets]
    if any(bitmap >> len(file.items) for bitmap in bitmaps):
        raise ValueError(f"a set of {path} has more than its items")
    return to.add_file(
        path, file.digest, file.items, {contexts[who]: bitmaps[what] for who, what in file.ran}
    )
