"""The artifact of a run of a fork's code, treated as untrusted.

The archive is opened here only. Its one member is a verdict, and must be byte for byte what covlane would write;
then come checks that a schema cannot express: bounds, paths inside the repository, counts that add up.
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
#: The most bytes of the archive, and of its member.
MOST_PACKED = 4 * 1024 * 1024
MOST_BYTES = 16 * 1024 * 1024
MOST_FILES = 10_000
MOST_ITEMS = 500_000
LONGEST = 4_096
LARGEST = 1_000_000_000
#: A gate's missing lines are the deepest: verdict, gates, gate, missing, file, lines, range, number.
DEEPEST = 10
_CHUNK = 64 * 1024
_REMEDY = "none of it was used; see the run's log and summary"


def verdict(archive: bytes) -> Verdict:
    """Return the verdict in an artifact's archive.

    Raises:
        ReportError: covlane did not write this; the message quotes none of the content.
    """
    content = _member(archive)
    # Each item follows one of these characters, so this bounds the memory for decoding.
    if sum(content.count(mark) for mark in (b",", b"[", b"{")) > MOST_ITEMS:
        raise _refused("it has more parts than a pull request has")
    try:
        found = read_verdict(content, MEMBER)
        _bounded(msgspec.to_builtins(found))
        if write_verdict(found) != content:
            raise _refused("it is not what covlane writes")
    except (ReportError, RecursionError, MemoryError):
        raise _refused("it is not a verdict of this version of covlane") from None
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
    except Exception:  # noqa: BLE001 - untrusted bytes can make zipfile or zlib raise anything
        raise _refused(f"it is not an archive of the one file {MEMBER}") from None


def _plain(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    """Return the member if its name, file type and compression are as expected."""
    kind = stat.S_IFMT(member.external_attr >> 16)
    if member.orig_filename != MEMBER or kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
        raise _refused(f"it does not hold a plain file {MEMBER}")
    # zipfile cannot bound how much bzip2 and LZMA unpack at a time.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused("its compression is not GitHub's")
    return member


def _bounded_read(file: IO[bytes]) -> bytes:
    """Read in chunks up to the bound; the archive's own size field is not trusted."""
    content = bytearray()
    while chunk := file.read(_CHUNK):
        content += chunk
        if len(content) > MOST_BYTES:
            raise _refused(f"{MEMBER} has more than {MOST_BYTES:,} bytes")
    return bytes(content)


def _bounded(value: object) -> None:
    """Refuse a document that no real pull request needs: too many or too deep items, too long text, too large numbers."""
    pending, count = [(value, 0)], 0
    while pending:
        one, depth = pending.pop()
        count += 1
        if isinstance(one, dict):
            pending += [(part, depth + 1) for pair in one.items() for part in pair]
        elif isinstance(one, list | tuple):
            pending += [(part, depth + 1) for part in one]
        long = isinstance(one, str) and len(one) > LONGEST
        large = isinstance(one, int | float) and not 0 <= one <= LARGEST
        if count > MOST_ITEMS or depth > DEEPEST or long or large:
            raise _refused("it has more or larger parts than a pull request has")


def _refused(why: str) -> ReportError:
    return ReportError(f"the run's artifact is refused: {why}", _REMEDY)
