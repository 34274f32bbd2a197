"""The cells as Markdown: docs/truth.md."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from truth.cells import EXACT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from truth.annotated import Version
    from truth.cells import Cell


def render(cells: Iterable[Cell], rows: Sequence[str], columns: Sequence[str], corner: str) -> str:
    """Return the table: in each cell the Pythons for which it holds, and those for which it does not."""
    found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        found[cell.row, cell.column].append(cell)
    lines = [[corner, *columns], ["---"] * (len(columns) + 1)]
    lines += [
        [row, *(_text(found[row, column]) for column in columns)]
        for row in rows
        if any(found[row, column] for column in columns)
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _text(cells: list[Cell]) -> str:
    pythons: dict[str, list[Version]] = defaultdict(list)
    for cell in cells:
        pythons["**not**" if cell.wrong else "" if cell.how == EXACT else cell.how].append(cell.python)
    return ", ".join(f"{how} {span(versions)}".strip() for how, versions in sorted(pythons.items()))


def span(versions: Iterable[Version]) -> str:
    """Return Pythons as a person writes them, neighbours as a range."""
    runs: list[list[int]] = []
    for _, minor in sorted(set(versions)):
        if runs and minor == runs[-1][-1] + 1:
            runs[-1].append(minor)
        else:
            runs.append([minor])
    ends = ([run[0], run[-1]][: len(run)] for run in runs)
    return ", ".join("\N{EN DASH}".join(f"3.{minor}" for minor in pair) for pair in ends)


def deviations(cells: Iterable[Cell]) -> Iterator[str]:
    """Yield each sentence once for its row, with the columns and Pythons for which it is said."""
    columns: dict[str, dict[str, None]] = defaultdict(dict)
    where: dict[tuple[str, str], list[Cell]] = defaultdict(list)
    for cell in cells:
        columns[cell.row][cell.column] = None
        for sentence in cell.wrong:
            where[cell.row, sentence].append(cell)
    for (row, sentence), at in sorted(where.items()):
        these = dict.fromkeys(cell.column for cell in at)
        everywhere = len(these) > 1 and len(these) == len(columns[row])
        places = "everywhere" if everywhere else "; ".join(these)
        yield f"{row} ({places}; {span(cell.python for cell in at)}): {sentence}"
