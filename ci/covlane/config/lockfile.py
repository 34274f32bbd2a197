"""The versions in uv.lock, as constraints for uv and pip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from covlane.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

NAME = "uv.lock"


class _Package(msgspec.Struct, rename="kebab"):
    name: str
    source: dict[str, object]
    version: str = ""
    resolution_markers: list[str] = []


class _Lock(msgspec.Struct):
    """The one version of the format that there is (uv's documentation, "Resolution", "Lockfile versioning")."""

    version: Literal[1]
    package: list[_Package] = []


def constraints(root: Path) -> list[str]:
    """Return a constraint for each package that a registry has, in the order of the file.

    A package that is locked in several versions has one for each, with the markers of those environments that it is
    for. One that belongs to some extra alone (uv's `conflicts`) is free: no constraint can say so.

    Raises:
        UsageError: the file cannot be read, or is of another version of the format.
    """
    path = root / NAME
    try:
        lock = msgspec.toml.decode(path.read_bytes(), type=_Lock)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, OSError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", "run `uv lock`, or set `locked = false` in [tool.covlane]"
        ) from None
    return [line for package in lock.package if (line := _constraint(package))]


def _constraint(package: _Package) -> str:
    markers = package.resolution_markers
    known = "registry" in package.source and package.version
    if not known or any("extra" in marker for marker in markers):
        return ""
    where = " or ".join(f"({marker})" for marker in markers)
    return f"{package.name}=={package.version}" + (f" ; {where}" if where else "")
