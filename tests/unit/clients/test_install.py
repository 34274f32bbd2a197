"""Which build is pinned, what its archive may hold, and what a lock file may say."""

from __future__ import annotations

import json
import stat
from typing import Any
from zipfile import ZipInfo

import msgspec
import pytest

from covlane.clients.codescene import install
from covlane.clients.codescene.install import Build, members, platform, program, read_lock, wanted, write_lock
from covlane.errors import ToolError, UsageError

BUILD = "0123456789abcdef0123456789abcdef01234567"
ENTRY = Build(
    version="1.2.3",
    build=BUILD,
    platform="linux-amd64",
    sha256="f" * 64,
    members=("cs-coverage", "cs-coverage.sha256"),
)


def entry(**changes: Any) -> Build:
    return msgspec.structs.replace(ENTRY, **changes)


def test_the_shipped_lock_pins_the_build_that_is_known_to_be_good() -> None:
    assert read_lock(install.SHIPPED.read_bytes(), "shipped") == (
        Build(
            version="1.0.101",
            build="ca2b95180eff32b5072e81f20d718d7b747650be",
            platform="linux-amd64",
            sha256="067503dc646c58c2d62c3315b55541e60e0b6343ef6d898650a9e0ae7cde0929",
            members=("cs-coverage", "cs-coverage.sha256", "cs-coverage.sha256.asc"),
        ),
    )


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-amd64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "macos-aarch64"),
        ("Darwin", "x86_64", "macos-amd64"),
        ("Windows", "AMD64", "windows-amd64"),
        ("Windows", "ARM64", "windows-aarch64"),
    ],
)
def test_a_machine_has_the_archives_name_for_it(system: str, machine: str, name: str) -> None:
    assert platform(system, machine) == name
    assert program(name) == ("cs-coverage.exe" if system == "Windows" else "cs-coverage")


# Locks


@pytest.mark.parametrize(
    "changes",
    [
        {"build": "latest"},
        {"build": BUILD + "\n"},
        {"build": BUILD.upper()},
        {"sha256": "f" * 63},
        {"sha256": None},
        {"platform": "../linux-amd64"},
        {"version": "1.0/../2"},
        {"members": ["cs-coverage", "../evil"]},
        {"members": ["cs-coverage\n"]},
        {"members": "cs-coverage"},
        {"url": "https://example.com"},
    ],
)
def test_a_lock_with_a_doubtful_entry_is_refused_as_a_whole(changes: dict[str, object]) -> None:
    document = {"builds": [msgspec.to_builtins(ENTRY) | changes]}
    with pytest.raises(UsageError, match=r"my\.lock is not a lock file for cs-coverage"):
        read_lock(json.dumps(document).encode(), "my.lock")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"bulids": []}', b'{"builds": ', b"\xff\xfe{}", b"null"])
def test_what_is_no_lock_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="is not a lock"):
        read_lock(content, "my.lock")


def test_a_lock_is_read_as_it_was_written_with_one_entry_for_each_platform() -> None:
    mac, old = entry(platform="macos-aarch64"), entry(version="1.2.2", build="a" * 40)
    content = write_lock((mac, old), ENTRY)
    assert read_lock(content, "my.lock") == (ENTRY, mac)
    assert content.endswith(b"}\n")


def test_a_build_is_named_by_its_number_where_an_entry_has_it() -> None:
    assert wanted("1.2.3", [ENTRY]) == (BUILD, ENTRY)
    assert wanted(BUILD, [ENTRY]) == (BUILD, ENTRY)
    assert wanted("a" * 40, [ENTRY]) == ("a" * 40, None)


@pytest.mark.parametrize("name", ["1.2.4", "latest", "", "a" * 39, "A" * 40, "a" * 40 + "\n"])
def test_another_number_cannot_be_downloaded(name: str) -> None:
    with pytest.raises(UsageError, match="archives cannot be downloaded by release number"):
        wanted(name, [ENTRY])


# Archives


def held(*names: str, mode: int = 0, size: int = 1) -> list[ZipInfo]:
    entries = [ZipInfo(name) for name in names]
    for item in entries:
        item.file_size = size
    entries[-1].external_attr = mode << 16
    return entries


@pytest.mark.parametrize("mode", [0, stat.S_IFREG | 0o755, 0o644])
def test_exactly_the_pinned_members_are_taken(mode: int) -> None:
    entries = held("cs-coverage.sha256", "cs-coverage", mode=mode)
    assert members(entries, "cs-coverage", ENTRY) == ("cs-coverage", "cs-coverage.sha256")


@pytest.mark.parametrize(
    "names",
    [
        ("cs-coverage",),
        ("cs-coverage", "cs-coverage.sha256", "cs-coverage.sha256.asc"),
        ("cs-coverage", "cs-coverage"),
    ],
)
def test_other_members_than_the_pinned_ones_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ToolError, match="contains other files than cs-coverage's"):
        members(held(*names), "cs-coverage", ENTRY)


def test_what_nobody_pinned_may_hold_the_program_and_what_goes_with_it() -> None:
    names = ("cs-coverage", "cs-coverage.sha256", "cs-coverage.sha256.asc")
    assert members(held(*names), "cs-coverage", None) == names


@pytest.mark.parametrize(
    "names",
    [
        ("cs-coverage.sha256",),
        ("cs-coverage", "cs-coverage"),
        ("cs-coverage", "README"),
        ("cs-coverage", "../cs-coverage.asc"),
        ("cs-coverage", "/cs-coverage.asc"),
        ("cs-coverage", "..\\cs-coverage.asc"),
        ("cs-coverage", "cs-coverage.asc/"),
        ("cs-coverage", "cs-coverage.asc\0/../evil"),
        ("bin/cs-coverage",),
    ],
)
def test_climbing_doubled_and_strange_names_are_refused(names: tuple[str, ...]) -> None:
    with pytest.raises(ToolError, match="contains other files than cs-coverage's"):
        members(held(*names), "cs-coverage", None)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
@pytest.mark.parametrize("pinned", [ENTRY, None])
def test_links_and_devices_are_refused(kind: int, pinned: Build | None) -> None:
    with pytest.raises(ToolError, match="a link or another non-regular file"):
        members(held("cs-coverage", "cs-coverage.sha256", mode=kind | 0o777), "cs-coverage", pinned)


def test_an_archive_that_swells_is_refused() -> None:
    with pytest.raises(ToolError, match="contains more than"):
        members(held("cs-coverage", size=install.MOST_UNPACKED + 1), "cs-coverage", None)
