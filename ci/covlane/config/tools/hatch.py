"""Hatch's environments, from pyproject.toml and hatch.toml (hatch.pypa.io, "Environment configuration")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table, toml
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

FILE = "hatch.toml"
#: The environment of `hatch test`, with the plugins that it has by itself; `hatch test` keeps pytest-randomly switched
#: off, and coverage.py is not needed to measure.
BUILT_IN = "hatch-test"
_OF_BUILT_IN = ("pytest", "pytest-mock", "pytest-rerunfailures", "pytest-xdist[psutil]")
_LISTS = ("dependencies", "extra-dependencies", "features", "dependency-groups")
_FIELD = re.compile(r"\{([a-z_]+)((?::[^{}]*)?)\}")
#: A dependency that is a folder of the repository: `name[extras] @ {root:uri}/folder`.
_FOLDER = re.compile(r"[\w.-]+\s*(?:\[([^]]*)\])?\s*@\s*\{root:uri\}/?(.*)")


def read(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """Return what Hatch installs in the environment of the tests.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        names: what the environment may be called, in the order of preference.
    """
    own = toml(root / FILE)
    environments = table(own, "envs") if "envs" in own else table(document, "tool", "hatch", "envs")
    name = _chosen(environments, names)
    values = _values(environments, name)
    wanted = [*values["dependencies"], *values["extra-dependencies"]]
    folders = [_FOLDER.fullmatch(one) for one in wanted]
    itself = [found[1] or "" for found in folders if found and not found[2]]
    extras = [one.strip() for each in itself for one in each.split(",") if one.strip()]
    place = f"{FILE}'s [envs.{name}]" if "envs" in own else f"[tool.hatch.envs.{name}]"
    return Requirements(
        (*_members(root, environments, name), *_arguments(wanted, _first_of_matrix(environments, name))),
        tuple(dict.fromkeys([*values["features"], *extras])),
        tuple(values["dependency-groups"]),
        place,
    )


def _chosen(environments: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the environment that is named after tests, else one that has pytest, else one for development."""
    tests = [name for name in names if name.startswith("test")]
    having = (name for name in environments if _has_pytest(environments, name))
    order = (*tests, BUILT_IN, *having, *names, "default")
    return next((name for name in order if name in environments), "")


def _has_pytest(environments: Mapping[str, Any], name: str) -> bool:
    values = _values(environments, name)
    wanted = [*values["dependencies"], *values["extra-dependencies"]]
    return any(re.match(r"pytest(?![\w.])", one) for one in wanted)


def _values(environments: Mapping[str, Any], name: str) -> dict[str, list[str]]:
    """Return an environment's lists. A list that it does not set is its template's, `default` if it names none."""
    found: dict[str, list[str]] = {}
    seen: set[str] = set()
    at = name
    while at not in seen:
        seen.add(at)
        environment = table(environments, at)
        layer = {"dependencies": list(_OF_BUILT_IN)} if at == BUILT_IN else {}
        layer.update({key: [*texts(environment[key])] for key in _LISTS if key in environment})
        found = {**layer, **found}
        template = str(environment.get("template", at if at == BUILT_IN else "default"))
        at = at if environment.get("detached") else template
    lists = {key: found.get(key, []) for key in _LISTS}
    for key, override, value in _overrides(environments, name):
        lists[key] = [*([] if override else lists[key]), *value]
    return lists


def _members(root: Path, environments: Mapping[str, Any], name: str) -> Iterator[str]:
    """Yield what installs the projects of a workspace, each changed in place as the project itself is."""
    members = table(environments, name, "workspace").get("members")
    for member in members if isinstance(members, list) else ():
        detail = member if isinstance(member, dict) else {"path": member}
        path, features = detail.get("path"), ",".join(texts(detail.get("features")))
        if not isinstance(path, str) or not path or path.startswith(("/", "..")):
            continue
        for folder in sorted(root.glob(path)):
            if (folder / "pyproject.toml").is_file():
                place = folder.relative_to(root).as_posix()
                yield from ("-e", f"./{place}" + (f"[{features}]" if features else ""))


def _first_of_matrix(environments: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the variables of the first environment that a matrix makes."""
    matrices = table(environments, name).get("matrix")
    first = matrices[0] if isinstance(matrices, list) and matrices else {}
    values = first.items() if isinstance(first, dict) else ()
    return {key: str(each[0]) for key, each in values if isinstance(each, list) and each}


def _overrides(environments: Mapping[str, Any], name: str) -> Iterator[tuple[str, bool, list[str]]]:
    """Yield what the first environment of a matrix has of its own: the list, whether it replaces it, the values."""
    variables = _first_of_matrix(environments, name)
    for variable, options in table(environments, name, "overrides", "matrix").items():
        if variable not in variables or not isinstance(options, dict):
            continue
        for option, entries in options.items():
            key = option.removeprefix("set-")
            if key in _LISTS and isinstance(entries, list):
                values = [_value(entry, variables[variable]) for entry in entries]
                yield key, option != key, [value for value in values if value]


def _value(entry: object, of_variable: str) -> str:
    """Return an entry of an override if it counts for a value of the variable, else an empty string."""
    if isinstance(entry, str):
        return entry
    if (
        not isinstance(entry, dict)
        or not isinstance(entry.get("value"), str)
        or "platform" in entry
        or "env" in entry
    ):
        return ""
    return str(entry["value"]) if of_variable in entry.get("if", [of_variable]) else ""


def _arguments(wanted: Sequence[str], variables: Mapping[str, str]) -> Iterator[str]:
    """Yield what pip would be given; what only Hatch can tell is left out."""
    for one in wanted:
        if found := _FOLDER.fullmatch(one):
            if found[2]:
                yield f"./{found[2]}" + (f"[{found[1]}]" if found[1] else "")
            continue
        filled = _FIELD.sub(lambda field: _filled(field, variables), one)
        if "{" not in filled:
            yield filled


def _filled(field: re.Match[str], variables: Mapping[str, str]) -> str:
    name, _, default = field[2].removeprefix(":").partition(":")
    known = variables.get(name, default) if field[1] == "matrix" else default if field[1] == "env" else ""
    return known or field[0]
