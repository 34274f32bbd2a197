"""The table printed after a run."""

from __future__ import annotations

from io import TextIOWrapper
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from covlane.render import words
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO

    from covlane.model.report import FileCoverage, Ratio, Report

#: The most rows of the table; the reports have all.
MOST_ROWS = 25
#: The least width of the last column.
LEAST_MISSING = 12
#: Spaces between two columns, and the width in a pipe, apart from names.
GAP = 2
WIDTH, MOST_WIDTH = 100, 10_000
STYLES = {"low": "red", "middling": "yellow", "high": "green", "": ""}


def show(report: Report, out: TextIO, *, plain: bool, thresholds: tuple[float, float] = (60, 80)) -> None:
    """Print the report: coloured and fitted to a terminal; plain, with whole names, in a pipe."""
    to = console(out, plain=plain)
    files = words.by_missing(report)
    put(to, _table(report, files[:MOST_ROWS], to.width if out.isatty() else None, thresholds))
    if folded := files[MOST_ROWS:]:
        to.print(f"... and {len(folded):,} files with fewer missing lines", style="dim")
    if whole := len(report.files) - len(files):
        to.print(f"{whole:,} of {len(report.files):,} files are covered completely", style="dim")
    for line in [*words.components(report), *words.by_leg(report)]:
        to.print(escape(printable(line)), soft_wrap=True)
    for note in report.notes:
        to.print("note: " + escape(printable(note)), style="dim", soft_wrap=True)
    for reason in report.incomplete:
        to.print("incomplete: " + escape(printable(reason)), style="yellow", soft_wrap=True)
    to.print(
        f"[bold]{words.headline(report)}[/bold], legs: {escape(printable(words.legs(report)))}",
        soft_wrap=True,
    )


def put(to: Console, table: Table) -> None:
    """Print a table without trailing spaces; in a pipe it is as wide as needed."""
    if not to.file.isatty():
        to.width = max(to.width, to.measure(table, options=to.options.update(max_width=MOST_WIDTH)).maximum)
    with to.capture() as captured:
        to.print(table)
    for line in captured.get().splitlines():
        to.file.write(line.rstrip() + "\n")


def console(out: TextIO, *, plain: bool) -> Console:
    """Return a console: coloured and as wide as the terminal; plain and 100 columns in a pipe."""
    if isinstance(out, TextIOWrapper):
        # Characters outside the stream's encoding are shown escaped.
        out.reconfigure(errors="backslashreplace")
    terminal = out.isatty() and not plain
    return Console(
        file=out,
        highlight=False,
        emoji=False,  # a file may be called `:a:.py`
        no_color=plain,
        force_terminal=False if plain else None,  # FORCE_COLOR makes a pipe count as a terminal
        width=None if terminal else WIDTH,
    )


class _Column(NamedTuple):
    """A column of figures: its header, its total, and a file's cell."""

    header: str
    total: str
    cell: Callable[[FileCoverage], Text]

    @property
    def width(self) -> int:
        """The width: a total's counts are the widest of a column, and so is 100.00%."""
        return max(len(self.header), len(self.total), len("100.00%") if "%" in self.total else 0)


def _table(
    report: Report,
    files: list[tuple[str, FileCoverage]],
    width: int | None,
    thresholds: tuple[float, float],
) -> Table:
    """Lay out the table: figures are never cut, names keep their end, and missing lines get the rest.

    Without a width names are whole; if the width is too small for them, the counts of all lines are dropped.
    """
    names = max((len(printable(path)) for path, _ in files), default=0)
    for counts in (True, False):
        figures = list(_figures(report, thresholds, counts=counts))
        room = (width or WIDTH) - sum(column.width + GAP for column in figures)
        if width is None or names + GAP + LEAST_MISSING <= room:
            break
    name_width = max(names if width is None else min(names, room - LEAST_MISSING - GAP), len("Total"))
    table = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold", show_footer=True)
    table.add_column("File", "Total", no_wrap=True, width=name_width)
    for column in figures:
        table.add_column(column.header, column.total, justify="right", no_wrap=True, width=column.width)
    table.add_column("Missing", "", no_wrap=True)
    for path, file in files:
        missing = _cut(words.missing(file), max(room - name_width - GAP, LEAST_MISSING))
        cells = [column.cell(file) for column in figures]
        table.add_row(Text(_ending(printable(path), name_width)), *cells, missing)
    return table


def _figures(report: Report, thresholds: tuple[float, float], *, counts: bool) -> Iterator[_Column]:
    yield from _of("Lines", report.lines, lambda file: file.lines, thresholds, counts=counts)
    if report.branch:
        yield from _of("Branches", report.branches, lambda file: file.branch, thresholds, counts=counts)


def _of(
    name: str,
    total: Ratio,
    ratio: Callable[[FileCoverage], Ratio],
    thresholds: tuple[float, float],
    *,
    counts: bool,
) -> Iterator[_Column]:
    def percent(file: FileCoverage) -> Text:
        return Text(ratio(file).text, STYLES[words.level(ratio(file), thresholds)])

    missed = _Column(
        "Miss" if counts else "Missed", f"{total.missing}", lambda file: Text(f"{ratio(file).missing}")
    )
    if counts:
        yield _Column(name, f"{total.total}", lambda file: Text(f"{ratio(file).total}"))
        yield missed
        yield _Column("Cover", total.text, percent)
    else:
        yield _Column(name, total.text, percent)
        yield missed


def _ending(name: str, width: int) -> str:
    """Shorten a name at its start, as its end is what distinguishes it."""
    return name if len(name) <= width else "..." + name[len(name) + 3 - width :]


def _cut(text: str, width: int) -> str:
    """Shorten a list of ranges between two of them, never inside a number."""
    if len(text) <= width:
        return text
    head = text[: width - 4].rpartition(",")[0]
    return f"{head}, ..." if head else "..."
