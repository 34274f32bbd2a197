"""The workflows that only this repository has: pinned, with no permission that is not needed, on each system and Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from covlane.scaffold.workflow import ACTIONS

ROOT = Path(__file__).parents[2]
OWN = ("release.yml", "tests.yml")


def text(name: str) -> str:
    return (ROOT / ".github" / "workflows" / name).read_text("utf-8")


def jobs(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text(name))["jobs"]
    return found


@pytest.mark.parametrize("name", OWN)
def test_each_action_is_pinned_and_those_of_the_generated_workflow_alike(name: str) -> None:
    uses = [use.strip() for use in re.findall(r"uses: (?!\./)(.*)", text(name))]
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)
    shared = {action.partition("@")[0]: action for action in ACTIONS.values()}
    assert [use for use in uses if use != shared.get(use.partition("@")[0], use)] == []


def test_nothing_may_be_written_but_a_signature_and_that_by_no_code_of_the_repository() -> None:
    written = re.findall(r"(\S+): write", "".join(map(text, OWN)))
    assert written == ["id-token"]
    publish = jobs("release.yml")["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert not any("run" in step or "checkout" in step["uses"] for step in publish["steps"])
    assert set(publish["needs"]) == {"tests", "build"}
    assert all(re.search(r"(?m)^permissions: \{\}$", text(name)) for name in OWN)


def test_the_tests_run_on_each_system_with_each_python_that_the_package_names() -> None:
    matrix = jobs("tests.yml")["tests"]["strategy"]["matrix"]
    assert {name.partition("-")[0] for name in matrix["system"]} == {"ubuntu", "macos", "windows"}
    named = re.findall(r'Python :: (3\.\d+)"', (ROOT / "pyproject.toml").read_text("utf-8"))
    assert named
    assert set(named) <= set(matrix["python"])


def test_each_session_that_the_workflows_run_is_there() -> None:
    named = {
        *jobs("tests.yml")["checks"]["strategy"]["matrix"]["session"],
        *re.findall(r"nox -s ([a-z]+)", "".join(map(text, OWN))),
    }
    assert named >= {"lint", "typing", "tests", "build"}
    defined = re.findall(r"(?m)^def (\w+)\(session", (ROOT / "noxfile.py").read_text("utf-8"))
    assert named <= set(defined)
