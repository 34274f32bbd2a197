"""The overview: totals, components, trend, and the data of the table, which the browser makes row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from covlane.model.report import Ratio
from covlane.render import words
from covlane.render.html import templates, treemap
from covlane.render.html.page import address
from covlane.render.html.treemap import Hotspots
from covlane.render.verdict import title

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from markupsafe import Markup

    from covlane.model.report import Report
    from covlane.model.verdict import GateResult, Verdict

#: Static files of the site.
ASSETS = ("site.css", "page.js", "overview.js")
Counts = tuple[int, int]
NOTHING = Hotspots()


class _Gates(NamedTuple):
    """Gates with one outcome; passed and skipped ones are folded."""

    name: str
    gates: list[GateResult]
    folded: bool


def render(
    report: Report,
    verdict: Verdict | None,
    trend: Markup | None,
    thresholds: tuple[float, float],
    hotspots: Hotspots = NOTHING,
) -> str:
    """Return index.html; a verdict adds its gates and changed statements; the trend is an SVG."""
    return templates.get("index.html.j2").render(
        report=report,
        headline=words.headline(report),
        totals=list(_totals(report, verdict, thresholds)),
        verdict=verdict,
        # Without the emoji, which some fonts lack.
        outcome=words.OUTCOMES[verdict.outcome].partition(" ")[2] if verdict else "",
        gates=list(_gates(verdict)) if verdict else [],
        title=title,
        level=lambda ratio: words.level(ratio, thresholds),
        when=words.when(report.timestamp),
        legs=words.legs(report),
        commit=next((stamp.commit for stamp in report.legs if stamp.commit), None),
        sentences=words.by_leg(report),
        components=[(component, report.part(component)) for component in report.components],
        differing=_differing(report),
        patched=verdict is not None,
        trend=trend,
        treemap=treemap.draw(report.files, hotspots, thresholds),
        hotspots=hotspots,
        visible=words.printable,
    )


def data(
    report: Report,
    verdict: Verdict | None,
    thresholds: tuple[float, float],
    hotspots: Hotspots = NOTHING,
    tests: Mapping[str, int] | None = None,
) -> str:
    """Return data.js: a script, because a page opened from disk cannot fetch; ASCII, without markup characters.

    `tests` is the number of each file's tests, where it is known.
    """
    document = {
        "branch": report.branch,
        "patched": verdict is not None,
        "ranked": bool(hotspots.ranks),
        "tested": tests is not None,
        "thresholds": thresholds,
        "rows": list(_rows(report, verdict, hotspots, tests or {})),
    }
    return f"const COVLANE = {templates.script(document)};\n"


def _rows(
    report: Report, verdict: Verdict | None, hotspots: Hotspots, tests: Mapping[str, int]
) -> Iterator[tuple[object, ...]]:
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
            hotspots.ranks.get(path, 0),
            tests.get(path, 0),
        )


def _gates(verdict: Verdict) -> Iterator[_Gates]:
    for outcome in ("fail", "incomplete", "skipped", "pass"):
        name = {"skipped": "Not judged", "pass": "Passed"}.get(outcome, "")
        yield _Gates(name, [gate for gate in verdict.gates if gate.outcome == outcome], folded=bool(name))


def _totals(
    report: Report, verdict: Verdict | None, thresholds: tuple[float, float]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield name, percentage, counts with the baseline's percentage, and level."""
    line, branch = (verdict.total.line_before, verdict.total.branch_before) if verdict else (None, None)
    rows = [("Lines", report.lines, line)]
    rows += [("Branches", report.branches, branch)] if report.branch else []
    rows += [("Changed statements", verdict.patch.statements, None)] if verdict else []
    for name, ratio, former in rows:
        if ratio.total:
            yield name, ratio.text, _counted(ratio, former), words.level(ratio, thresholds)
    complete = len(report.files) - len(words.by_missing(report))
    yield "Files", f"{len(report.files):,}", f"{complete:,} fully covered", ""


def _counted(ratio: Ratio, before: Ratio | None) -> str:
    return f"{ratio.covered:,} of {ratio.total:,}" + (f", before {before.text}" if before else "")


def _counts(ratio: Ratio) -> Counts:
    return ratio.covered, ratio.total


def _differing(report: Report) -> list[str]:
    """Return the legs that ran a line which some other leg did not."""
    return sorted(
        {
            leg
            for shares in report.disputed.values()
            for share in shares
            if share.executed
            for leg in share.legs
        }
    )
