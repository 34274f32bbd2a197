"""pytest's own options of a repository, from the file in which pytest finds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covlane.config.metadata import ini, table, toml

if TYPE_CHECKING:
    import configparser
    from collections.abc import Mapping
    from pathlib import Path


def options(root: Path, document: Mapping[str, Any]) -> Mapping[str, object] | None:
    """Return the options by name in lower case; None where pytest has no configuration.

    It is the first file with a section of pytest's (docs.pytest.org, "Configuration file formats").

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
    """
    for name in ("pytest.toml", ".pytest.toml"):
        if (root / name).is_file():
            return _lower(table(toml(root / name), "pytest"))
    for name in ("pytest.ini", ".pytest.ini"):
        if (root / name).is_file():
            return _section(ini(root / name), "pytest") or {}
    own = table(document, "tool", "pytest")
    if own:
        return _lower(table(own, "ini_options") or own)
    tox, setup = _section(ini(root / "tox.ini"), "pytest"), _section(ini(root / "setup.cfg"), "tool:pytest")
    return setup if tox is None else tox


def _lower(values: Mapping[str, object]) -> dict[str, object]:
    return {key.lower(): value for key, value in values.items()}


def _section(config: configparser.ConfigParser, name: str) -> dict[str, object] | None:
    return dict(config.items(name)) if config.has_section(name) else None
