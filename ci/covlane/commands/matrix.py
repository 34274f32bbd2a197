"""`matrix`: the legs, as nox lists them, for the jobs of a CI service."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from covlane.config import checkout
from covlane.config.settings import leg_name
from covlane.result import Result
from covlane.workspace import runner, sessions

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local


@dataclass(frozen=True, slots=True)
class Leg:
    """One job: the leg's name, its nox session, its Python and the runner."""

    leg: str
    session: str
    python: str
    runner: str


@dataclass(frozen=True, slots=True)
class Matrix(Result):
    """The legs, and the prefix of their artifacts' names."""

    legs: tuple[Leg, ...]
    artifacts: str

    @property
    def text(self) -> str:
        """The matrix as JSON on one line, as `fromJSON` of a workflow takes it."""
        return msgspec.json.encode({"include": self.legs}).decode()

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the JSON."""
        out.write(self.text + "\n")


def run(configured: Configured, clients: Local, *, github_output: bool = False) -> Matrix:
    """List the legs; with `github_output`, also append them to the file that GITHUB_OUTPUT names.

    Raises:
        UsageError: nox lists no coverage session, or GITHUB_OUTPUT is not set.
    """
    github = configured.settings.github
    legs = tuple(
        Leg(leg_name(session, system), session, python, github.systems.get(system, github.runner))
        for session, python in sessions.listed(configured, clients.environ)
        for system in github.systems or ("",)
    )
    found = Matrix(legs, checkout.artifacts(configured.folder))
    if github_output:
        text = f"matrix={found.text}\nartifacts={found.artifacts}\n"
        runner.append(clients.environ, "GITHUB_OUTPUT", text)
    return found
