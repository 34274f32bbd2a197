"""pyproject.toml gets an empty table, .gitignore the folders that it does not ignore yet."""

from __future__ import annotations

import pytest

from covlane.errors import UsageError
from covlane.scaffold.settings_files import TABLE, gitignore, pyproject

FOLDERS = ("reports", ".nox")
BOTH = b"/reports/\n/.nox/\n"


@pytest.mark.parametrize(
    "old",
    [
        b'[project]\nname = "a"   # odd  spacing\n\n\n[tool.ruff]\nline-length=100\n',
        b'[[tool.x.y]]\na = {b = 1}\n[build-system]\nrequires = [\n  "hatchling", # why\n]\n[tool.z]\n',
        b'tool.ruff.line-length = 100\n[project]\nname = "\xc3\xa9"\n',
    ],
)
def test_the_table_follows_what_stands(old: bytes) -> None:
    assert pyproject(old).new == old + TABLE.encode()
    crlf = old.replace(b"\n", b"\r\n")
    assert pyproject(crlf).new == crlf + TABLE.encode().replace(b"\n", b"\r\n")


@pytest.mark.parametrize("old", [b"[tool.covlane]\n", b"[tool]\ncovlane = {}\n", b"[tool.covlane.github]\n"])
def test_a_table_that_stands_is_left(old: bytes) -> None:
    assert pyproject(old) == (None, "")


FACTS = {"github.default-branch": "trunk", "prefix": "lane-"}
LINES = b'github.default-branch = "trunk"\nprefix = "lane-"\n'


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, TABLE.encode() + LINES),
        (b"[tool.x]\n", b"[tool.x]\n" + TABLE.encode() + LINES),
        (b"[tool.covlane] # ours\nshards = 2\n", b"[tool.covlane] # ours\n" + LINES + b"shards = 2\n"),
        (b"x = 1\r\n[ tool.covlane ]", b"x = 1\r\n[ tool.covlane ]\r\n" + LINES.replace(b"\n", b"\r\n")),
    ],
)
def test_facts_are_written_into_the_table(old: bytes | None, new: bytes) -> None:
    assert pyproject(old, FACTS).new == (new if old else new.lstrip(b"\n"))


@pytest.mark.parametrize(
    "old",
    [
        b"tool.covlane = {}\n",
        b"[tool]\ncovlane = {shards = 2}\n",
        b"[tool.covlane.github]\ntimeout = 9\n",
        b'[tool.covlane]\nx = """\n[tool.covlane]\n"""\ngithub = {lane = "fast"}\n',
    ],
)
def test_facts_that_the_table_cannot_take_are_asked_for(old: bytes) -> None:
    with pytest.raises(UsageError, match=r'lacks github\.default-branch = "trunk", prefix = "lane-"'):
        pyproject(old, FACTS)


def test_no_file_is_created_where_nothing_is_to_be_said() -> None:
    part = pyproject(None)
    assert part.new is None
    assert "how pip builds" in part.why


@pytest.mark.parametrize("old", [b"tool = {ruff = {}}\n", b"tool = 3\n"])
def test_a_file_that_can_take_no_table_is_refused(old: bytes) -> None:
    with pytest.raises(UsageError, match=r"cannot take \[tool\.covlane\]"):
        pyproject(old)


@pytest.mark.parametrize("old", [b"[project\n", b"x = '\xff'\n"])
def test_a_broken_file_is_refused(old: bytes) -> None:
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read"):
        pyproject(old)


@pytest.mark.parametrize(
    "line", ["reports", "reports/", "/reports", "/reports/", "/reports/*", "**/reports/**"]
)
@pytest.mark.parametrize("newline", ["\n", "\r\n", ""])
def test_a_folder_that_is_ignored_is_not_ignored_twice(line: str, newline: str) -> None:
    assert gitignore(f".nox/\n{line}{newline}".encode(), FOLDERS) == (None, "")


@pytest.mark.parametrize(
    "line", ["# reports/", "reports/*.xml", "docs/reports", "my-reports", "reports/\n!reports/", "re*"]
)
def test_other_lines_do_not_count(line: str) -> None:
    old = f"{line}\n".encode()
    assert gitignore(old, FOLDERS).new == old + BOTH


@pytest.mark.parametrize(
    ("line", "folder"),
    [("build/", "build/reports"), ("build/*", "build/reports"), ("reports", "build/reports")],
)
def test_a_folder_below_an_ignored_one_is_ignored(line: str, folder: str) -> None:
    assert gitignore(line.encode(), (folder,)) == (None, "")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (None, BOTH),
        (b"", BOTH),
        (b"*.pyc", b"*.pyc\n/reports/\n/.nox/"),
        (b"*.pyc\r\n\xff\r\n", b"*.pyc\r\n\xff\r\n/reports/\r\n/.nox/\r\n"),
        (b".nox\n", b".nox\n/reports/\n"),
    ],
)
def test_missing_folders_are_appended(old: bytes | None, new: bytes) -> None:
    assert gitignore(old, FOLDERS).new == new


def test_a_pattern_of_the_root_does_not_ignore_a_folder_below() -> None:
    assert gitignore(b"/reports\n", ("build/reports",)).new == b"/reports\n/build/reports/\n"


def test_reports_at_the_root_ignore_nothing() -> None:
    assert gitignore(None, (".",)) == (None, "")
