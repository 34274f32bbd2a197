"""The Pythons of this machine, as nox finds them."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def here(pythons: Iterable[str]) -> list[str]:
    """Return those of some Pythons, by their names in nox (`3.12`, `3.14t`, `pypy3.11`), that are installed."""
    return [python for python in pythons if _is_here(python)]


@functools.cache
def _is_here(python: str) -> bool:
    from python_discovery import get_interpreter  # noqa: PLC0415 - slow, and needed by local legs alone

    return get_interpreter(python) is not None
