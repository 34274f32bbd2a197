"""What init writes down, since nothing can detect it later."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config.settings import load
from covlane.scaffold.plan import facts

if TYPE_CHECKING:
    from pathlib import Path

GIT = "covlane @ git+https://example.com/covlane@1a2b"


@pytest.mark.parametrize(
    ("settings", "requirement", "expected"),
    [
        ("", GIT, {"covlane-requirement": GIT}),
        ("", "", {}),
        ('covlane-requirement = "covlane==1"', GIT, {}),
    ],
)
def test_the_commit_that_covlane_came_from_is_written_down_unless_one_is_set(
    tmp_path: Path, settings: str, requirement: str, expected: dict[str, str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.covlane]\n{settings}\n")
    assert facts(load(tmp_path, {}), lambda _: None, "main", requirement) == expected
