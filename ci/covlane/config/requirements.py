"""What uv, PDM, Hatch, Poetry or tox install for the tests of a project.

It is read from pyproject.toml, tox.ini and tox.toml; nothing is run.
"""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from covlane.config.metadata import ini, ini_text, table, toml

if TYPE_CHECKING:
    import configparser
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

#: More environments than anybody lists: braces multiply.
MOST_NAMES = 1000
#: A line of tox's that counts for environments whose names have these factors: `unit,!py39: pytest`.
_CONDITIONAL = re.compile(r"([\w.{},!-]+):\s+(.*)")
_NAMES = re.compile(r"(?:[^,{}\s]|\{[^}]*\})+")
_BRACES = re.compile(r"\{([^}]*)\}")
_HERE = re.compile(r"\{(?:toxinidir|tox_root)\}/?")
_COMPARISON = re.compile(r"(\^|~(?!=)|[=!<>~]=?=?)?\s*(\d[\w.*+!-]*)")


class Requirements(NamedTuple):
    """What to install: arguments as pip takes them, extras of the project, dependency groups; and where that was found."""

    arguments: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    where: str = ""


def from_tools(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """Return what the first tool that is configured for it installs for a project's tests; nothing if none is.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        names: what a table of tests may be called, in the order of preference.
    """
    readers: tuple[Callable[[], Requirements], ...] = (
        lambda: _tables(document, names),
        lambda: _hatch(document, names),
        lambda: _poetry(document, names),
        lambda: _tox(root, document),
    )
    found = (reader() for reader in readers)
    return next((each for each in found if any(each[:3])), Requirements())


def _texts(value: object) -> tuple[str, ...]:
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def _tables(document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """What uv and PDM had before dependency groups."""
    pdm = table(document, "tool", "pdm", "dev-dependencies")
    found = next((texts for name in names if (texts := _texts(pdm.get(name)))), ())
    if found:
        return Requirements(found, where="[tool.pdm.dev-dependencies]")
    return Requirements(_texts(table(document, "tool", "uv").get("dev-dependencies")), where="[tool.uv]")


def _hatch(document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """An environment of Hatch's, which inherits from `default`."""
    environments = table(document, "tool", "hatch", "envs")
    name = next((name for name in (*names, "hatch-test", "default") if name in environments), "")
    chosen, default = table(environments, name), table(environments, "default")
    layers = [chosen] if chosen.get("detached") or name == "default" else [default, chosen]

    def listed(*keys: str) -> tuple[str, ...]:
        return tuple(
            one for layer in layers for key in keys for one in _texts(layer.get(key)) if "{" not in one
        )

    return Requirements(
        listed("dependencies", "extra-dependencies"),
        listed("features"),
        listed("dependency-groups"),
        f"[tool.hatch.envs.{name}]",
    )


def _poetry(document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """A group of Poetry's, or what it had before it had groups."""
    poetry = table(document, "tool", "poetry")
    for name in names:
        if group := table(poetry, "group", name, "dependencies"):
            return Requirements(tuple(_of_poetry(group)), where=f"[tool.poetry.group.{name}]")
    return Requirements(
        tuple(_of_poetry(table(poetry, "dev-dependencies"))), where="[tool.poetry.dev-dependencies]"
    )


def _of_poetry(dependencies: Mapping[str, Any]) -> Iterator[str]:
    """Yield requirements as pip takes them; what comes from a folder or a repository is left out."""
    for name, wanted in dependencies.items():
        detail = {"version": wanted} if isinstance(wanted, str) else wanted
        if not isinstance(detail, dict) or not isinstance(detail.get("version"), str) or name == "python":
            continue
        extras = ",".join(_texts(detail.get("extras")))
        marker = " and ".join(
            f"python_version {operator} '{version}'"
            for operator, version in _comparisons(str(detail.get("python", "")))
        ) or str(detail.get("markers", ""))
        versions = ",".join(map("".join, _comparisons(detail["version"])))
        yield f"{name}[{extras}]{versions}".replace("[]", "") + (f"; {marker}" if marker else "")


def _comparisons(constraint: str) -> list[tuple[str, str]]:
    """Return a constraint of Poetry's as comparisons of pip's; none for one with alternatives.

    `^1.2` allows what leaves the first number that is not 0, `~1.2` what leaves the second (python-poetry.org,
    "Dependency specification").
    """
    made: list[tuple[str, str]] = []
    for operator, version in [] if "|" in constraint else _COMPARISON.findall(constraint):
        if operator not in ("^", "~"):
            made.append((operator if operator not in ("", "=") else "==", version))
            continue
        numbers = [int(number) for number in re.findall(r"\d{1,9}", version.partition("-")[0])]
        leftmost = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        last = leftmost if operator == "^" else min(1, len(numbers) - 1)
        limit = [*numbers[:last], numbers[last] + 1]
        made += [(">=", version), ("<", ".".join(map(str, limit)))]
    return made


def _tox(root: Path, document: Mapping[str, Any]) -> Requirements:
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
                tuple(_arguments(root, _texts(base.get("deps")))),
                _texts(base.get("extras")),
                _texts(base.get("dependency_groups")),
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
