"""What git says of real repositories."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from covlane.adapters.git import Git

if TYPE_CHECKING:
    from pathlib import Path

#: A git that knows nothing of the person who runs the tests.
ENVIRON = {
    "PATH": os.environ.get("PATH", ""),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
}


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env=ENVIRON, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A repository without a commit."""
    git(tmp_path, "init", "--quiet", "--initial-branch=trunk")
    return tmp_path


@pytest.fixture
def committed(empty: Path) -> Path:
    """A repository with one file in one commit."""
    (empty / "a.py").write_text("a = 1\n", "utf-8")
    git(empty, "add", "a.py")
    git(empty, "commit", "--quiet", "--message=one")
    return empty


def asked(folder: Path, **more: str) -> Git:
    return Git(folder, {**ENVIRON, **more})


def test_without_a_repository_there_is_no_commit(tmp_path: Path) -> None:
    assert asked(tmp_path).commit() is None


def test_without_a_repository_there_is_no_branch(tmp_path: Path) -> None:
    assert asked(tmp_path).branch() is None


def test_without_a_repository_nothing_is_dirty(tmp_path: Path) -> None:
    assert not asked(tmp_path).dirty()


def test_without_a_repository_there_is_no_remote(tmp_path: Path) -> None:
    assert asked(tmp_path).remote_url() is None


def test_without_git_there_is_no_answer(committed: Path) -> None:
    assert Git(committed, {"PATH": os.devnull}).commit() is None


def test_in_a_folder_that_is_gone_there_is_no_answer(tmp_path: Path) -> None:
    assert asked(tmp_path / "gone").commit() is None


def test_before_the_first_commit_there_is_none(empty: Path) -> None:
    assert asked(empty).commit() is None


def test_before_the_first_commit_there_is_a_branch(empty: Path) -> None:
    assert asked(empty).branch() == "trunk"


def test_a_commit_is_40_hex_digits_of_head(committed: Path) -> None:
    commit = asked(committed).commit()
    assert commit == git(committed, "log", "--format=%H")
    assert commit is not None
    assert len(commit) == 40


def test_a_folder_inside_belongs_to_its_repository(committed: Path) -> None:
    (committed / "inner").mkdir()
    assert asked(committed / "inner").commit() == asked(committed).commit()


def test_a_fresh_checkout_is_not_dirty(committed: Path) -> None:
    assert not asked(committed).dirty()


def test_a_changed_file_is_dirty(committed: Path) -> None:
    (committed / "a.py").write_text("a = 2\n", "utf-8")
    assert asked(committed).dirty()


def test_a_staged_file_is_dirty(committed: Path) -> None:
    (committed / "b.py").write_text("", "utf-8")
    git(committed, "add", "b.py")
    assert asked(committed).dirty()


def test_a_deleted_file_is_dirty(committed: Path) -> None:
    (committed / "a.py").unlink()
    assert asked(committed).dirty()


def test_a_file_that_git_does_not_know_is_not_dirty(committed: Path) -> None:
    (committed / "reports.xml").write_text("", "utf-8")
    assert not asked(committed).dirty()


def test_a_branch_is_named(committed: Path) -> None:
    git(committed, "switch", "--quiet", "--create", "feature/x")
    assert asked(committed).branch() == "feature/x"


def test_a_detached_head_has_no_branch(committed: Path) -> None:
    git(committed, "checkout", "--quiet", "--detach")
    assert asked(committed).branch() is None


def test_a_detached_head_has_a_commit(committed: Path) -> None:
    git(committed, "checkout", "--quiet", "--detach")
    assert asked(committed).commit() == git(committed, "rev-parse", "trunk")


def test_a_remote_s_url_is_as_configured(committed: Path) -> None:
    git(committed, "remote", "add", "origin", "https://forge.example/a/b.git")
    assert asked(committed).remote_url() == "https://forge.example/a/b.git"


def test_a_remote_s_url_is_not_the_rewritten_one(committed: Path) -> None:
    git(committed, "remote", "add", "origin", "https://forge.example/a/b.git")
    git(committed, "config", "url.git@forge.example:.insteadOf", "https://forge.example/")
    git(committed, "config", "url.http://127.0.0.1:3128/mirror/.insteadOf", "https://forge.example/a/")
    assert asked(committed).remote_url() == "https://forge.example/a/b.git"


def test_a_remote_of_another_name_is_not_there(committed: Path) -> None:
    git(committed, "remote", "add", "upstream", "https://forge.example/a/b.git")
    assert asked(committed).remote_url() is None


def test_a_repository_that_a_git_hook_names_is_not_the_one_asked_about(
    committed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert asked(elsewhere, GIT_DIR=str(committed / ".git")).commit() is None


def test_a_commit_that_git_cannot_find_is_none(committed: Path) -> None:
    assert asked(committed).ask("rev-parse", "--verify", "no-such-branch") is None
