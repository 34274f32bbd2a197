"""The process environment, read in one place, and its secrets withheld from other programs."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Variables that a job sets for its steps, and no install, build or test needs; the setting `codescene.secrets` names others.
SECRETS = ("CS_ACCESS_TOKEN", "GITHUB_TOKEN", "ACTIONS_*")


def environment() -> Mapping[str, str]:
    """Return a snapshot of the environment variables."""
    return dict(os.environ)  # noqa: TID251 - this module is their owner


def in_ci(environ: Mapping[str, str]) -> bool:
    """Whether a CI service runs this process: it sets `CI`."""
    return environ.get("CI", "").lower() not in {"", "0", "false", "no"}


def secrets(environ: Mapping[str, str], others: Iterable[str] = ()) -> list[str]:
    """Return the names of an environment's secrets; `others` are globs of more."""
    patterns = [pattern.upper() for pattern in (*SECRETS, *others)]
    return [name for name in environ if any(fnmatchcase(name.upper(), pattern) for pattern in patterns)]


def without_secrets(environ: Mapping[str, str], others: Iterable[str] = ()) -> dict[str, str]:
    """Return an environment for programs of the project: its noxfile, its builds, its tests."""
    kept_back = {*secrets(environ, others)}
    return {name: value for name, value in environ.items() if name not in kept_back}


def forget(names: Iterable[str]) -> None:
    """Remove variables from this process's environment, so that its children do not inherit them."""
    for name in names:
        os.environ.pop(name, None)  # noqa: TID251 - as above
