"""Which files are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.collector.sources import Sources, matcher

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


def names(sources: Sources) -> list[str | None]:
    return [sources.name(path) for path in sources.walk()]


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
