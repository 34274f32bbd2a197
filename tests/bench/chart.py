"""Results as a picture: how long a leg, SlipCover and coverage.py take beside bare pytest."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import jinja2

from bench.cases import BARE_FORKED, FIRST, LATER, PYTEST_COV, SLIPCOVER
from bench.document import ordered
from covlane.render.html import templates

if TYPE_CHECKING:
    from bench.results import Results, Table

#: The tools that are drawn, and the class that gives their bars a colour.
DRAWN = {
    LATER: "later",
    FIRST: "first",
    SLIPCOVER: "slipcover",
    PYTEST_COV: "coverage",
    BARE_FORKED: "forked",
}
WIDTH, LEFT, RIGHT = 760, 150, 700
BAR, GAP, TITLE = 11, 8, 30
#: Bars end here: what is slower would make all others too short to compare. Its figure stands behind it.
MOST = 8.0


class Bar(NamedTuple):
    """A tool: its place from the top, its bar's length and its figure."""

    kind: str
    y: float
    width: float
    figure: str


class Group(NamedTuple):
    """A mode of a case; `title` is the case's, where this is the first of it."""

    title: str
    mode: str
    y: float
    bars: list[Bar]


def chart(results: Results) -> str:
    """Return the picture, as SVG for light and for dark, of the Python with the most tables, the newest such.

    An empty string where nothing was measured.
    """
    if not results.tables:
        return ""
    tables = ordered(results.tables)
    counts = Counter(table.python for table in tables)
    python = max(counts, key=lambda each: (counts[each], [int(part) for part in each.split(".")]))
    shown = [table for table in tables if table.python == python]
    drawn = [table.ratios(tool).wall for table in shown for tool in DRAWN if table.timed(tool)]
    longest = min(MOST, max([1.0, *drawn]))
    scale = (RIGHT - LEFT) / longest
    groups, height = _groups(shown, scale)
    environment = templates.environment().overlay(loader=jinja2.FileSystemLoader(Path(__file__).parent))
    return environment.get_template("chart.svg.j2").render(
        title=f"Seconds of each tool, times those of bare pytest, Python {python}",
        legend=_legend(),
        ticks=[
            (round(LEFT + scale * tick, 1), f"{tick}\N{MULTIPLICATION SIGN}")
            for tick in range(int(longest) + 1)
        ],
        groups=groups,
        bar=BAR,
        left=LEFT,
        width=WIDTH,
        height=height,
    )


def _legend() -> list[tuple[str, str, int]]:
    """Return each tool's class, name and place from the left, by the width that its name has about."""
    found, x = [], 12
    for tool, kind in DRAWN.items():
        found.append((kind, tool, x))
        x += 44 + 6 * len(tool)
    return found


def _groups(tables: list[Table], scale: float) -> tuple[list[Group], float]:
    """Return what is drawn, one below the other, and how high that is."""
    found, y = [], 76.0
    for case, own in groupby(tables, lambda table: table.case):
        title = case
        y += GAP
        for table in own:
            ratios = {kind: table.ratios(tool).wall for tool, kind in DRAWN.items() if table.timed(tool)}
            bars = [
                Bar(
                    kind,
                    y + (BAR + 1) * at,
                    round(scale * min(ratio, MOST), 1),
                    f"{ratio:.2f}{', cut' * (ratio > MOST)}",
                )
                for at, (kind, ratio) in enumerate(ratios.items())
            ]
            found.append(Group(title, table.mode, y, bars))
            y += (BAR + 1) * len(bars) + GAP
            title = ""
    return found, y
