"""Which files are measured."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from covlane.collector.instrument.sources import Sources, matcher

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("a.py", "a.py", True),
        ("a.py", "b/a.py", False),
        ("pkg", "pkg/a/b.py", True),
        ("pkg/", "pkg/a.py", True),
        ("pkg", "pkg2/a.py", False),
        ("*.py", "a.py", True),
        ("*.py", "pkg/a.py", False),
        ("**/a.py", "a.py", True),
        ("**/a.py", "x/y/a.py", True),
        ("pkg/**", "pkg/x/y.py", True),
        ("pkg/?.py", "pkg/a.py", True),
        ("pkg/[x]/a.py", "pkg/[x]/a.py", True),
        ("pkg/[x]/a.py", "pkg/x/a.py", False),
        ("{a,b}.py", "a.py", False),
        ("./pkg", "pkg/a.py", True),
        (".//./pkg/*.py", "pkg/a.py", True),
        (".hidden.py", "hidden.py", False),
        ("pkg\\sub\\*.py", "pkg/sub/a.py", True),
        ("*/tests", "pkg/tests/a.py", True),
        ("*/tests", "pkg/sub/tests/a.py", False),
    ],
)
def test_a_glob_matches_repository_names(pattern: str, name: str, *, matches: bool) -> None:
    assert (matcher([pattern]).fullmatch(name) is not None) is matches


def test_no_pattern_matches_nothing() -> None:
    assert matcher([]).fullmatch("") is None


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("pkg/a.py", "pkg/b.txt", "pkg/.hidden/c.py", "pkg/venv/d.py", "other/e.py", "top.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / "pkg" / "venv" / "pyvenv.cfg").touch()
    return tmp_path


def test_real_paths_are_those_of_the_system(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tree / "folder").symlink_to("pkg")
    (tree / "other" / "link.py").symlink_to("../pkg/a.py")
    (tree / "pkg" / "deep").mkdir()
    (tree / "pkg" / "deep" / "f.py").touch()
    (tree / "far").symlink_to("pkg/deep")
    sources = Sources(str(tree), ["."], [])
    for name in (
        "pkg/a.py",
        "folder/a.py",
        "other/link.py",
        "far/../a.py",
        "far/f.py",
        "pkg//a.py",
        "./top.py",
    ):
        expected = os.path.realpath(tree / name) if name != "far/../a.py" else str(tree / "pkg" / "a.py")
        assert sources.real(f"{tree}/{name}") == expected
    monkeypatch.chdir(tree / "far")
    assert sources.real("../a.py") == str(tree / "pkg" / "a.py")
    assert sources.real("f.py") == str(tree / "pkg" / "deep" / "f.py")


def names(sources: Sources) -> list[str]:
    return [name for _, name in sources.walk()]


def test_hidden_folders_and_environments_are_not_walked(tree: Path) -> None:
    assert names(Sources(str(tree), ["pkg"], [])) == ["pkg/a.py"]


def test_a_single_file_is_a_source(tree: Path) -> None:
    assert names(Sources(str(tree), ["top.py", "pkg"], [])) == ["pkg/a.py", "top.py"]


def test_sources_that_overlap_name_a_file_once(tree: Path) -> None:
    assert names(Sources(str(tree), [".", "pkg"], ["other"])) == ["pkg/a.py", "top.py"]


def test_a_relative_name_and_one_through_a_link_are_the_same_file(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tree / "link").symlink_to("pkg")
    monkeypatch.chdir(tree)
    sources = Sources(str(tree), ["pkg"], [])
    assert sources.real("pkg/a.py") == sources.real(str(tree / "link" / "a.py")) == str(tree / "pkg" / "a.py")


@pytest.mark.parametrize("name", ["bin/tool", "pkg/gui.pyw"])
def test_a_file_that_is_named_need_not_look_like_python(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir()
    path.touch()
    (path.parent / "other").touch()
    assert names(Sources(str(tmp_path), [name], [])) == [name]
    below = [name] if name.endswith("pyw") else []
    assert names(Sources(str(tmp_path), [name.partition("/")[0]], [])) == below


def test_a_file_and_a_link_to_it_are_one_source(tree: Path) -> None:
    (tree / "pkg" / "also.py").symlink_to("a.py")
    assert list(Sources(str(tree), ["pkg"], []).walk()) == [(str(tree / "pkg" / "a.py"), "pkg/a.py")]


def test_what_is_no_file_is_no_source(tree: Path) -> None:
    (tree / "pkg" / "dangling.py").symlink_to("nowhere.py")
    (tree / "pkg" / "folder.py").mkdir()
    assert names(Sources(str(tree), ["pkg"], [])) == ["pkg/a.py"]


@pytest.mark.parametrize("source", ["src/ns/pkg", "src/ns", "src", "."])
def test_an_installed_copy_stands_for_its_source(tmp_path: Path, source: str) -> None:
    own = tmp_path / "src" / "ns" / "pkg"
    installed = tmp_path / ".nox" / "leg" / "lib" / "python3.12" / "site-packages" / "ns" / "pkg"
    for folder in (own, installed):
        folder.mkdir(parents=True)
        (folder / "a.py").write_text("X = 1\n")
    (installed / "stale.py").write_text("X = 1\n")
    (own / "stale.py").write_text("X = 2\n")
    (installed / "theirs.py").write_text("X = 1\n")
    sources = Sources(str(tmp_path), [source], [])
    # A source above `src` does not say which of the folders below it are imported from.
    assert sources.real(str(installed / "a.py")) == (None if source == "." else str(own / "a.py"))
    assert sources.real(str(installed / "stale.py")) is None
    assert sources.real(str(installed / "theirs.py")) is None


def test_a_relative_name_is_looked_up_where_the_program_is(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = Sources(str(tree), ["pkg"], [])
    monkeypatch.chdir(tree / "other")
    assert sources.real("a.py") is None
    monkeypatch.chdir(tree / "pkg")
    assert sources.real("a.py") == str(tree / "pkg" / "a.py")


@pytest.mark.parametrize(
    "name",
    [
        "<string>",
        "<frozen importlib._bootstrap>",
        "",
        "a.so",
        "other/e.py",
        "pkg/.hidden/c.py",
        "pkg/venv/d.py",
    ],
)
def test_other_code_is_not_measured(tree: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree)
    assert Sources(str(tree), ["pkg"], []).real(name) is None
