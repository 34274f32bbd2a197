"""What shows that a repository wants its reports at CodeScene."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import settings

if TYPE_CHECKING:
    from pathlib import Path

TABLE = "[tool.covlane]\n"


def uploads(root: Path, table: str = "", workflow: str = "") -> tuple[bool | None, str]:
    (root / "pyproject.toml").write_text(TABLE + table)
    folder = root / ".github" / "workflows"
    folder.mkdir(parents=True)
    (folder / "ci.yaml").write_text(workflow)
    configured = settings.load(root, {})
    return configured.settings.codescene.upload, configured.origins["codescene.upload"]


@pytest.mark.parametrize(
    ("table", "workflow"),
    [
        ("", ""),
        ('codescene.secrets = ["PYPI_*"]', ""),
        ("", "env:\n  TOKEN: ${{ secrets.CSV_TOKEN }}"),
        ("", "env:\n  TOKEN: ${{ secrets.MY_CS_TOKEN }}"),
        ("", "env:\n  CS_FLAGS: 1"),
        ("", "# env:\n#   TOKEN: ${{ secrets.CS_ACCESS_TOKEN }}"),
    ],
)
def test_nothing_is_detected_where_nothing_shows_it(tmp_path: Path, table: str, workflow: str) -> None:
    assert uploads(tmp_path, table, workflow) == (None, "default")


@pytest.mark.parametrize("table", ['codescene.project = "42"', '[tool.covlane.codescene]\nvia = "rest"'])
def test_a_setting_of_codescene_shows_it(tmp_path: Path, table: str) -> None:
    assert uploads(tmp_path, table) == (True, "detected: other settings of codescene")


@pytest.mark.parametrize(
    "expression",
    ["secrets.CS_ACCESS_TOKEN", "secrets['CS_ACCESS_TOKEN']", 'x || secrets[ "CS_ACCESS_TOKEN" ]'],
)
def test_the_secret_of_a_workflow_shows_it(tmp_path: Path, expression: str) -> None:
    workflow = f"env:\n  TOKEN: ${{{{ {expression} }}}}\n"
    value, origin = uploads(tmp_path, workflow=workflow)
    assert value is True
    assert origin == "detected: .github/workflows/ci.yaml has the secret CS_ACCESS_TOKEN"


def test_a_setting_decides_whatever_a_workflow_shows(tmp_path: Path) -> None:
    table, workflow = "codescene.upload = false", "${{ secrets.CS_ACCESS_TOKEN }}"
    assert uploads(tmp_path, table, workflow) == (False, "pyproject.toml [tool.covlane]")
