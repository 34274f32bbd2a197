"""`annotate`: what of the changed code is not covered, as annotations of a GitHub workflow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.render.annotations import commands, notes
from covlane.result import Result, say
from covlane.workspace import evidence

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.render.annotations import Annotation


@dataclass(frozen=True, slots=True)
class Annotated(Result):
    """The annotations, their files named from the top of the checkout."""

    annotations: tuple[Annotation, ...]

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write a workflow command for each."""
        for line in commands(self.annotations):
            say(line, out)

    def data(self) -> object:
        """Return a list of objects, as GitHub's REST API takes them."""
        return self.annotations


def run(configured: Configured, clients: Local, base: str | None = None) -> Annotated:
    """Return annotations for the code that changed since a revision; errors as of `evidence.patched`."""
    found = evidence.patched(configured, clients.git, clients.environ, base)
    return Annotated(tuple(notes(found.below(configured.folder))))
