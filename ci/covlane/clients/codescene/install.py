"""The pinned cs-coverage: its build, what its archive may contain, and the version it must report."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec

from covlane.clients.codescene.cli import PROGRAM
from covlane.clients.wording import HIDDEN, shown
from covlane.errors import ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from zipfile import ZipInfo

    from covlane.adapters.process import Finished

#: The builds that are known to be good, and the vendor's own installer.
SHIPPED, SCRIPT = Path(__file__).with_name("cs-coverage.lock"), "install-cs-coverage-tool.sh"
#: The most bytes of an archive, of its contents, and of the installer; well above any release.
MOST_ARCHIVE, MOST_UNPACKED, MOST_SCRIPT = 256 << 20, 1 << 30, 1 << 20

_MEMBER = r"^cs-coverage(\.[a-z0-9]+)*\Z"
_SAYS = re.compile(r"(?m)^cs-coverage version (\S+) \(([0-9a-f]{40})\)\s*$")
#: Parts of the archives' names; those for macOS and Windows come from a sibling tool and are unconfirmed.
_NAMES = {"darwin": "macos", "x86_64": "amd64", "arm64": "aarch64"}


class Build(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One build for one platform, and its archive; archives cannot be downloaded by release number."""

    version: Annotated[str, msgspec.Meta(pattern=r"^[\w.+-]+\Z")]
    build: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{40}\Z")]
    platform: Annotated[str, msgspec.Meta(pattern=r"^[a-z]+-\w+\Z")]
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    members: tuple[Annotated[str, msgspec.Meta(pattern=_MEMBER)], ...]


class _Lock(msgspec.Struct, forbid_unknown_fields=True):
    builds: tuple[Build, ...] = ()


def platform(system: str, machine: str) -> str:
    """Return the platform in the archives' spelling, from `platform.system()` and `platform.machine()`."""
    return "-".join(_NAMES.get(part, part) for part in (system.lower(), machine.lower()))


def program(machine: str) -> str:
    """Return the program's name on a platform."""
    return f"{PROGRAM}.exe" if machine.startswith("windows") else PROGRAM


def read_lock(content: bytes, name: str) -> tuple[Build, ...]:
    """Read a lock file; UsageError if it is not one."""
    try:
        return msgspec.json.decode(content, type=_Lock).builds
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{name} is not a lock file for {PROGRAM}: {error}", "restore it, or remove it"
        ) from None


def write_lock(builds: Iterable[Build], new: Build) -> bytes:
    """Return a lock file in which `new` replaces the build for its platform."""
    others = [build for build in builds if build.platform != new.platform]
    ordered = sorted([*others, new], key=lambda build: build.platform)
    return msgspec.json.format(msgspec.json.encode(_Lock(tuple(ordered))), indent=2) + b"\n"


def wanted(name: str, known: Iterable[Build]) -> tuple[str, Build | None]:
    """Return the build that `name`, a release number or a build, means, and its entry if known.

    Raises:
        UsageError: it is neither a build nor the release number of a known one.
    """
    entry = next((build for build in known if name in (build.build, build.version)), None)
    if not entry and not re.fullmatch("[0-9a-f]{40}", name):
        raise UsageError(
            f"{name!r} is not a build of {PROGRAM}, and archives cannot be downloaded by release number",
            f"pass the 40 hex digits that `{PROGRAM} version` prints behind the number",
        )
    return entry.build if entry else name, entry


def members(entries: Sequence[ZipInfo], name: str, pinned: Build | None) -> tuple[str, ...]:
    """Return the sorted names of an archive's members.

    Raises:
        ToolError: a member is not pinned, is misnamed, repeated or missing, or is not a regular file; or the
            members are too large.
    """
    held = sorted(entry.orig_filename for entry in entries)
    usual = name in held and len({*held}) == len(held) and all(re.match(_MEMBER, item) for item in held)
    # The upper half of the attributes is the file's mode if Unix made the archive, else 0.
    kinds = {stat.S_IFMT(entry.external_attr >> 16) for entry in entries}
    wrong = ""
    if not usual or (pinned and held != sorted(pinned.members)):
        wrong = f"other files than {PROGRAM}'s: {shown(', '.join(held), token=HIDDEN)}"
    elif kinds - {0, stat.S_IFREG}:
        wrong = "a link or another non-regular file"
    elif sum(entry.file_size for entry in entries) > MOST_UNPACKED:
        wrong = f"more than {MOST_UNPACKED:,} bytes"
    if wrong:
        raise ToolError(f"the archive contains {wrong}", "do not use it")
    return tuple(held)


def says(done: Finished) -> tuple[str, str]:
    """Return the release number and the build that `cs-coverage version` printed.

    Raises:
        ToolError: it printed something else.
    """
    match = _SAYS.search(done.stdout)
    if done.code == 0 and match:
        return match[1], match[2]
    words = shown(f"{done.stdout} {done.stderr}", token=HIDDEN) or "nothing"
    raise ToolError(
        f"`{PROGRAM} version` ended with exit code {done.code} and printed: {words}",
        "check that the build is one for this machine",
    )
