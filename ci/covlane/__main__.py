"""`covlane TASK`: the invoke collection as a program, for repositories without a tasks.py."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

import covlane
from covlane.errors import UsageError
from covlane.tasks import namespace

if TYPE_CHECKING:
    from collections.abc import Iterator


class Covlane(Program):
    """invoke's program, which ends with the lane's exit code for a command line that it cannot read."""

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the options before the first task."""
        with _usage():
            super().parse_core(argv)

    def parse_tasks(self) -> None:
        """Read the tasks and their options."""
        with _usage():
            super().parse_tasks()


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except ParseError as error:
        message = (
            f"covlane: {error}\n  -> `covlane --list` shows the tasks, `covlane --help TASK` their options"
        )
        raise Exit(message, code=UsageError.exit_code) from None


def main() -> None:
    """Run the tasks named on the command line; exits with the code of the first that fails."""
    Covlane(version=covlane.__version__, namespace=namespace, name="covlane", binary="covlane").run()


if __name__ == "__main__":
    main()
