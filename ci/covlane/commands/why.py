"""`why`: what a test depends on, and whether the changes since it ran can affect it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from covlane.analysis.code import MODULE
from covlane.render.words import printable
from covlane.result import Result, say
from covlane.workspace import impacts, testmaps

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local


class Dependencies(msgspec.Struct, frozen=True):
    """What `why --json` prints.

    Attributes:
        test: the test.
        functions: the functions that it runs, by file.
        fixtures: the shared fixtures that it has.
        opened: files that it opened and folders that it listed, or that were for all tests.
        reasons: why the changes since it ran can affect it; empty where they cannot.
        remarks: sentences on what is not known.
    """

    test: str
    functions: dict[str, tuple[str, ...]]
    fixtures: tuple[str, ...]
    opened: tuple[str, ...]
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Why(Result):
    """What a test depends on."""

    found: Dependencies

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write a list."""
        found = self.found
        say(found.test, out)
        for file, names in found.functions.items():
            say(f"  runs {', '.join(names)} of {file}", out)
        for name in found.fixtures:
            say(f"  has {name}", out)
        for name in found.opened:
            say(f"  reads {name}", out)
        for reason in found.reasons or ("nothing that it depends on has changed",):
            say(f"-> {printable(reason)}", out)

    def data(self) -> object:
        """Return all of it."""
        return self.found

    def notes(self, *, json: bool) -> list[str]:
        """Return the remarks, which are part of the JSON."""
        return [] if json else [f"note: {remark}" for remark in self.found.remarks]


def run(configured: Configured, clients: Local, test: str) -> Why:
    """Return what a test depends on, by its name as pytest has it or by a part of it that no other has.

    Raises:
        ReportError: no leg has contexts, or they are broken.
        UsageError: no test, or several, have that name.
    """
    known, notes = testmaps.read(configured)
    context = testmaps.test_of(known, test)
    impact = impacts.impact(configured, clients.git, known, None)
    functions = {
        file: tuple(sorted(names - {MODULE})) or ("the module level",)
        for file, names in sorted(impact.functions(context).items())
    }
    shared = known.fixtures.get(context, set())
    opened = {
        name
        for (name, _), contexts in known.opened.items()
        if context in contexts
        or shared & contexts
        or any(each.kind not in {"test", "fixture"} for each in contexts)
    }
    return Why(
        Dependencies(
            context.name,
            functions,
            tuple(sorted(each.name for each in shared)),
            tuple(sorted(opened)),
            tuple(impact.reasons().get(context, ())),
            tuple(notes),
        )
    )
