"""What a run of another's code left, read as what it is: bytes from a stranger.

The archive is opened here and nowhere before. It has one member, a verdict, which has to be what covlane itself
would write, to the byte; what a schema cannot say is asked afterwards: bounds, names inside the tree, counts that add up.
"""

from __future__ import annotations

import io
import stat
import zipfile
from typing import TYPE_CHECKING

import msgspec

from covlane.analysis.consistency import contradiction
from covlane.errors import ReportError
from covlane.formats.evidence import read_verdict, write_verdict
from covlane.formats.slipcover import is_inside

if TYPE_CHECKING:
    from typing import IO

    from covlane.model.verdict import Verdict

MEMBER = "verdict.json"
#: Bytes of the archive, and of what is in it.
MOST_PACKED = 4 * 1024 * 1024
MOST_BYTES = 16 * 1024 * 1024
MOST_FILES = 10_000
MOST_ITEMS = 500_000
LONGEST = 4_096
LARGEST = 1_000_000_000
#: A gate's missing lines are the deepest: verdict, gates, gate, missing, file, lines, range, number.
DEEPEST = 10
_PIECE = 64 * 1024
_REMEDY = "nothing of it was used; the run's own log and summary show what it measured"


def verdict(archive: bytes) -> Verdict:
    """Return the verdict in an artifact's archive.

    Raises:
        ReportError: the archive, or what is in it, is not what covlane writes. It quotes none of it.
    """
    content = _member(archive)
    # Each item follows one of these, so what JSON makes in memory is bounded before it is made.
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_ITEMS:
        raise _refused("it has more parts than a pull request has")
    try:
        found = read_verdict(content, MEMBER)
        _bounded(msgspec.to_builtins(found))
        if write_verdict(found) != content:
            raise _refused("it is not what covlane writes")
    except (ReportError, RecursionError, MemoryError):
        raise _refused("it is no verdict of this version of covlane") from None
    names = [name for file in found.patch.files for name in (file.path, file.old_path) if name is not None]
    names += [missing.path for gate in found.gates for missing in gate.missing]
    if not all(map(is_inside, names)):
        raise _refused("it names a file outside of the repository")
    if len(names) > MOST_FILES:
        raise _refused("it names more files than a pull request has")
    if why := contradiction(found):
        raise _refused(f"it contradicts itself: {why}")
    return found


def _member(archive: bytes) -> bytes:
    if len(archive) > MOST_PACKED:
        raise _refused(f"it has more than {MOST_PACKED:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            (member,) = packed.infolist()
            with packed.open(_plain(member)) as file:
                return _bounded_read(file)
    except ReportError:
        raise
    except Exception:  # noqa: BLE001 - whatever a stranger's bytes make zipfile or zlib raise is a refusal
        raise _refused(f"it is no archive of one file {MEMBER}") from None


def _plain(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return the one member if it is a plain file, by its name, its kind and how it is packed."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.orig_filename != MEMBER or kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
        raise _refused(f"it holds something else than a file {MEMBER}")
    # zipfile lets no one bound what bzip2 and LZMA unpack at a time.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("it is packed in another way than GitHub packs")
    return member


def _bounded_read(file: IO[bytes]) -> bytes:
    """Read in pieces to the end or the bound; what the directory says of a size is the archive's own word."""
    content = bytearray()
    while piece := file.read(_PIECE):
        content += piece
        if len(content) > MOST_BYTES:
            raise _refused(f"{MEMBER} has more than {MOST_BYTES:,} bytes")
    return bytes(content)


def _bounded(value: object) -> None:
    """Refuse what no pull request comes to: too many or too deep items, too long a text, too large a number."""
    waiting, seen = [(value, 0)], 0
    while waiting:
        one, depth = waiting.pop()
        seen += 1
        if isinstance(one, dict):
            waiting += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list | tuple):
            waiting += [(part, depth + 1) for part in one]
        long = isinstance(one, str) and len(one) > LONGEST
        large = isinstance(one, int | float) and not 0 <= one <= LARGEST
        if seen > MOST_ITEMS or depth > DEEPEST or long or large:
            raise _refused("it has more or larger parts than a pull request has")


def _refused(why: str) -> ReportError:
    return ReportError(f"the run's artifact is refused: {why}", _REMEDY)
