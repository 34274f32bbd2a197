"""`covlane COMMAND`: the invoke tasks as a program, for repositories without a tasks.py."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from invoke.exceptions import Exit, ParseError
from invoke.program import Program

import covlane
from covlane.errors import UsageError
from covlane.tasks import namespace

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Sequence


ABOUT = """\
Covlane measures the test coverage of a Python repository and delivers it: `nox -s coverage` runs pytest on each
Python; the commands below merge what was measured, report it, judge it, and send it to CodeScene and GitHub."""
#: The commands that most people need, in the order of use.
FIRST = ("init", "merge", "report", "gate", "upload")


class Covlane(Program):
    """invoke's program, with Covlane's help, and exit code 2 for a command line that it cannot parse."""

    def parse_core(self, argv: list[str] | None) -> None:
        """Read the options before the first command."""
        with _usage():
            super().parse_core(argv)

    def parse_tasks(self) -> None:
        """Read the commands and their options."""
        self.core.unparsed[:] = with_file_options(self.core.unparsed, self.collection.task_names)
        with _usage():
            super().parse_tasks()

    def print_help(self) -> None:
        """Print what Covlane is, its commands, and invoke's options last."""
        pairs = dict(self._make_pairs(self.scoped_collection))
        write = sys.stdout.write
        write(f"{ABOUT}\n\nUsage: covlane COMMAND [--options] [COMMAND ...]\n\nStart with:\n\n")
        self.print_columns([(name, pairs.pop(name)) for name in FIRST])
        write("Other commands:\n\n")
        self.print_columns([*pairs.items()])
        write("`covlane --help COMMAND` shows a command's options and an example.\n\n")
        write("Options of invoke, which runs the commands:\n\n")
        self.print_columns(self.initial_context.help_tuples())


def with_file_options(words: Sequence[str], commands: Container[str]) -> list[str]:
    """Return a command line in which each file that follows `merge` has its `--file`, which invoke demands."""
    found, merging, before = list[str](), False, ""
    for word in words:
        if before not in {"-f", "--file"}:
            merging = word == "merge" or (merging and word not in commands)
            if merging and word != "merge" and not word.startswith("-"):
                found.append("--file")
        found.append(word)
        before = word
    return found


@contextmanager
def _usage() -> Iterator[None]:
    try:
        yield
    except ParseError as error:
        message = f"covlane: {error}\n  -> `covlane --list` shows the commands, `covlane --help COMMAND` their options"
        raise Exit(message, code=UsageError.exit_code) from None


def main() -> None:
    """Run the commands that are named on the command line; exits with the code of the first that fails."""
    Covlane(version=covlane.__version__, namespace=namespace, name="covlane", binary="covlane").run()


if __name__ == "__main__":
    main()
