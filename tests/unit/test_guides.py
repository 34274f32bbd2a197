"""The guides name files that are there, and link to pages and headings that are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def anchors(path: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"(?m)^#+ (.*)", path.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.name)
def test_each_link_leads_somewhere(guide: Path) -> None:
    wrong = []
    for target in re.findall(
        r"\]\((?!https?://)([^)\s]+)\)|src(?:set)?=\"(?!https?://)([^\"]+)\"", guide.read_text("utf-8")
    ):
        name, _, anchor = "".join(target).partition("#")
        path = guide.parent / name if name else guide
        if not path.exists() or (anchor and anchor not in anchors(path)):
            wrong.append("".join(target))
    assert wrong == []


def test_each_proof_of_a_system_is_there() -> None:
    named = re.findall(r"`(tests/[\w./]+|[\w/]+\.py)`", (ROOT / "docs" / "systems.md").read_text("utf-8"))
    collector, package = ROOT / "ci" / "covlane" / "collector", ROOT / "ci" / "covlane"
    assert len(named) > 20
    assert [
        name for name in named if not any((base / name).exists() for base in (ROOT, collector, package))
    ] == []
