"""A tag is released where version, CHANGELOG and README say so; and until then README says that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

import covlane
from release.tag import UNRELEASED, problems

CHANGELOG = "# Changelog\n\n## 1.2.0 (2026-12-01)\n\n- New.\n\n## 1.1.0 (2026-11-01)\n\n- Old.\n"


@pytest.mark.parametrize("tag", ["v1.2.0", "v1.1.0"])
def test_a_release_has_no_problem(tag: str) -> None:
    assert problems(tag, tag[1:], CHANGELOG, "") == []


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "readme", "part"),
    [
        ("v1.3.0", "1.2.0", CHANGELOG, "", "the tag v1.3.0 is not v1.2.0"),
        ("1.2.0", "1.2.0", CHANGELOG, "", "the tag 1.2.0 is not v1.2.0"),
        ("v1.2.0.dev0", "1.2.0.dev0", CHANGELOG.replace("1.2.0", "1.2.0.dev0"), "", "a development version"),
        ("v1.2.0", "1.2.0", CHANGELOG.replace("2026-12-01", "unreleased"), "", "no section `## 1.2.0 ("),
        ("v1.2.0", "1.2.0", CHANGELOG.replace("- New.", ""), "", "no section `## 1.2.0 ("),
        ("v1.2.0", "1.2.0", CHANGELOG, f"It is {UNRELEASED}.", "remove that paragraph"),
    ],
)
def test_what_is_not_ready_is_named(tag: str, version: str, changelog: str, readme: str, part: str) -> None:
    (found,) = problems(tag, version, changelog, readme)
    assert part in found


def test_readme_says_whether_there_is_a_release() -> None:
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    assert (UNRELEASED in readme) == (".dev" in covlane.__version__)
