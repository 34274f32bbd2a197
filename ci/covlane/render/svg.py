"""SVG images for a README and the overview: a badge and a trend, without a service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup

from covlane.render import words
from covlane.render.html import templates

if TYPE_CHECKING:
    from collections.abc import Sequence

    from covlane.model.report import Ratio, Report

LABEL = "coverage"
#: White text on each has a contrast of 5:1 or more.
COLOURS = {"low": "b42318", "middling": "7d4e00", "high": "1a7f37", "": "57606a"}
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 180, 48, 510, 12, 148
#: The least distance of the labels of two lines, so that they do not overlap.
APART = 14


class Point(NamedTuple):
    """Coverage at one commit; branch is None if branches were not measured."""

    name: str
    line: Ratio
    branch: Ratio | None


class _Series(NamedTuple):
    name: str
    path: str
    last: str
    y: float
    dashes: bool


def badge(report: Report, thresholds: tuple[float, float]) -> str:
    """Return a badge with the line coverage as SVG."""
    message, colour = _message(report, thresholds)
    left, right = (round(6.8 * len(text)) + 12 for text in (LABEL, message))
    return templates.get("badge.svg.j2").render(
        label=LABEL, message=message, colour=colour, left=left, right=right
    )


def endpoint(report: Report, thresholds: tuple[float, float]) -> str:
    """Return the JSON for shields.io's endpoint badge (https://shields.io/badges/endpoint-badge)."""
    message, colour = _message(report, thresholds)
    return json.dumps({"schemaVersion": 1, "label": LABEL, "message": message, "color": colour}) + "\n"


def _message(report: Report, thresholds: tuple[float, float]) -> tuple[str, str]:
    if report.incomplete:
        return f"incomplete, {report.lines.text}", COLOURS[""]
    return report.lines.text, COLOURS[words.level(report.lines, thresholds)]


def trend(points: Sequence[Point], *, style: bool) -> Markup | None:
    """Return the last commits' coverage as SVG; None for fewer than two.

    Args:
        points: oldest first; those without executable lines are left out.
        style: include colours for light and dark; a page brings its own.
    """
    points = [point for point in points if point.line.total]
    if len(points) < 2:  # noqa: PLR2004
        return None
    rates = {"lines": [_percent(point.line) for point in points]}
    branches = [point.branch for point in points if point.branch and point.branch.total]
    if len(branches) == len(points):
        rates["branches"] = [_percent(ratio) for ratio in branches]
    low = max(0, 5 * int(min(map(min, rates.values())) // 5) - 5)
    drawn: list[_Series] = []
    for name, values in rates.items():
        places = [
            (LEFT + (RIGHT - LEFT) * at / (len(values) - 1), _y(value, low))
            for at, value in enumerate(values)
        ]
        y = places[-1][1]
        if drawn and abs(y - drawn[0].y) < APART:
            y = drawn[0].y + (APART if y >= drawn[0].y else -APART)
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        last = points[-1].line if name == "lines" else branches[-1]
        drawn.append(_Series(name, path, last.text, round(y, 1), dashes=bool(drawn)))
    figures = ", ".join(f"{series.name} {series.last}" for series in drawn)
    text = templates.get("trend.svg.j2").render(
        title=f"Coverage of the last {len(points)} commits, now {figures}",
        axes=[(round(_y(value, low), 1), f"{value:g}%") for value in (low, (low + 100) / 2, 100)],
        drawn=drawn,
        first=words.printable(points[0].name),
        last=words.printable(points[-1].name),
        style=style,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
    )
    return Markup(text)  # noqa: S704 - the template escapes it


def _percent(ratio: Ratio) -> float:
    return 100 * ratio.covered / ratio.total


def _y(value: float, low: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * (value - low) / (100 - low)
