"""`settings`: each setting with its value and where it comes from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from rich.table import Table
from rich.text import Text

from covlane.config.settings import keys
from covlane.model.rules import questions
from covlane.render.terminal import console, put
from covlane.render.words import printable
from covlane.result import Result

if TYPE_CHECKING:
    from typing import TextIO

    from covlane.config.settings import Configured


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its key, value, origin, and the environment variable that overrides it."""

    key: str
    value: Any
    origin: str
    variable: str

    @property
    def text(self) -> str:
        """The value as JSON."""
        return printable(json.dumps(msgspec.to_builtins(self.value), ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class Listed(Result):
    """All settings, and what is doubtful about the gates."""

    settings: tuple[Setting, ...]
    questions: tuple[str, ...]

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a table that is folded to the terminal's width; without a terminal each setting is one line."""
        rows = [(one.key, one.text, printable(one.origin)) for one in self.settings]
        if not out.isatty():
            widths = [max(len(row[column]) for row in rows) for column in range(3)]
            # A long value pushes the origin to the right, rather than each short one with it.
            widths[1] = min(widths[1], 40)
            for row in [("Key", "Value", "Origin"), *rows]:
                cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                out.write("  ".join(cells).rstrip() + "\n")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("Key", "Value", "Origin"):
            table.add_column(name, overflow="fold", no_wrap=name == "Key")
        for row in rows:
            table.add_row(*map(Text, row))
        put(console(out, plain=plain), table)

    def data(self) -> object:
        """Return a list of objects."""
        return self.settings

    def notes(self, *, json: bool) -> list[str]:
        """Return what is doubtful about the gates."""
        return [] if json else [f"note: {question}" for question in self.questions]


def run(configured: Configured) -> Listed:
    """Return the settings of a project."""
    found = []
    for key in keys():
        value: Any = configured.settings
        for part in key.name.split("."):
            value = getattr(value, part.replace("-", "_"))
        found.append(Setting(key.name, value, configured.origins[key.name], key.variable))
    return Listed(tuple(found), tuple(questions(configured.settings.gate)))
