"""Where one more test pays, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from covlane.render import words
from covlane.render.terminal import console, put
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from covlane.model.target import Place, Target

#: The most ranges and branches that a row names.
MOST_RANGES = 4


def show(targets: Sequence[Target], left_out: int, out: TextIO, *, plain: bool) -> None:
    """Print what to test, that which pays most first; `left_out` is how many more there are."""
    to = console(out, plain=plain)
    if not targets:
        to.print("Nothing to test: all that was measured is covered.", soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("Test next", overflow="fold")
    table.add_column("Function", overflow="fold")
    table.add_column("Missing", overflow="fold")
    table.add_column("Commits", justify="right", no_wrap=True)
    table.add_column("Nearest test", overflow="fold")
    for target in targets:
        first, *others = target.places
        table.add_row(
            Text(
                f"{printable(target.path)}:{_line(first)}{' (changed)' * target.changed}",
                "bold" * target.changed,
            ),
            Text(_function(first) + (f" and {len(others):,} more" if others else "")),
            Text(_missing(first)),
            Text("-" if target.commits is None else f"{target.commits:,}"),
            Text(printable(target.test.path) if target.test else "none found"),
        )
    put(to, table)
    if left_out:
        to.print(f"... and {left_out:,} more; `--most` shows them", style="dim", soft_wrap=True)
    to.print(
        "Changed code comes first; then the order is missing lines x (1 + commits of a year) x (1 + untaken branches).",
        style="dim",
        soft_wrap=True,
    )


def _function(place: Place) -> str:
    """Return a function's name; a dash where it is not known."""
    return "-" if place.function is None else printable(place.function) or "(module)"


def _line(place: Place) -> int:
    return min(first for first, _ in (*place.lines, *place.branches))


def _missing(place: Place) -> str:
    parts = [
        *(words.span(*lines) for lines in place.lines),
        *(words.jump(*branch) for branch in place.branches),
    ]
    return ", ".join(parts[:MOST_RANGES]) + (", ..." if parts[MOST_RANGES:] else "")
