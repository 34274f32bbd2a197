"""Files are read with a bound and written whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from covlane.adapters.files import read_bytes, shared, write_whole
from covlane.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: Writes more than a process may write to one file, as on a full disk.
TOO_MUCH = """
import resource, sys
from pathlib import Path
from covlane.adapters.files import write_whole
from covlane.errors import ReportError

resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    write_whole(Path(sys.argv[1]), ("x" * 1_000 for _ in range(1_000)))
except ReportError as error:
    sys.exit(error.cause)
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file with former content."""
    path = tmp_path / "coverage.xml"
    path.write_text("old", "utf-8")
    return path


@pytest.mark.parametrize("content", [b"new", "new", ["n", "ew"], (part for part in ["ne", "", "w"])])
def test_content_comes_as_bytes_text_or_parts(old: Path, content: bytes | str | list[str]) -> None:
    write_whole(old, content)
    assert old.read_bytes() == b"new"


def test_text_is_written_as_utf_8_with_its_own_line_ends(old: Path) -> None:
    write_whole(old, "\N{SNOWMAN}\r\n")
    assert old.read_bytes() == b"\xe2\x98\x83\r\n"


def test_a_name_that_is_no_utf_8_keeps_its_bytes(old: Path) -> None:
    write_whole(old, os.fsdecode(b"a\xff"))
    assert old.read_bytes() == b"a\xff"


def test_a_folder_that_is_missing_is_made(tmp_path: Path) -> None:
    write_whole(tmp_path / "a" / "b" / "c", "new")
    assert (tmp_path / "a" / "b" / "c").read_bytes() == b"new"


def test_nothing_else_is_left_in_the_folder(old: Path) -> None:
    write_whole(old, "new")
    assert names(old.parent) == [old.name]


def test_a_new_file_can_be_read_by_everybody(tmp_path: Path) -> None:
    write_whole(tmp_path / "new", "")
    assert (tmp_path / "new").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", [0o600, 0o664, 0o755])
def test_a_file_keeps_its_mode(old: Path, mode: int) -> None:
    old.chmod(mode)
    write_whole(old, "new")
    assert old.stat().st_mode & 0o777 == mode


def _breaks_off(error: BaseException) -> Iterator[str]:
    yield "half of the new content"
    raise error


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), UnicodeError("no")])
def test_the_former_file_stands_where_the_content_breaks_off(old: Path, error: BaseException) -> None:
    with pytest.raises(type(error)):
        write_whole(old, _breaks_off(error))
    assert old.read_text("utf-8") == "old"


def test_no_part_is_left_where_the_content_breaks_off(old: Path) -> None:
    with pytest.raises(RuntimeError):
        write_whole(old, _breaks_off(RuntimeError("no")))
    assert names(old.parent) == [old.name]


def test_a_reader_sees_the_former_file_until_the_new_one_is_whole(old: Path) -> None:
    seen: list[str] = []

    def parts() -> Iterator[str]:
        for part in ("new", "er"):
            yield part
            seen.append(old.read_text("utf-8"))

    write_whole(old, parts())
    assert seen == ["old", "old"]


def _fill(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TOO_MUCH, str(path)], check=False, capture_output=True, text=True
    )


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_the_former_file_stands_where_the_disk_is_full(old: Path) -> None:
    done = _fill(old)
    assert (done.returncode, old.read_text("utf-8")) == (1, "old")


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_no_part_is_left_where_the_disk_is_full(old: Path) -> None:
    _fill(old)
    assert names(old.parent) == [old.name]


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX")
def test_a_full_disk_is_said_in_a_sentence(old: Path) -> None:
    assert _fill(old).stderr == f"{old} cannot be written: File too large\n"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_the_former_file_stands_where_the_folder_is_read_only(old: Path) -> None:
    old.parent.chmod(0o555)
    try:
        with pytest.raises(ReportError, match=r"coverage\.xml cannot be written: Permission denied"):
            write_whole(old, "new")
    finally:
        old.parent.chmod(0o755)
    assert old.read_text("utf-8") == "old"


@pytest.mark.parametrize("inside", ["coverage.xml", "deeper/coverage.xml"])
def test_a_folder_that_is_a_file_is_said_in_a_sentence(old: Path, inside: str) -> None:
    with pytest.raises(ReportError, match=r"coverage\.xml cannot be written: ") as caught:
        write_whole(old / inside, "new")
    assert caught.value.exit_code == 3


def test_a_folder_in_the_file_s_place_stands(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(ReportError, match="taken cannot be written: Is a directory"):
        write_whole(tmp_path / "taken", "new")
    assert names(tmp_path) == ["taken"]


def test_a_file_is_read_whole(old: Path) -> None:
    assert read_bytes(old) == b"old"


def test_a_file_of_the_bound_s_size_is_read(old: Path) -> None:
    assert read_bytes(old, most=3) == b"old"


def test_a_file_beyond_the_bound_is_not_read(old: Path) -> None:
    with pytest.raises(ReportError, match="has 3 bytes, more than the 2 that are read"):
        read_bytes(old, most=2)


def test_a_huge_file_is_refused_by_its_size(tmp_path: Path) -> None:
    sparse = tmp_path / "sparse"
    with sparse.open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ReportError, match="1,000,000,000,000 bytes"):
        read_bytes(sparse)


def test_a_missing_file_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="none does not exist") as caught:
        read_bytes(tmp_path / "none", remedy="run `nox -s lane-coverage` first")
    assert (caught.value.exit_code, caught.value.remedy) == (3, "run `nox -s lane-coverage` first")
    with pytest.raises(ReportError, match="that what writes it ran"):
        read_bytes(tmp_path / "none")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is not a file"):
        read_bytes(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ReportError, match="is not a file"):
        read_bytes(tmp_path / "pipe")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_said_in_a_sentence(old: Path) -> None:
    old.chmod(0)
    with pytest.raises(ReportError, match="cannot be read: Permission denied"):
        read_bytes(old)


@pytest.mark.parametrize(
    ("mode", "is_shared"), [(0o700, False), (0o755, False), (0o775, True), (0o702, True)]
)
def test_a_folder_that_others_can_write_into_is_shared(tmp_path: Path, mode: int, *, is_shared: bool) -> None:
    tmp_path.chmod(mode)
    assert shared(tmp_path) is is_shared
    assert not shared(tmp_path / "gone")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root gives a folder away")
def test_a_folder_of_another_user_is_shared(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    os.chown(tmp_path, 12_345, -1)
    assert shared(tmp_path)
    os.chown(tmp_path, 0, -1)
