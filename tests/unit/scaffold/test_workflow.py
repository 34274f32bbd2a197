"""The workflow: the golden text, and who may be replaced."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from covlane.scaffold.workflow import MARKER, install_command, render, workflow
from covlane.settings import GitHub, Settings

GOLDEN = Path(__file__).parents[2] / "golden" / "coverage.yml"
TEXT = render(Settings(), install_command("demo"))


def test_the_workflow_is_the_golden_one() -> None:
    assert GOLDEN.read_text("utf-8") == TEXT


def test_settings_reach_the_workflow_quoted() -> None:
    github = GitHub(runner="my: runner", default_branch='tr"unk')
    text = render(Settings(reports="out/cov", github=github), "pip install x")
    assert 'branches: ["tr\\"unk"]' in text
    assert text.count('runs-on: "my: runner"') == 2
    assert text.count("- run: pip install x\n") == 3
    assert "reports/" not in text
    assert 'path: "out/cov/legs/*.json"' in text


def test_every_action_is_pinned_and_no_expression_reaches_a_shell() -> None:
    uses = re.findall(r"uses: (.*)", TEXT)
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)
    runs = re.findall(r"run: (.*)", TEXT)
    assert runs
    assert not [run for run in runs if "${{" in run or "|" in run]


def test_the_token_is_in_one_step_alone() -> None:
    assert TEXT.count("secrets.") == 1
    before, _, _ = TEXT.partition("secrets.")
    step = before.rpartition("      - ")[2]
    assert step.startswith("run: covlane upload\n        if: github.event_name == 'push'")


def test_covlane_installs_its_own_checkout() -> None:
    assert install_command("covlane") == "python -m pip install -e ."
    assert install_command("") == "python -m pip install covlane"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("old", [TEXT, TEXT.replace("\n", "\r\n")])
def test_the_same_workflow_is_left(old: str, force: bool) -> None:
    part = workflow(old.encode(), Settings(), install=install_command("demo"), force=force)
    assert part == (None, "")


@pytest.mark.parametrize(
    ("old", "word"),
    [
        (f"{MARKER}, once\n", "differs from what init writes now"),
        ("name: mine\n", "was not written by covlane init"),
    ],
)
def test_another_workflow_is_left_with_a_word_unless_forced(old: str, word: str) -> None:
    install = install_command("demo")
    left = workflow(old.encode(), Settings(), install=install, force=False)
    assert left.new is None
    assert word in left.why
    assert workflow(old.encode(), Settings(), install=install, force=True).new == TEXT.encode()


def test_artifacts_of_a_hidden_folder_are_asked_for() -> None:
    hidden, plain = (
        render(Settings(reports=reports), "pip install x") for reports in (".reports", "reports")
    )
    assert hidden.count("include-hidden-files: true") == hidden.count("actions/upload-artifact@") == 2
    assert "include-hidden-files" not in plain
