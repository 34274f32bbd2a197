"""What a tool installs for a project's tests."""

from __future__ import annotations

from typing import NamedTuple


class Requirements(NamedTuple):
    """What to install: arguments as pip takes them, extras of the project, dependency groups; and where that was found."""

    arguments: tuple[str, ...] = ()
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    where: str = ""


def texts(value: object) -> tuple[str, ...]:
    """Return the strings of a list; of anything else there are none."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()
