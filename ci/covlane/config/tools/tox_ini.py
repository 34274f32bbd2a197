"""tox.ini: which environment runs pytest, and the lines of a value that count for it."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

from covlane.config.tools import tox_names

if TYPE_CHECKING:
    import configparser
    from collections.abc import Iterator

#: More environments than anybody lists: braces multiply.
MOST_NAMES = 1000
#: References that lead to references.
DEEPEST = 10
#: A line that counts for environments whose names have these factors: `unit,!py39: pytest`.
_CONDITIONAL = re.compile(r"([\w.{},!-]+):\s+(.*)")
_NAMES = re.compile(r"(?:[^,{}\s]|\{[^}]*\})+")
_BRACES = re.compile(r"\{([^}]*)\}")
_REFERENCE = re.compile(r"\{\[([^\]{}]*)\]([\w-]+)\}")


def environment(config: configparser.ConfigParser, section: str) -> tuple[str, str]:
    """Return an environment that runs pytest, "" if none does, and the section that has its values.

    Those of `env_list` come first, then those with a section of their own.

    Args:
        config: the file.
        section: that of tox's own settings.
    """
    listed = "\n".join(config.get(section, key, fallback="") or "" for key in ("envlist", "env_list"))
    texts = [listed, *(each[8:] for each in config.sections() if each.startswith("testenv:"))]
    expanded = (name for text in texts for each in _NAMES.findall(text) for name in _expanded(each))
    names = dict.fromkeys(itertools.islice(expanded, MOST_NAMES))
    found = tox_names.chosen(
        name for name in names if any("pytest" in line for line in lines(config, "commands", name))
    )
    return found, _sections(config, found)[0]


def _sections(config: configparser.ConfigParser, name: str) -> list[str]:
    """Return the sections in which the values of an environment are looked for, in order."""
    headings = [each for each in config.sections() if each.startswith("testenv:")]
    return [*(each for each in headings if _named(each.removeprefix("testenv:"), name)), "testenv"]


def _named(heading: str, name: str) -> bool:
    """Say whether a section's heading, which may have braces, is for an environment."""
    parts = [_BRACES.split(each) for each in _NAMES.findall(heading)]
    patterns = (
        "".join(
            f"(?:{'|'.join(re.escape(choice.strip()) for choice in part.split(','))})"
            for part in (each if at % 2 else re.sub(",", "", each) for at, each in enumerate(split))
        )
        for split in parts
    )
    return any(re.fullmatch(pattern, name) for pattern in patterns)


def lines(config: configparser.ConfigParser, key: str, name: str) -> list[str]:
    """Return the lines of a value that count for an environment, references to other sections resolved."""
    value = next(
        (config.get(each, key) for each in _sections(config, name) if config.has_option(each, key)), ""
    )
    return list(_lines(config, value, name, 0))


def _lines(config: configparser.ConfigParser, value: str, name: str, depth: int) -> Iterator[str]:
    factors = set(name.split("-"))
    for raw in value.splitlines():
        line = re.sub(r"(^|\s)#.*", "", raw).strip()
        found = _CONDITIONAL.fullmatch(line)
        if found and not any(_holds(each, factors) for each in _alternatives(found[1])):
            continue
        line = found[2] if found else line
        reference = _REFERENCE.search(line)
        if reference and depth < DEEPEST:
            other = config.get(reference[1], reference[2], fallback="")
            yield from _lines(config, line.replace(reference[0], other), name, depth + 1)
        elif line and not reference:
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
