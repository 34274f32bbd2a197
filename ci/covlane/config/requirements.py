"""What uv, PDM, Hatch, Poetry or tox install for the tests of a project; nothing is run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table
from covlane.config.tools import hatch, poetry, tox
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

_PYTEST = re.compile(r"pytest(?![A-Za-z0-9.])", re.IGNORECASE)
#: A folder as PDM writes it: `-e file:///${PROJECT_ROOT}/sub#egg=name[extra]`, `name @ file:///${PROJECT_ROOT}/sub`.
_FOLDER_OF_PDM = re.compile(
    r"(?P<editable>-e\s+)?(?:[\w.-]+(?P<named>\[[^]]*\])?\s*@\s*)?file:///\$\{PROJECT_ROOT\}/(?P<path>[^#]+)"
    r"(?:#egg=[\w.-]+(?P<extras>\[[^]]*\])?)?"
)


def from_tools(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """Return what the first tool that is configured for it installs for a project's tests; nothing if none is.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        names: what a table of tests may be called, in the order of preference.
    """
    readers: tuple[Callable[[], Requirements], ...] = (
        lambda: _tables(root, document, names),
        lambda: hatch.read(root, document, names),
        lambda: poetry.read(root, document, names),
        lambda: tox.read(root, document),
    )
    found = (reader() for reader in readers)
    return next((each for each in found if any(each[:3])), Requirements())


def _tables(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """What uv and PDM had before dependency groups."""
    pdm = table(document, "tool", "pdm", "dev-dependencies")
    having = (name for name, wanted in pdm.items() if any(map(_PYTEST.match, texts(wanted))))
    for name in (*names, *having):
        if wanted := texts(pdm.get(name)):
            arguments = (argument for one in wanted for argument in _of_pdm(root, one))
            return Requirements(tuple(arguments), where=f"[tool.pdm.dev-dependencies] {name}")
    return Requirements(texts(table(document, "tool", "uv").get("dev-dependencies")), where="[tool.uv]")


def _of_pdm(root: Path, requirement: str) -> tuple[str, ...]:
    """Return a requirement of PDM's as pip takes it; a folder of the repository that is not there is left out."""
    if (found := _FOLDER_OF_PDM.fullmatch(requirement)) is None:
        return (requirement,)
    place = f"./{found['path']}" + (found["extras"] or found["named"] or "")
    return (*(["-e"] if found["editable"] else []), place) if (root / found["path"]).exists() else ()
