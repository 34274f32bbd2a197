"""The overview: totals, components, trend, and the data of the table, which the browser makes row by row."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from covlane.model.report import Ratio
from covlane.render import words
from covlane.render.html import templates
from covlane.render.html.page import address

if TYPE_CHECKING:
    from collections.abc import Iterator

    from markupsafe import Markup

    from covlane.model.report import Report
    from covlane.model.verdict import Verdict

#: What stands beside the pages as it is.
ASSETS = ("site.css", "page.js", "overview.js")
Counts = tuple[int, int]


def render(report: Report, verdict: Verdict | None, trend: Markup | None) -> str:
    """Return index.html; a verdict adds what was changed, a trend is an SVG."""
    return templates.get("index.html.j2").render(
        report=report,
        headline=words.headline(report),
        totals=list(_totals(report, verdict)),
        legs=words.legs(report),
        commit=next((stamp.commit for stamp in report.legs if stamp.commit), None),
        sentences=words.by_leg(report),
        components=[(component, report.part(component)) for component in report.components],
        differing=_differing(report),
        patched=verdict is not None,
        trend=trend,
        visible=words.printable,
    )


def data(report: Report, verdict: Verdict | None, thresholds: tuple[float, float]) -> str:
    """Return data.js, a script because a page from a disk may fetch nothing; ASCII, and no markup in it."""
    document = {
        "branch": report.branch,
        "patched": verdict is not None,
        "thresholds": thresholds,
        "rows": list(_rows(report, verdict)),
    }
    text = json.dumps(document, separators=(",", ":"))
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return f"const COVLANE = {text};\n"


def _rows(report: Report, verdict: Verdict | None) -> Iterator[tuple[object, ...]]:
    patch = {file.path: file for file in verdict.patch.files} if verdict else {}
    legs = {leg: index for index, leg in enumerate(_differing(report))}
    for path, file in report.files.items():
        changed = patch.get(path)
        yield (
            words.printable(path),
            address(path),
            _counts(file.lines),
            _counts(file.branch),
            _counts(changed.statements if changed else Ratio(0, 0)),
            [index for index, component in enumerate(report.components) if component.holds(path)],
            sorted(
                legs[leg] for share in report.disputed.get(path, ()) if share.executed for leg in share.legs
            ),
            int(changed is not None),
        )


def _totals(report: Report, verdict: Verdict | None) -> Iterator[tuple[str, str, str]]:
    """Yield name, percentage and counts, with what they were in the baseline."""
    before = (verdict.total.line_before, verdict.total.branch_before) if verdict else (None, None)
    yield "Lines", report.lines.text, _said(report.lines, before[0])
    if report.branch:
        yield "Branches", report.branches.text, _said(report.branches, before[1])
    if verdict and (patch := verdict.patch.statements).total:
        yield "Changed statements", patch.text, _said(patch, None)
    yield (
        "Files",
        f"{len(report.files):,}",
        f"{len(report.files) - len(words.by_missing(report)):,} covered completely",
    )


def _said(ratio: Ratio, before: Ratio | None) -> str:
    return f"{ratio.covered:,} of {ratio.total:,}" + (f", before {before.text}" if before else "")


def _counts(ratio: Ratio) -> Counts:
    return ratio.covered, ratio.total


def _differing(report: Report) -> list[str]:
    """Return the legs that ran a line which not all ran."""
    return sorted(
        {
            leg
            for shares in report.disputed.values()
            for share in shares
            if share.executed
            for leg in share.legs
        }
    )
