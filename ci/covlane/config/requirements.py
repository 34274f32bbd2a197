"""What uv, PDM, Hatch, Poetry or tox install for the tests of a project; nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table
from covlane.config.tools import hatch, poetry, tox
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path


def from_tools(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """Return what the first tool that is configured for it installs for a project's tests; nothing if none is.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        names: what a table of tests may be called, in the order of preference.
    """
    readers: tuple[Callable[[], Requirements], ...] = (
        lambda: _tables(document, names),
        lambda: hatch.read(root, document, names),
        lambda: poetry.read(document, names),
        lambda: tox.read(root, document),
    )
    found = (reader() for reader in readers)
    return next((each for each in found if any(each[:3])), Requirements())


def _tables(document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """What uv and PDM had before dependency groups."""
    pdm = table(document, "tool", "pdm", "dev-dependencies")
    found = next((wanted for name in names if (wanted := texts(pdm.get(name)))), ())
    if found:
        return Requirements(found, where="[tool.pdm.dev-dependencies]")
    return Requirements(texts(table(document, "tool", "uv").get("dev-dependencies")), where="[tool.uv]")
