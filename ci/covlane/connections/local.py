"""The clients of a command that needs no network."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters.environment import in_ci
from covlane.adapters.git import Git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from covlane.config.settings import Configured


@dataclass(frozen=True, slots=True, repr=False)
class Local:
    """What a command uses on this machine; without a repr, as the environment may hold a token.

    Attributes:
        environ: the environment variables.
        git: the project's repository.
        say: prints a line for the person at once.
    """

    environ: Mapping[str, str]
    git: Git
    say: Callable[[str], None]

    @property
    def plain(self) -> bool:
        """Whether output has no colours and no progress bars."""
        return without_colour(self.environ)

    def progress(
        self, what: str, *, pieces: bool = True
    ) -> AbstractContextManager[Callable[[int, int | None], None]]:
        """Show a progress bar on a terminal; yields a callback(done, total) that counts pieces, or else bytes."""
        from covlane.render.progress import bar  # noqa: PLC0415 - slow to import, and few commands show one

        return bar(what, sys.stderr, plain=self.plain, pieces=pieces)


def connect(
    configured: Configured,
    environ: Mapping[str, str],
    say: Callable[[str], None],
    folder: Path | None = None,
) -> Local:
    """Return the real clients; git works in the project's folder, or in another one of the checkout."""
    return Local(environ, Git(folder or configured.root, environ), say)


def without_colour(environ: Mapping[str, str]) -> bool:
    """Say whether an environment wants plain text: NO_COLOR is set, or CI runs us."""
    return "NO_COLOR" in environ or in_ci(environ)
