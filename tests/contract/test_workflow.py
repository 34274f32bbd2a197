"""This repository's workflows are what `covlane init` writes for it, and the reusable one is of the same text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane import __version__
from covlane.config.settings import Settings, load
from covlane.scaffold.plan import outdated, plan
from covlane.scaffold.workflow import COMMENT, PATH, install_command, reusable, workflows
from covlane.scaffold.worktree import reader

if TYPE_CHECKING:
    from repository import Repository

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("path", [PATH, COMMENT])
def test_the_workflow_is_what_init_writes_here(path: str) -> None:
    text, _ = workflows(load(ROOT, {}).settings, install_command("covlane"))[path]
    assert (ROOT / path).read_text("utf-8") == text


def test_init_would_leave_the_workflows_here() -> None:
    assert outdated(load(ROOT, {}), reader(ROOT)) == ()
    outcome = plan(load(ROOT, {}), reader(ROOT), force=True)
    assert {PATH, COMMENT}.isdisjoint(change.path for change in outcome.changes)


def test_the_reusable_workflow_is_the_same_with_inputs() -> None:
    assert (ROOT / ".github/workflows/reusable.yml").read_text("utf-8") == reusable(Settings())


def test_a_workflow_that_is_out_of_date_is_named_with_the_difference(
    repository: Repository,
) -> None:
    repository.covlane("init")
    assert repository.covlane("init", "--check").returncode == 0
    repository.settings('pythons = ["3.12"]', "shards = 2")
    done = repository.covlane("init", "--check")
    assert done.returncode == 2
    assert f"out of date with [tool.covlane]: {PATH}\n" in done.stderr
    assert "+          name: durations\n" in done.stdout
    session = repository.nox("-s", "workflow")
    assert session.returncode == 1
    assert repository.covlane("init", "--force").returncode == 0
    assert repository.nox("-s", "workflow").returncode == 0


def test_requirements_without_this_version_s_hashes_are_told_by_init(repository: Repository) -> None:
    repository.settings('github.requirements = "ci/covlane.txt"')
    for option in ((), ("--check",)):
        done = repository.covlane("init", *option)
        assert done.returncode == 2
        assert "github.requirements: ci/covlane.txt is missing" in done.stderr
    pinned = repository.root / "ci" / "covlane.txt"
    pinned.parent.mkdir()
    pinned.write_text(f"covlane=={__version__} --hash=sha256:{'a' * 64}\n")
    assert repository.covlane("init").returncode == 0
    text = (repository.root / PATH).read_text("utf-8")
    assert text.count("--require-hashes --only-binary :all: -r ci/covlane.txt") == 1


def test_a_workflow_that_is_missing_is_told(repository: Repository) -> None:
    done = repository.covlane("init", "--check")
    assert done.returncode == 2
    assert f"{PATH}, {COMMENT}" in done.stderr


def test_the_workflow_uploads_to_codescene_where_that_is_asked_for(repository: Repository) -> None:
    assert repository.covlane("init").returncode == 0
    workflow = repository.root / PATH
    assert "CS_" not in workflow.read_text("utf-8")
    workflow.unlink()
    done = repository.covlane("init", "--codescene")
    assert done.returncode == 0
    assert "codescene.upload = true\n" in (repository.root / "pyproject.toml").read_text("utf-8")
    assert "secrets.CS_ACCESS_TOKEN" in workflow.read_text("utf-8")
    assert repository.covlane("init", "--check").returncode == 0
    assert "nothing to do" in repository.covlane("init", "--codescene").stderr


def test_an_upload_that_the_settings_refuse_cannot_be_asked_for(repository: Repository) -> None:
    repository.settings("codescene.upload = false")
    done = repository.covlane("init", "--codescene")
    assert done.returncode == 2
    assert "codescene.upload is false" in done.stderr
    assert not (repository.root / PATH).exists()
