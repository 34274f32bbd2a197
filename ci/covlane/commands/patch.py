"""`patch`: the changed code and what of it is not covered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.render import patch as words
from covlane.result import Result
from covlane.workspace import evidence

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.model.verdict import Patch


@dataclass(frozen=True, slots=True)
class Patched(Result):
    """Patch coverage, and the project's folder with the sources."""

    patch: Patch
    root: Path

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write the uncovered lines with their source."""
        words.show(self.patch, self._source, out, plain=plain)

    def data(self) -> object:
        """Return the patch coverage, file by file."""
        return self.patch

    def _source(self, path: str) -> list[str]:
        content = (self.root / path).read_bytes().decode("utf-8", "backslashreplace")
        return [line.rstrip("\r") for line in content.split("\n")]


def run(configured: Configured, clients: Local, base: str | None = None) -> Patched:
    """Compute the patch coverage since a revision; errors as of `evidence.patched`."""
    found = evidence.patched(configured, clients.git, clients.environ, base)
    return Patched(found, configured.root)
