"""What a run of another's code left, read as what it is: bytes from a stranger.

The archive is opened here and nowhere before. It has one member, a verdict, which has to be what covlane itself
would write, to the byte; what a schema cannot say is asked afterwards: bounds, names inside the tree, counts that add up.
"""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from typing import TYPE_CHECKING

import msgspec

from covlane.errors import ReportError
from covlane.formats.evidence import read_verdict, write_verdict
from covlane.formats.slipcover import is_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import Ratio
    from covlane.model.verdict import Verdict

MEMBER = "verdict.json"
#: Bytes of the archive, and of what is in it.
MOST_PACKED = 4 * 1024 * 1024
MOST_BYTES = 16 * 1024 * 1024
MOST_FILES = 10_000
MOST_ITEMS = 500_000
LONGEST = 4_096
LARGEST = 1_000_000_000
_REMEDY = "nothing of it was used; the run's own log and summary show what it measured"


def verdict(archive: bytes) -> Verdict:
    """Return the verdict in an artifact's archive.

    Raises:
        ReportError: the archive, or what is in it, is not what covlane writes. It quotes none of it.
    """
    content = _member(archive)
    try:
        found = read_verdict(content, MEMBER)
        if write_verdict(found) != content:
            raise _refused("it is not what covlane writes")
    except ReportError:
        raise _refused("it is no verdict of this version of covlane") from None
    _bounded(msgspec.to_builtins(found))
    names = [name for file in found.patch.files for name in (file.path, file.old_path) if name is not None]
    names += [missing.path for gate in found.gates for missing in gate.missing]
    if not all(map(is_inside, names)):
        raise _refused("it names a file outside of the repository")
    if len(names) > MOST_FILES:
        raise _refused("it names more files than a pull request has")
    if not all(0 <= ratio.covered <= ratio.total for ratio in _ratios(found)):
        raise _refused("it counts more covered than there is")
    return found


def _member(archive: bytes) -> bytes:
    if len(archive) > MOST_PACKED:
        raise _refused(f"it has more than {MOST_PACKED:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as packed:
            (member,) = packed.infolist()
            kind = stat.S_IFMT(member.external_attr >> 16)
            if member.orig_filename != MEMBER or kind not in (0, stat.S_IFREG) or member.flag_bits & 1:
                raise _refused(f"it holds something else than a file {MEMBER}")
            with packed.open(member) as file:
                # What the directory says of a size is the archive's own word.
                content = file.read(MOST_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, NotImplementedError, RuntimeError):
        raise _refused(f"it is no archive of one file {MEMBER}") from None
    if len(content) > MOST_BYTES:
        raise _refused(f"{MEMBER} has more than {MOST_BYTES:,} bytes")
    return content


def _bounded(value: object) -> None:
    """Refuse what no pull request comes to: too many items, too long a text, too large a number."""
    waiting, seen = [value], 0
    while waiting:
        one = waiting.pop()
        seen += 1
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list | tuple):
            waiting += one
        long = isinstance(one, str) and len(one) > LONGEST
        if seen > MOST_ITEMS or long or (isinstance(one, int | float) and not 0 <= one <= LARGEST):
            raise _refused("it has more or larger parts than a pull request has")


def _ratios(found: Verdict) -> Iterator[Ratio]:
    total = found.total
    yield from (one for one in (total.line, total.branch, total.line_before, total.branch_before) if one)
    yield found.patch.statements
    yield from (file.statements for file in found.patch.files)
    yield from (gate.measured for gate in found.gates)


def _refused(why: str) -> ReportError:
    return ReportError(f"the run's artifact is refused: {why}", _REMEDY)
