"""What a command returns, and the one place that prints it, for a person or as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

    from covlane.errors import CovlaneError


class Result:
    """What a command came to. A subclass is a frozen data class with the facts, and shows them in two forms."""

    __slots__ = ()

    @property
    def exit_code(self) -> int:
        """The exit code of the command; 0 is success."""
        return 0

    @property
    def error(self) -> CovlaneError | None:
        """The error to end with after the result has been printed."""
        return None

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write the result for a person; `plain` means without colours. Nothing, if everything was printed on the way."""

    def data(self) -> object:
        """Return what the JSON form holds."""
        raise NotImplementedError

    def notes(self, *, json: bool) -> Iterable[str]:  # noqa: ARG002 - for subclasses
        """Return lines for stderr, beside the text or beside the JSON."""
        return ()


def write(result: Result, *, json: bool = False, plain: bool = False) -> None:
    """Print a result to stdout, as text or as JSON, and its notes to stderr."""
    if json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(result.data()), indent=2).decode() + "\n")
    else:
        result.show(sys.stdout, plain=plain)
    for note in result.notes(json=json):
        say(note, sys.stderr)


def say(text: str, out: TextIO | None = None) -> None:
    """Print lines at once, to stdout by default; control characters in them are shown escaped."""
    print("\n".join(map(printable, text.split("\n"))), file=out or sys.stdout, flush=True)
