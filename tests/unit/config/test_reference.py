"""docs/settings.md is what the code says of its settings."""

from __future__ import annotations

from pathlib import Path

from covlane.config.reference import described, markdown
from covlane.config.settings import keys

DOCUMENT = Path(__file__).parents[3] / "docs" / "settings.md"


def test_each_setting_is_described_once() -> None:
    assert sorted(described()) == sorted(key.name for key in keys())


def test_the_document_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == markdown(), "run `nox -s docs`"
