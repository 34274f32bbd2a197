"""Poetry's groups, and what it had before it had groups (python-poetry.org, "Dependency specification")."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_COMPARISON = re.compile(r"(\^|~(?!=)|[=!<>~]=?=?)?\s*v?(\d[\w.*+!-]*)")


def read(root: Path, document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
    """Return what Poetry installs of a group of tests and of an extra of that name.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
        names: what the group may be called, in the order of preference; otherwise it is the first with pytest.
    """
    poetry = table(document, "tool", "poetry")
    groups = {name: _group(poetry, name) for name in table(poetry, "group")}
    having = (name for name, group in groups.items() if _has_pytest(group))
    extras = tuple(name for name in names if name in table(poetry, "extras"))[:1]
    name = next((name for name in (*names, *having) if groups.get(name)), "")
    if name:
        return Requirements(
            tuple(_arguments(root, groups[name])), extras, where=f"[tool.poetry.group.{name}]"
        )
    before = table(poetry, "dev-dependencies")
    where = "[tool.poetry.dev-dependencies]" if before else "[tool.poetry.extras]"
    return Requirements(tuple(_arguments(root, before)), extras, where=where)


def of_application(root: Path, document: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a project that Poetry does not install itself needs to run."""
    return tuple(_arguments(root, table(document, "tool", "poetry", "dependencies")))


def _group(poetry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the dependencies of a group with those of the groups that it includes."""
    found: dict[str, Any] = {}
    names = [name]
    for each in names:  # which grows
        group = table(poetry, "group", each)
        found = {**table(group, "dependencies"), **found}
        names += [one for one in texts(group.get("include-groups")) if one not in names]
    return found


def _has_pytest(dependencies: Mapping[str, Any]) -> bool:
    return any(re.fullmatch(r"pytest(-.*)?", name) for name in dependencies)


def _arguments(root: Path, dependencies: Mapping[str, Any]) -> Iterator[str]:
    """Yield requirements as pip takes them; an optional one is an extra's."""
    for name, wanted in dependencies.items():
        for one in wanted if isinstance(wanted, list) else [wanted]:
            detail = {"version": one} if isinstance(one, str) else one
            if isinstance(detail, dict) and name != "python" and detail.get("optional") is not True:
                yield from _requirement(root, name, detail)


def _requirement(root: Path, name: str, detail: Mapping[str, Any]) -> tuple[str, ...]:
    """Return one dependency: a folder or file of the repository, an address or some versions.

    A folder that is not there is left out.
    """
    extras = ",".join(texts(detail.get("extras")))
    extras = f"[{extras}]" if extras else ""
    marker = _marker(detail)
    if isinstance(path := detail.get("path"), str):
        place = path if path.startswith(("/", ".")) else f"./{path}"
        argument = (place + extras,) if (root / path).exists() else ()
        return ("-e", *argument) if argument and detail.get("develop") is True else argument
    if address := _address(detail):
        return (f"{name}{extras} @ {address}" + (f" ; {marker}" if marker else ""),)
    if not isinstance(detail.get("version"), str):
        return ()
    versions = ",".join(map("".join, _comparisons(detail["version"])))
    return (f"{name}{extras}{versions}" + (f"; {marker}" if marker else ""),)


def _address(detail: Mapping[str, Any]) -> str:
    if isinstance(detail.get("url"), str):
        return str(detail["url"])
    if not isinstance(detail.get("git"), str):
        return ""
    commit = next((f"@{detail[key]}" for key in ("rev", "tag", "branch") if key in detail), "")
    folder = f"#subdirectory={detail['subdirectory']}" if "subdirectory" in detail else ""
    return f"git+{detail['git']}{commit}{folder}"


def _marker(detail: Mapping[str, Any]) -> str:
    conditions = [f"({detail['markers']})"] if isinstance(detail.get("markers"), str) else []
    if isinstance(platform := detail.get("platform"), str):
        names = " or ".join(f"sys_platform == '{one.strip()}'" for one in re.split(r"\|+", platform))
        conditions.append(f"({names})")
    conditions += [
        f"python_version {operator} '{version}'"
        for operator, version in _comparisons(str(detail.get("python", "")))
    ]
    alone = len(conditions) == 1
    return conditions[0].removeprefix("(").removesuffix(")") if alone else " and ".join(conditions)


def _comparisons(constraint: str) -> list[tuple[str, str]]:
    """Return a constraint of Poetry's as comparisons of pip's; for alternatives, which pip has not, their limits.

    `^1.2` allows what leaves the first number that is not 0, `~1.2` what leaves the second.
    """
    if "|" in constraint:
        parts = [_comparisons(part) for part in re.split(r"\|+", constraint)]
        lower = [each for each in parts[0] if each[0].startswith(">")]
        return lower + [each for each in parts[-1] if each[0].startswith("<")]
    made: list[tuple[str, str]] = []
    for operator, version in _COMPARISON.findall(constraint):
        if operator not in ("^", "~"):
            made.append((operator if operator not in ("", "=") else "==", version))
            continue
        numbers = [int(number) for number in re.findall(r"\d{1,9}", version.partition("-")[0])]
        leftmost = next((at for at, number in enumerate(numbers) if number), len(numbers) - 1)
        last = leftmost if operator == "^" else min(1, len(numbers) - 1)
        limit = [*numbers[:last], numbers[last] + 1]
        made += [(">=", version), ("<", ".".join(map(str, limit)))]
    return made
