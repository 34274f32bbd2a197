"""Golden files: what other programs and people read, compared whole."""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "golden"


def golden(name: str) -> str:
    """Return a golden file's text, its line ends as they are."""
    return (FOLDER / name).read_bytes().decode("utf-8")
