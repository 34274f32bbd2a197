"""The table that a person reads after a run."""

from __future__ import annotations

from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from covlane.render import words
from covlane.render.lines import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from covlane.model.report import FileCoverage, Ratio, Report

#: Rows that are read; the rest is in the reports.
MOST_ROWS = 25
#: Characters of the last column that are always there.
LEAST_MISSING = 12
#: Spaces between two columns.
GAP = 2


def show(report: Report, out: TextIO, *, plain: bool) -> None:
    """Print the report to a stream: coloured and as wide as the terminal, plain and 100 columns in a pipe."""
    to = console(out, plain=plain)
    files = words.by_missing(report)
    to.print(_table(report, files[:MOST_ROWS], to.width))
    if folded := files[MOST_ROWS:]:
        to.print(f"... and {len(folded):,} files with fewer missing lines", style="dim")
    if whole := len(report.files) - len(files):
        to.print(f"{whole:,} of {len(report.files):,} files are covered completely", style="dim")
    for line in [*words.components(report), *words.by_leg(report)]:
        to.print(escape(printable(line)), soft_wrap=True)
    for reason in report.incomplete:
        to.print("incomplete: " + escape(printable(reason)), style="yellow", soft_wrap=True)
    to.print(
        f"[bold]{words.headline(report)}[/bold], legs: {escape(printable(words.legs(report)))}",
        soft_wrap=True,
    )


def console(out: TextIO, *, plain: bool) -> Console:
    """Return what prints to a stream: coloured and as wide as the terminal, plain and 100 columns in a pipe."""
    if isinstance(out, TextIOWrapper):
        # A name that the stream's encoding has no letters for is shown escaped.
        out.reconfigure(errors="backslashreplace")
    terminal = out.isatty() and not plain
    return Console(
        file=out,
        highlight=False,
        emoji=False,  # a file may be called `:a:.py`
        no_color=plain,
        force_terminal=False if plain else None,  # FORCE_COLOR makes a terminal of a pipe
        width=None if terminal else 100,
    )


def _table(report: Report, files: list[tuple[str, FileCoverage]], width: int) -> Table:
    """Lay the table out: figures are never cut, long names fold, and what is missing gets the rest."""
    figures = list(_figures("Lines", report.lines))
    if report.branch:
        figures += _figures("Branches", report.branches)
    room = width - sum(column + GAP for _, _, column in figures)
    names = max((len(printable(path)) for path, _ in files), default=0)
    name_width = max(min(names, room - LEAST_MISSING - GAP), len("Total"))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_footer=True)
    table.add_column("File", "Total", overflow="fold", width=name_width)
    for header, footer, column in figures:
        table.add_column(header, footer, justify="right", no_wrap=True, width=column)
    table.add_column("Missing", "", no_wrap=True)
    for path, file in files:
        branches = _cells(file.branch) if report.branch else []
        missing = _cut(words.missing(file), max(room - name_width - GAP, LEAST_MISSING))
        table.add_row(escape(printable(path)), *_cells(file.lines), *branches, missing)
    return table


def _figures(name: str, total: Ratio) -> Iterator[tuple[str, str, int]]:
    """Yield header, total and width of the columns; a total's counts are as wide as any above them."""
    for header, footer in zip((name, "Miss", "Cover"), _cells(total), strict=True):
        yield header, footer, max(len(header), len(footer), len("100.00%") if header == "Cover" else 0)


def _cut(text: str, width: int) -> str:
    """Shorten a list of ranges between two of them: half a number would be another one."""
    if len(text) <= width:
        return text
    kept = text[: width - 4].rpartition(",")[0]
    return f"{kept}, ..." if kept else "..."


def _cells(ratio: Ratio) -> list[str]:
    return [f"{ratio.total}", f"{ratio.missing}", ratio.text]
