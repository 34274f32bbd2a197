"""Poetry's groups, and what it had before it had groups."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table
from covlane.config.tools.wanted import Requirements, texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_COMPARISON = re.compile(r"(\^|~(?!=)|[=!<>~]=?=?)?\s*(\d[\w.*+!-]*)")


def read(document: Mapping[str, Any], names: Sequence[str]) -> Requirements:
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
        extras = ",".join(texts(detail.get("extras")))
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
