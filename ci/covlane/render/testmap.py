"""Who tests what, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from covlane.render.terminal import console, put
from covlane.render.words import printable, span

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from rich.console import Console

#: The most ranges that a row names.
MOST_RANGES = 8


def show_who(
    tests: Sequence[tuple[str, Sequence[int], int]], without_tests: Sequence[int], out: TextIO, *, plain: bool
) -> None:
    """Print tests with the lines that each runs and how much it runs in all; then the lines that no test runs."""
    to = console(out, plain=plain)
    if tests:
        table = _table("Test", "Lines")
        table.add_column("Runs", justify="right", no_wrap=True)
        for test, lines, runs in tests:
            table.add_row(Text(printable(test)), _spans(lines), f"{runs:,}")
        put(to, table)
    count = f"{len(tests):,} test{'s' * (len(tests) != 1)}"
    _dim(
        to,
        f"{count}; Runs counts the lines and branches that a test runs in all files."
        if tests
        else "No test runs it.",
    )
    if without_tests:
        _dim(to, f"Outside tests, mostly at import: lines {_spans(without_tests)}")


def show_what(
    test: str,
    fixtures: Sequence[str],
    rows: Sequence[tuple[str, Sequence[str], Sequence[int]]],
    out: TextIO,
    *,
    plain: bool,
) -> None:
    """Print the files that a test runs, with the functions and lines."""
    to = console(out, plain=plain)
    to.print(Text(printable(test), "bold"), soft_wrap=True)
    if fixtures:
        _dim(to, f"with {', '.join(map(printable, fixtures))}")
    table = _table("File", "Functions", "Lines")
    for file, functions, lines in rows:
        table.add_row(Text(printable(file)), Text(", ".join(map(printable, functions)) or "-"), _spans(lines))
    put(to, table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _spans(lines: Sequence[int]) -> Text:
    """Return lines as ranges."""
    found: list[list[int]] = []
    for line in lines:
        if found and line == found[-1][1] + 1:
            found[-1][1] = line
        else:
            found.append([line, line])
    text = ", ".join(span(first, last) for first, last in found[:MOST_RANGES])
    return Text(text + (", ..." if len(found) > MOST_RANGES else ""))


def _dim(to: Console, text: str) -> None:
    to.print(Text(text, "dim"), soft_wrap=True)
