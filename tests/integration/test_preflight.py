"""Preflight in real checkouts: each state that git and CI leave one in ends in an upload or in a sentence."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from covlane.testing.codescene import StandIn
from merged import TOKEN, merge, outbox, ready, upload
from repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def codescene() -> Iterator[StandIn]:
    with StandIn(TOKEN) as standin:
        yield standin


@pytest.fixture
def merged(repository: Repository) -> Repository:
    return ready(repository)


def refused(done: subprocess.CompletedProcess[str], code: int, cause: str, codescene: StandIn) -> None:
    """The upload ended with a sentence and a remedy, and nothing was sent."""
    assert done.returncode == code, done.stderr
    assert cause in done.stderr
    assert "\n  -> " in done.stderr
    assert not codescene.requests


def cloned(origin: Repository, folder: Path, *arguments: str) -> Repository:
    """Clone a repository as CI does, with a report."""
    subprocess.run(["git", "clone", "--quiet", *arguments, origin.root.as_uri(), str(folder)], check=True)
    clone = Repository.__new__(Repository)
    clone.root = folder
    merge(clone)
    return clone


def test_a_shallow_clone_of_the_default_branch_is_sent(
    repository: Repository, codescene: StandIn, tmp_path: Path
) -> None:
    clone = cloned(repository, tmp_path / "clone", "--depth", "1")
    assert upload(clone, codescene).returncode == 0
    assert codescene.uploads[65].fields["repo-url"] == repository.root.as_uri()


def test_the_default_branch_is_the_remote_s(
    repository: Repository, codescene: StandIn, tmp_path: Path
) -> None:
    repository.git("branch", "--move", "trunk")
    clone = cloned(repository, tmp_path / "clone")
    assert upload(clone, codescene).returncode == 0
    clone.git("checkout", "--quiet", "-b", "main")
    done = upload(clone, codescene)
    assert done.stdout == "not sent: CodeScene analyses trunk, and this is main (see codescene.branches)\n"
    assert len(codescene.uploads) == 2


@pytest.mark.parametrize("known", [True, False])
def test_a_detached_head_is_sent_where_the_remote_s_branch_has_it(
    repository: Repository, codescene: StandIn, tmp_path: Path, known: bool
) -> None:
    clone = cloned(repository, tmp_path / "clone")
    clone.git("checkout", "--quiet", "--detach")
    if known:
        assert upload(clone, codescene).returncode == 0
        assert len(codescene.uploads) == 2
        return
    clone.git("update-ref", "-d", "refs/remotes/origin/main")
    clone.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    refused(upload(clone, codescene), 2, "no branch is checked out", codescene)


def test_a_detached_head_is_of_the_branch_that_ci_names(merged: Repository, codescene: StandIn) -> None:
    merged.git("checkout", "--quiet", "--detach")
    head = merged.git("rev-parse", "HEAD")
    assert upload(merged, codescene, GITHUB_REF="refs/heads/main", GITHUB_SHA=head).returncode == 0
    assert len(codescene.uploads) == 2


def test_a_pull_request_s_merge_commit_is_not_sent_and_no_failure(
    merged: Repository, codescene: StandIn
) -> None:
    merged.git("checkout", "--quiet", "--detach")
    head = merged.git("rev-parse", "HEAD")
    done = upload(merged, codescene, GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=head)
    assert done.returncode == 0
    assert "not sent: CodeScene analyses main, and this is refs/pull/7/merge" in done.stdout
    assert not codescene.requests
    assert outbox(merged) == []


def test_the_settings_name_more_branches(merged: Repository, codescene: StandIn) -> None:
    merged.git("checkout", "--quiet", "-b", "release/1.2")
    assert upload(merged, codescene, COVLANE_CODESCENE_BRANCHES="main,release/*").returncode == 0
    assert len(codescene.uploads) == 2


def test_a_report_of_another_commit_is_not_sent(merged: Repository, codescene: StandIn) -> None:
    merged.git("commit", "--quiet", "--allow-empty", "--message", "more")
    refused(upload(merged, codescene), 3, "the report is of commit", codescene)


def test_paths_that_the_commit_does_not_have_are_not_sent(merged: Repository, codescene: StandIn) -> None:
    merge(merged, "build/lib/calc.py: 1+")
    refused(upload(merged, codescene), 3, "1 of 1 files are not in the commit: build/lib/calc.py", codescene)


def test_a_file_that_the_commit_does_not_have_is_named_and_the_others_are_sent(
    merged: Repository, codescene: StandIn
) -> None:
    merge(merged, "calc.py: 1+\n_version.py: 1+")
    done = upload(merged, codescene)
    assert done.returncode == 0
    assert "note: 1 of 2 files are not in the commit: _version.py" in done.stdout


def test_all_that_is_wrong_is_said_at_once(repository: Repository, codescene: StandIn) -> None:
    merge(repository, "elsewhere.py: 1+")
    done = upload(repository, codescene)
    refused(done, 3, "not in the commit", codescene)
    assert "has no remote" in done.stderr


def test_a_folder_without_git_is_one_sentence(repository: Repository, codescene: StandIn) -> None:
    merge(repository)
    (repository.root / ".git").rename(repository.root / "no-git")
    refused(upload(repository, codescene), 2, "there is no commit here", codescene)


@pytest.mark.parametrize(
    ("remotes", "told"),
    [
        (
            {"fork": "https://example.com/fork", "origin": "https://example.com/main"},
            "https://example.com/main",
        ),
        ({"upstream": "https://example.com/only"}, "https://example.com/only"),
    ],
)
def test_the_remote_that_counts_is_told(
    repository: Repository, codescene: StandIn, remotes: dict[str, str], told: str
) -> None:
    merge(repository)
    for name, url in remotes.items():
        repository.git("remote", "add", name, url)
    assert upload(repository, codescene).returncode == 0
    assert codescene.uploads[65].fields["repo-url"] == told


def test_remotes_of_which_none_counts_are_named(repository: Repository, codescene: StandIn) -> None:
    merge(repository)
    for name in ("one", "two"):
        repository.git("remote", "add", name, f"https://example.com/{name}")
    refused(upload(repository, codescene), 2, "none of the remotes one, two is `origin`", codescene)


def test_a_part_of_a_repository_is_told_with_the_repository_s_paths(
    repository: Repository, codescene: StandIn
) -> None:
    for name in ("calc.py", "pyproject.toml", "noxfile.py"):
        (repository.root / "python").mkdir(exist_ok=True)
        (repository.root / name).rename(repository.root / "python" / name)
    repository.commit()
    repository.git("remote", "add", "origin", "https://example.com/team/calc.git")
    part = Repository.__new__(Repository)
    part.root = repository.root / "python"
    merge(part)
    done = upload(part, codescene)
    assert done.returncode == 0, done.stderr
    assert "note" not in done.stdout
    assert b'filename="python/calc.py"' in (codescene.uploads[65].report or b"")
    assert codescene.uploads[65].fields["repo-path"] == str(repository.root.resolve())
