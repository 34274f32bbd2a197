"""This repository's workflow is what `covlane init` writes for it."""

from __future__ import annotations

from pathlib import Path

from covlane.scaffold.plan import plan
from covlane.scaffold.workflow import PATH, install_command, render
from covlane.scaffold.worktree import reader
from covlane.settings import load

ROOT = Path(__file__).parents[2]


def test_the_workflow_is_what_init_writes_here() -> None:
    expected = render(load(ROOT, {}).settings, install_command("covlane"))
    assert (ROOT / PATH).read_text("utf-8") == expected


def test_init_would_leave_the_workflow_here() -> None:
    outcome = plan(load(ROOT, {}), reader(ROOT), force=True)
    assert PATH not in [change.path for change in outcome.changes]
