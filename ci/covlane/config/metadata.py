"""A project's metadata from pyproject.toml, setup.cfg or setup.py; nothing is run."""

from __future__ import annotations

import ast
import configparser
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Metadata:
    """A project's metadata; fields are empty where it is missing.

    `requires` is its specifier of Pythons, `extras` its optional dependencies by name, as they are written, `arguments`
    the names that setup.cfg's `[options]` and setup.py's `setup(...)` are given, whatever their values.
    """

    name: str
    requires: str
    classifiers: tuple[str, ...]
    extras: Mapping[str, object]
    arguments: frozenset[str]

    @classmethod
    def read(cls, root: Path, document: Mapping[str, Any]) -> Metadata:
        """Read the project at `root`; `document` is its pyproject.toml, decoded, which wins."""
        project = table(document, "project")
        config = ini(root / "setup.cfg")
        call = _setup_call(root)
        legacy = {**_literals(call), **_setup_cfg(config)}
        classifiers = project.get("classifiers") or legacy.get("classifiers") or ()
        extras = project.get("optional-dependencies") or legacy.get("extras_require") or {}
        options = config.options("options") if config.has_section("options") else []
        return cls(
            name=str(project.get("name") or legacy.get("name") or ""),
            requires=str(project.get("requires-python") or legacy.get("python_requires") or ""),
            classifiers=tuple(map(str, classifiers)) if isinstance(classifiers, (list, tuple)) else (),
            extras=extras if isinstance(extras, dict) else {},
            arguments=frozenset([*options, *call]),
        )


def table(document: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """Return a table inside a TOML document, empty if missing."""
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def ini(path: Path) -> configparser.ConfigParser:
    """Return an ini file, empty if it cannot be read."""
    try:
        return ini_text(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        return ini_text("")


def ini_text(text: str) -> configparser.ConfigParser:
    """Return the parsed text of an ini file, empty if invalid."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return configparser.ConfigParser(interpolation=None)
    return parser


def toml(path: Path) -> dict[str, Any]:
    """Return a TOML file, empty if it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, tomllib.TOMLDecodeError):
        return {}


def _setup_cfg(config: configparser.ConfigParser) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if config.has_option("metadata", "name"):
        found["name"] = config.get("metadata", "name")
    if config.has_option("metadata", "classifiers"):
        found["classifiers"] = config.get("metadata", "classifiers").split("\n")
    if config.has_option("options", "python_requires"):
        found["python_requires"] = config.get("options", "python_requires")
    if config.has_section("options.extras_require"):
        found["extras_require"] = dict(config.items("options.extras_require"))
    return found


def _setup_call(root: Path) -> dict[str, ast.expr]:
    """Return the keyword arguments of `setup(...)` in setup.py."""
    try:
        tree = ast.parse((root / "setup.py").read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call))
    setups = (call for call in calls if getattr(call.func, "id", getattr(call.func, "attr", "")) == "setup")
    return {str(keyword.arg): keyword.value for call in setups for keyword in call.keywords}


def _literals(arguments: Mapping[str, ast.expr]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in arguments.items():
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, TypeError):
            continue
    return found
