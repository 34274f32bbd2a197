"""The process environment, read in one place."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return a snapshot of the environment variables."""
    return dict(os.environ)  # noqa: TID251 - this module is their owner


def in_ci(environ: Mapping[str, str]) -> bool:
    """Say whether a CI service runs us: it sets `CI`, which no person does by accident."""
    return environ.get("CI", "").lower() not in {"", "0", "false", "no"}
