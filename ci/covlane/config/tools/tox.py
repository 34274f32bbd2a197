"""tox's environments, from tox.ini, tox.toml and pyproject.toml."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import ini, ini_text, table, toml
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    import configparser
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

#: More environments than anybody lists: braces multiply.
MOST_NAMES = 1000
#: A line that counts for environments whose names have these factors: `unit,!py39: pytest`.
_CONDITIONAL = re.compile(r"([\w.{},!-]+):\s+(.*)")
_NAMES = re.compile(r"(?:[^,{}\s]|\{[^}]*\})+")
_BRACES = re.compile(r"\{([^}]*)\}")
_HERE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")


def read(root: Path, document: Mapping[str, Any]) -> Requirements:
    """The environment of tox's that runs pytest, or what all have in common."""
    native = table(document, "tool", "tox")
    legacy = native.get("legacy_tox_ini")
    for name, config in (
        ("tox.ini", ini(root / "tox.ini")),
        ("tox in pyproject.toml", ini_text(legacy if isinstance(legacy, str) else "")),
    ):
        if config.has_section("testenv"):
            return _tox_ini(root, config)._replace(where=f"{name}'s [testenv]")
    for name, tables in (("tox in pyproject.toml", native), ("tox.toml", toml(root / "tox.toml"))):
        if base := table(tables, "env_run_base"):
            return Requirements(
                tuple(_arguments(root, texts(base.get("deps")))),
                texts(base.get("extras")),
                texts(base.get("dependency_groups")),
                f"{name}'s env_run_base",
            )
    return Requirements()


def _tox_ini(root: Path, config: configparser.ConfigParser) -> Requirements:
    def lines(key: str, name: str) -> list[str]:
        return list(_lines(config.get("testenv", key, fallback=""), name))

    listed = config.get("tox", "envlist", fallback="") or config.get("tox", "env_list", fallback="")
    names = [name for each in _NAMES.findall(listed) for name in _expanded(each)]
    names = [name for name in names if not config.has_section(f"testenv:{name}")]
    testing = (name for name in names if any("pytest" in line for line in lines("commands", name)))
    name = next(testing, "")
    return Requirements(
        tuple(_arguments(root, lines("deps", name))),
        tuple(word for line in lines("extras", name) for word in _NAMES.findall(line)),
        tuple(word for line in lines("dependency_groups", name) for word in _NAMES.findall(line)),
    )


def _lines(value: str, name: str) -> Iterator[str]:
    """Yield the lines of a value that count for an environment."""
    factors = set(name.split("-"))
    for raw in value.splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        found = _CONDITIONAL.fullmatch(line)
        if found and not any(_holds(each, factors) for each in _alternatives(found[1])):
            continue
        if line := found[2] if found else line:
            yield line


def _alternatives(condition: str) -> list[str]:
    return [one for each in _NAMES.findall(condition) for one in _expanded(each)]


def _holds(condition: str, factors: set[str]) -> bool:
    return all((part.lstrip("!") in factors) != part.startswith("!") for part in condition.split("-"))


def _expanded(name: str) -> list[str]:
    """Return the names that one with braces stands for: `py{39,310}-a` is two."""
    parts = _BRACES.split(name)
    choices = [part.split(",") if at % 2 else [part] for at, part in enumerate(parts)]
    made = itertools.islice(itertools.product(*choices), MOST_NAMES)
    return ["".join(choice).replace(" ", "") for choice in made]


def _arguments(root: Path, lines: Sequence[str]) -> Iterator[str]:
    """Yield what pip would be given for each line; a file that is not there, and what only tox knows, are left out."""
    for line in lines:
        words = _HERE.sub("", line)
        if "{" in words:
            continue
        option = re.match(r"(-r|-c|--requirement|--constraint)[\s=]*(.+)", words)
        if option and (root / option[2]).is_file():
            yield from (option[1], option[2])
        elif not words.startswith("-"):
            yield words
