"""`affected`: the tests that the changes can affect, each with the reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from covlane.render.words import printable
from covlane.result import Result, say
from covlane.workspace import impacts, testmaps

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local

#: What no map knows, in one sentence.
BLIND = (
    "not seen: environment variables, installed packages, services, tests that lean on others; "
    "tests that are new since run in any case"
)


class Affected(msgspec.Struct, frozen=True):
    """A test, and why a change can affect it."""

    test: str
    reasons: tuple[str, ...]


class Tests(msgspec.Struct, frozen=True):
    """What `affected --json` prints: the tests that can be affected, how many there are in all, and remarks."""

    tests: tuple[Affected, ...]
    all: int
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed(Result):
    """The affected tests."""

    found: Tests

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write the tests, one in each line, as pytest takes them."""
        for one in self.found.tests:
            say(one.test, out)

    def data(self) -> object:
        """Return the tests with their reasons."""
        return self.found

    def notes(self, *, json: bool) -> list[str]:
        """Return how many tests there are, and the remarks, which are part of the JSON."""
        if json:
            return []
        count = f"{len(self.found.tests):,} of {self.found.all:,} tests can be affected"
        return [count, *(f"note: {printable(remark)}" for remark in self.found.remarks)]


def run(configured: Configured, clients: Local, base: str | None = None) -> Listed:
    """Return the tests that can be affected by the changes since the tests ran, or since a commit.

    Raises:
        ReportError: no leg has contexts, or they are broken.
        UsageError: `base` is no commit.
    """
    known, notes = testmaps.read(configured)
    reasons = impacts.impact(configured, clients.git, known, base).reasons()
    tests = tuple(Affected(test.name, tuple(why)) for test, why in reasons.items())
    return Listed(Tests(tests, len(known.tests), (*notes, BLIND)))
