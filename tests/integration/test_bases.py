"""What a change is compared with, in clones as CI services make them: it is found, or said with the command that helps."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from changed import Changed
from covlane.adapters.git import Git
from covlane.config import settings
from covlane.errors import ReportError
from covlane.workspace import bases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def remote(tmp_path: Path) -> Changed:
    """A repository whose branch topic is two commits ahead of main, which has gone on by one."""
    repository = Changed(tmp_path / "remote")
    repository.settings('pythons = ["3.12"]', "gate.patch = 80")
    repository.commit()
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.put(mine="x = 1  # missed\n")
    repository.commit()
    repository.put(more="x = 1\n")
    repository.commit()
    repository.git("checkout", "--quiet", "main")
    repository.put(theirs="x = 1\n")
    repository.commit()
    repository.git("config", "uploadpack.allowAnySHA1InWant", "true")
    return repository


def gitlab(remote: Changed, branch: str, *options: str) -> Changed:
    """Clone as GitLab's runner does: init, a fetch of one branch, and a detached HEAD."""
    clone = _empty(remote)
    refs = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
    clone.git("fetch", "--quiet", "--no-tags", *options, "origin", refs)
    clone.git("checkout", "--quiet", "--detach", f"refs/remotes/origin/{branch}")
    return clone


def checkout(remote: Changed, branch: str, *options: str) -> Changed:
    """Clone as actions/checkout does for a push to a branch: one commit, and a local branch."""
    clone = _empty(remote)
    commit = remote.git("rev-parse", branch)
    clone.git("fetch", "--quiet", "--no-tags", *options, "origin", f"+{commit}:refs/remotes/origin/{branch}")
    clone.git("checkout", "--quiet", "-B", branch, f"refs/remotes/origin/{branch}")
    return clone


def single(remote: Changed, branch: str, *options: str) -> Changed:
    """Clone one branch alone."""
    clone = Changed.__new__(Changed)
    clone.root = remote.root.parent / "clone"
    command = ["git", "clone", "--quiet", "--single-branch", *options, "--branch", branch]
    subprocess.run([*command, f"file://{remote.root}", str(clone.root)], check=True, capture_output=True)
    return clone


def _empty(remote: Changed) -> Changed:
    clone = Changed.__new__(Changed)
    clone.root = remote.root.parent / "clone"
    clone.root.mkdir()
    clone.git("init", "--quiet", "--initial-branch", "unborn")
    clone.git("remote", "add", "origin", f"file://{remote.root}")
    return clone


def found(clone: Changed, **environ: str) -> bases.Base:
    configured = settings.load(clone.root, {})
    return bases.find(configured, Git(clone.root, clone.environment), environ)


def judged(clone: Changed, **environ: str) -> tuple[int, dict[str, Any]]:
    clone.measured()
    done = clone.covlane("gate", "--json", **environ)
    said: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, said


CLONES = [gitlab, checkout, single]


@pytest.mark.parametrize("options", [(), ("--depth=1",)], ids=["whole", "shallow"])
@pytest.mark.parametrize("clone", CLONES)
def test_a_clone_that_does_not_know_the_base_is_told_the_command_that_fetches_it(
    remote: Changed, clone: Callable[..., Changed], options: tuple[str, ...]
) -> None:
    made = clone(remote, "topic", *options)
    code, said = judged(made)
    assert (code, said["outcome"]) == (3, "incomplete")
    assert "no base to compare the changes with" in said["incomplete"][0]
    _run(made, said["incomplete"][0])
    code, said = judged(made)
    assert (code, said["base"], said["base_ref"]) == (4, remote.git("rev-parse", "main~1"), "origin/main")
    assert [file["path"] for file in said["patch"]["files"]] == ["mine.py", "more.py"]


@pytest.mark.parametrize("options", [(), ("--depth=1",)], ids=["whole", "shallow"])
@pytest.mark.parametrize("clone", CLONES)
def test_the_default_branch_that_ci_names_is_fetched_by_the_command(
    remote: Changed, clone: Callable[..., Changed], options: tuple[str, ...]
) -> None:
    made = clone(remote, "topic", *options)
    environ = {"CI": "true", "CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main"}
    with pytest.raises(ReportError, match="origin/main is not in this clone") as caught:
        found(made, **environ)
    _run(made, caught.value.remedy)
    assert found(made, **environ) == (remote.git("rev-parse", "main~1"), "origin/main", False)


def _run(clone: Changed, sentence: str) -> None:
    subprocess.run(sentence.split("`")[1], cwd=clone.root, check=True, capture_output=True, shell=True)


@pytest.mark.parametrize("ref", ["refs/heads/topic", "refs/tags/v1"])
def test_a_push_that_github_tells_of_is_judged_against_the_default_branch(
    remote: Changed, tmp_path: Path, ref: str
) -> None:
    event = tmp_path / "event.json"
    before = remote.git("rev-parse", "topic~1")
    event.write_text(json.dumps({"ref": ref, "before": before, "repository": {"default_branch": "main"}}))
    made = checkout(remote, "topic", "--depth=1")
    environ = {"CI": "true", "GITHUB_EVENT_PATH": str(event), "GITHUB_REF": ref}
    code, said = judged(made, **environ)
    assert (code, "origin/main is not in this clone" in said["incomplete"][0]) == (3, True)
    _run(made, said["incomplete"][0])
    assert judged(made, **environ)[1]["base"] == remote.git("rev-parse", "main~1")


@pytest.mark.parametrize(
    "environ",
    [
        {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "{base}", "CI_DEFAULT_BRANCH": "other"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "{main}", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{base}"},
        {"CI_MERGE_REQUEST_TARGET_BRANCH_SHA": "", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"},
        {"CI_COMMIT_BRANCH": "topic", "CI_DEFAULT_BRANCH": "main", "CI_COMMIT_BEFORE_SHA": "{topic}"},
        {"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main", "BUILD_SOURCEBRANCH": "refs/pull/7/merge"},
        {"BITBUCKET_PR_DESTINATION_COMMIT": "{short}", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
        {"BITBUCKET_PR_DESTINATION_COMMIT": "0123456789ab", "BITBUCKET_PR_DESTINATION_BRANCH": "main"},
        {"CHANGE_TARGET": "main", "BRANCH_NAME": "PR-7"},
        {"GITHUB_BASE_REF": "main", "GITHUB_REF": "refs/pull/7/merge"},
        {"CIRCLE_BRANCH": "topic"},
        {"BRANCH_NAME": "topic"},
    ],
    ids=lambda environ: next(iter(environ)),
)
def test_ci_s_own_word_is_the_base(remote: Changed, environ: dict[str, str]) -> None:
    made = gitlab(remote, "topic")
    made.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    commits = {name: remote.git("rev-parse", name) for name in ("main", "topic")}
    commits |= {"base": remote.git("rev-parse", "main~1"), "short": commits["main"][:12]}
    told = {name: value.format(**commits) for name, value in environ.items()}
    assert found(made, CI="true", **told).commit == commits["base"]


def test_a_base_that_ci_names_and_this_clone_lacks_is_not_passed_over(remote: Changed) -> None:
    made = gitlab(remote, "topic", "--depth=1")
    base = remote.git("rev-parse", "main~1")
    with pytest.raises(ReportError, match="shallow") as caught:
        found(made, CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    _run(made, caught.value.remedy)
    assert found(made, CI_MERGE_REQUEST_DIFF_BASE_SHA=base).commit == base


def test_the_settings_come_before_the_remote_s_head(remote: Changed) -> None:
    remote.git("branch", "develop", "main~1")
    remote.settings('github.default-branch = "develop"')
    made = single(remote, "topic", "--no-single-branch")
    made.settings('github.default-branch = "develop"')
    assert found(made).label == "origin/develop"
    made.settings()
    assert found(made).label == "origin/main"
    made.git("remote", "set-head", "origin", "develop")
    assert found(made).label == "origin/develop"
    made.git("remote", "set-head", "--delete", "origin")
    assert found(made).label == "origin/main"
    made.git("update-ref", "-d", "refs/remotes/origin/main")
    made.git("update-ref", "refs/remotes/origin/master", remote.git("rev-parse", "main"))
    assert found(made).label == "origin/master"


@pytest.mark.parametrize("clone", CLONES)
def test_a_push_to_the_default_branch_is_judged_against_what_was_there(
    remote: Changed, clone: Callable[..., Changed]
) -> None:
    made = clone(remote, "main")
    before = remote.git("rev-parse", "main~1")
    environ = {"CI": "true", "CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    assert found(made, CI_COMMIT_BEFORE_SHA=before, **environ).commit == before
    for told in (environ, {"BRANCH_NAME": "main", "BRANCH_IS_PRIMARY": "true"}, {"CI": "true"}):
        code, said = judged(made, **told)
        assert (code, said["patch"]["note"]) == (0, "nothing changed")


def test_a_base_that_is_head_off_the_default_branch_is_no_pass(remote: Changed) -> None:
    remote.git("branch", "--force", "topic", "main")
    made = checkout(remote, "topic")
    made.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    code, said = judged(made)
    assert (code, said["outcome"]) == (3, "incomplete")
    assert "HEAD is its own merge base with origin/main" in said["incomplete"][0]
    assert made.covlane("patch").returncode == 3
    # Work in progress is a change; CI has none.
    made.put(calc="x = 1\n")
    assert judged(made)[0] == 0
    assert judged(made, CI="true")[0] == 3
    made.git("checkout", "--quiet", "--", ".")
    assert made.covlane("patch", "--base", "HEAD").returncode == 0
    detached = {"CI_COMMIT_BRANCH": "topic"}
    made.git("checkout", "--quiet", "--detach")
    assert judged(made, **detached)[0] == 3


def test_a_branch_that_was_merged_is_no_pass_where_head_is_detached(remote: Changed) -> None:
    remote.git("merge", "--quiet", "--no-edit", "topic")
    made = gitlab(remote, "topic")
    made.git("fetch", "--quiet", "origin", "+refs/heads/*:refs/remotes/origin/*")
    assert judged(made)[0] == 3


def test_a_baseline_is_not_written_where_no_branch_is_known_to_be_the_default_one(remote: Changed) -> None:
    made = gitlab(remote, "topic")
    made.measured()
    done = made.covlane("baseline", "write")
    assert (done.returncode, "which is not known" in done.stderr) == (2, True)
    main = {"CI_COMMIT_BRANCH": "main", "CI_DEFAULT_BRANCH": "main"}
    assert made.covlane("baseline", "write", **main).returncode == 0


def test_a_repository_whose_remote_is_empty_has_its_own_branches(remote: Changed, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "empty.git")], check=True)
    remote.git("remote", "add", "origin", str(tmp_path / "empty.git"))
    assert found(remote) == (remote.git("rev-parse", "main"), "main", False)
    remote.git("checkout", "--quiet", "topic")
    assert found(remote) == (remote.git("rev-parse", "main~1"), "main", False)


def test_the_only_branch_of_a_clone_without_a_remote_is_not_taken_for_the_default_one(
    remote: Changed,
) -> None:
    made = _empty(remote)
    made.git("fetch", "--quiet", "origin", "topic")
    made.git("checkout", "--quiet", "-b", "topic", "FETCH_HEAD")
    made.git("remote", "remove", "origin")
    code, said = judged(made)
    assert (code, "set github.default-branch" in said["incomplete"][0]) == (3, True)
    assert judged(made, COVLANE_GITHUB_DEFAULT_BRANCH="topic")[0] == 0
