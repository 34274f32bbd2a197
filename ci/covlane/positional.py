"""Files after a task's name, `invoke merge a.info b.info`: invoke knows only words that are each demanded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from invoke.parser.argument import Argument
from invoke.tasks import Task

#: No task is called so: the name of a report, be it there or not.
_SUFFIXES = {".info", ".json", ".xml"}


class FilesTask(Task[Any]):
    """A task whose list `file` may also be given without `--file`."""

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:
        """Return the task's arguments; `file` takes as many words as the command line has for it."""
        arguments = super().get_arguments(ignore_unknown_help)
        at = next(at for at, argument in enumerate(arguments) if argument.name == "file")
        arguments[at] = _Files(names=arguments[at].names, kind=list, help=arguments[at].help, positional=True)
        return arguments


class _Files(Argument):
    """A list that is missing, which makes invoke fill it, until it has all the files of the command line."""

    @property
    def value(self) -> Any:
        """The files, or None as long as more of them follow."""
        return self.raw_value if len(self.raw_value or ()) >= _count(sys.argv) else None

    @value.setter
    def value(self, one: str) -> None:
        self.raw_value = [*(self.raw_value or ()), one]


def _count(argv: list[str]) -> int:
    """Count the words after the task that are no options, up to the next task."""
    after = iter(argv)
    if not any(word.rpartition(".")[2] == "merge" for word in after):
        return 0
    count, before = 0, ""
    for word in after:
        option, named = word.startswith("-"), before in {"-f", "--file"} or "/" in word or "\\" in word
        if word == "--" or not (option or named or Path(word).suffix in _SUFFIXES or Path(word).is_file()):
            break
        count, before = count + (not option), word
    return count
