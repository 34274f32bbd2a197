"""Where a project stands in its checkout, and what its lane is called there."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlane.config import checkout
from covlane.config.settings import load

if TYPE_CHECKING:
    from pathlib import Path


def git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=dev", "-c", "user.email=dev@example.com", "-c", "protocol.file.allow=always")
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    (tmp_path / "top").mkdir()
    git(tmp_path / "top", "init", "--quiet")
    return tmp_path / "top"


def made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def test_the_top_of_a_checkout_is_in_no_folder(top: Path) -> None:
    assert (checkout.folder(top), checkout.top(top)) == ("", top.resolve())


@pytest.mark.parametrize("name", ["one", "packages/one", "a/b/c/d", "my packages/größe", ".hidden/one"])
def test_a_folder_is_named_from_the_top(top: Path, name: str) -> None:
    assert checkout.folder(made(top / name)) == name
    assert checkout.top(top / name) == top.resolve()


def test_a_folder_outside_of_git_is_a_top_of_its_own(tmp_path: Path) -> None:
    assert checkout.folder(made(tmp_path / "a" / "b")) == ""
    assert checkout.top(tmp_path / "a" / "b") == (tmp_path / "a" / "b").resolve()


def test_a_worktree_and_a_submodule_are_checkouts_of_their_own(top: Path, tmp_path: Path) -> None:
    git(top, "commit", "--allow-empty", "--message", "work")
    git(top, "worktree", "add", "--quiet", str(tmp_path / "tree"))
    assert checkout.folder(made(tmp_path / "tree" / "one")) == "one"
    git(top, "submodule", "add", "--quiet", top.as_uri(), "libs/sub")
    assert checkout.folder(made(top / "libs" / "sub" / "one")) == "one"


def test_a_folder_named_git_that_is_no_repository_is_passed_over(top: Path) -> None:
    made(top / "one" / ".git")
    assert checkout.folder(top / "one") == "one"


def test_a_link_to_a_project_stands_where_it_leads(top: Path, tmp_path: Path) -> None:
    made(top / "one")
    (tmp_path / "link").symlink_to(top / "one")
    assert checkout.folder(tmp_path / "link") == "one"


@pytest.mark.parametrize(
    ("folder", "slug", "title"),
    [
        ("", "", "coverage"),
        ("one", "one", "coverage of one"),
        ("packages/my-service_2", "packages.my-service_2", "coverage of packages/my-service_2"),
        ("comment", "comment", "coverage of comment"),
    ],
)
def test_a_plain_folder_is_its_own_word(folder: str, slug: str, title: str) -> None:
    assert (checkout.slug(folder), checkout.title(folder)) == (slug, title)


NAMES = st.text(st.sampled_from("ab-._/ é#+lock"), min_size=1, max_size=60).map(
    lambda text: "/".join(filter(None, text.split("/"))) or "a"
)


@given(NAMES, NAMES)
def test_every_folder_has_a_word_of_its_own_that_serves_everywhere(one: str, other: str) -> None:
    slug = checkout.slug(one)
    assert (slug == checkout.slug(other)) is (one == other)
    assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", slug)
    # As git-check-ref-format(1) has it.
    assert not slug.endswith((".lock", "."))
    assert ".." not in slug
    assert "--" not in checkout.title(one)
    assert len(checkout.title(one)) <= 60


def test_the_lane_of_a_folder_has_a_comment_of_its_own(top: Path) -> None:
    configured = load(made(top / "one"), {})
    assert configured.settings.github.lane == "coverage of one"
    assert configured.origins["github.lane"] == "detected: the project's folder in the checkout"
    assert load(top, {}).settings.github.lane == "coverage"
    assert load(top / "one", {"COVLANE_GITHUB_LANE": "mine"}).settings.github.lane == "mine"


def test_a_command_that_is_typed_at_the_top_goes_to_the_project(top: Path) -> None:
    assert checkout.change_to(top) == ""
    assert checkout.change_to(made(top / "my project")) == "cd 'my project' && "
