"""What a GitHub runner gives a step, its event, and the files that it takes outputs and a summary from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.clients.github import api
from covlane.clients.github.api import Event
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


def append(environ: Mapping[str, str], variable: str, text: str) -> None:
    """Append to the file that a GitHub runner names in a variable.

    Raises:
        UsageError: the variable is not set.
    """
    path = environ.get(variable)
    if not path:
        raise UsageError(f"{variable} is not set", "leave the option out outside of GitHub Actions")
    with Path(path).open("a", encoding="utf-8") as file:
        file.write(text)


def event(environ: Mapping[str, str]) -> Event:
    """Return the event that the runner works for; an empty one outside of a runner."""
    path = environ.get("GITHUB_EVENT_PATH")
    return api.event(files.read_bytes(Path(path))) if path else Event()
