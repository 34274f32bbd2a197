"""Which of tox's environments that run pytest stands for all of them."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from covlane.config.pythons import OLDEST, minor

if TYPE_CHECKING:
    from collections.abc import Iterable

_PYTHON = re.compile(r"(?:py|python)?(3)\.?(\d+)t?")


def chosen(names: Iterable[str]) -> str:
    """Return the environment whose other factors are listed with most Pythons, with the latest of these.

    Every leg installs the same, so `django52` of `py{39,310}-django{42,52}, py313-django52` is best. Among equals that
    differ in a number the last is the newest, among others the first is the plainest.

    Args:
        names: of environments that run pytest, in tox's order; an empty string is returned if there are none.
    """
    groups: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for name in names:
        factors = name.split("-")
        found = [int(python[2]) for factor in factors if (python := _PYTHON.fullmatch(factor))]
        others = "-".join(factor for factor in factors if not _PYTHON.fullmatch(factor))
        groups[others].append((found[0] if found else 0, name))
    if not groups:
        return ""

    def measured(others: str) -> int:
        return len({python for python, _ in groups[others] if python >= minor(OLDEST)})

    first = max(groups, key=measured)
    alike = [
        others
        for others in groups
        if measured(others) == measured(first) and _without_numbers(others) == _without_numbers(first)
    ]
    return max(groups[alike[-1]], key=lambda one: one[0])[1]


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "", text)
