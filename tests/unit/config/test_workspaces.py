"""uv's workspaces: members come from their folders, with what they need, and are measured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covlane.config.settings import load, read_pyproject
from covlane.config.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path

ROOT = """
[build-system]
requires = ["hatchling"]
[project]
name = "root-pkg"
version = "0"
dependencies = ["Third.Member"]
[dependency-groups]
dev = ["pytest", "first_member[fast]>=0"]
[tool.uv.workspace]
members = ["packages/*", "more/last"]
exclude = ["packages/out"]
[tool.uv.sources]
first-member = { workspace = true }
elsewhere = { git = "https://example.com/team/elsewhere.git", tag = "v1", subdirectory = "py" }
wheel = { url = "https://example.com/wheel-1-py3-none-any.whl" }
beside = { path = "vendor/beside", editable = true }
plain = [{ path = "vendor/plain" }]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(ROOT)
    for folder, name, needs in (
        ("packages/first", "first-member", ["second-member", "requests"]),
        ("packages/second", "second_member", []),
        ("packages/third", "third-member", []),
        ("packages/out", "out-member", []),
        ("more/last", "last-member", []),
    ):
        package = tmp_path / folder / "src" / name.replace("-", "_")
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("X = 1\n")
        (tmp_path / folder / "tests").mkdir()
        text = f'[project]\nname = "{name}"\nversion = "0"\ndependencies = {needs}\n[dependency-groups]\ntest = ["pytest-mock"]\n'
        (tmp_path / folder / "pyproject.toml").write_text(text)
    (tmp_path / "src" / "root_pkg").mkdir(parents=True)
    (tmp_path / "src" / "root_pkg" / "__init__.py").write_text("Y = 1\n")
    return tmp_path


def workspace(root: Path) -> Workspace:
    return Workspace(root, read_pyproject(root))


def test_members_are_those_of_the_patterns_that_are_not_left_out(root: Path) -> None:
    assert workspace(root).members == {
        "first-member": "packages/first",
        "second-member": "packages/second",
        "third-member": "packages/third",
        "last-member": "more/last",
    }


def test_a_member_comes_from_its_folder_with_those_that_it_and_the_root_need(root: Path) -> None:
    placed = workspace(root).placed(["-e", ".", "pytest", "first_member[fast]>=0"])
    assert placed[:3] == ["-e", ".", "pytest"]
    pairs = dict(zip(placed[4::2], placed[3::2], strict=True))
    assert pairs == dict.fromkeys(["./packages/first[fast]", "./packages/second", "./packages/third"], "-e")


@pytest.mark.parametrize(
    ("argument", "words"),
    [
        ("elsewhere", ["elsewhere @ git+https://example.com/team/elsewhere.git@v1#subdirectory=py"]),
        ("Wheel[x]", ["Wheel[x] @ https://example.com/wheel-1-py3-none-any.whl"]),
        ("beside", ["-e", "./vendor/beside"]),
        ("plain", ["./vendor/plain"]),
        ("requests>=2", ["requests>=2"]),
        ("requirements.txt", ["requirements.txt"]),
    ],
)
def test_other_sources_are_told_as_requirements(root: Path, argument: str, words: list[str]) -> None:
    assert workspace(root).placed([argument])[: len(words)] == words


def detected(root: Path) -> dict[str, Any]:
    settings = load(root, {}).settings
    return {name: getattr(settings, name) for name in ("source", "tests", "install", "groups")}


def test_members_that_the_tests_install_are_measured(root: Path) -> None:
    found = detected(root)
    assert found["source"] == (
        "src/root_pkg",
        "packages/first/src/first_member",
        "packages/second/src/second_member",
        "packages/third/src/third_member",
    )
    assert (found["install"], found["groups"]) == (("-e", "."), ("dev",))


def test_a_root_that_is_no_project_stands_for_all_members(root: Path) -> None:
    lines = ROOT.splitlines()
    start = lines.index("[dependency-groups]")
    (root / "pyproject.toml").write_text("\n".join(lines[start:]))
    found = detected(root)
    assert len(found["source"]) == 4
    assert found["tests"] == tuple(f"{folder}/tests" for folder in workspace(root).members.values())
    assert found["install"][:3] == ("-e", "./packages/first", "pytest-mock")


@pytest.mark.parametrize(
    "members", ['["/etc/*"]', '["../*"]', '["**x"]', '"packages"', "3", '["gone/*"]', "[3]"]
)
def test_odd_members_are_none(tmp_path: Path, members: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv.workspace]\nmembers = {members}\n")
    assert workspace(tmp_path).members == {}


def test_a_member_that_is_no_toml_is_none(root: Path) -> None:
    (root / "packages" / "first" / "pyproject.toml").write_text("[[[")
    assert "first-member" not in workspace(root).members
