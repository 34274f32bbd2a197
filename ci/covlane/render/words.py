"""Phrases that every output shares, so that none of them tells another story."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.model.lines import ranges

if TYPE_CHECKING:
    from covlane.model.report import FileCoverage, Report


def missing(file: FileCoverage) -> str:
    """Return the missing lines as ranges, then the branches between covered lines that were never taken."""
    not_run = file.executable & ~file.executed
    parts = [f"{a}" if a == b else f"{a}-{b}" for a, b in ranges(not_run, file.executed)]
    for line, target in sorted(file.branches - file.taken):
        if file.executed >> line & 1 and not not_run >> target & 1:
            parts.append(f"{line}->{target or 'exit'}")
    return ", ".join(parts)


def by_missing(report: Report) -> list[tuple[str, FileCoverage]]:
    """Return the files with something missing, most missing first."""
    files = [(path, file) for path, file in report.files.items() if file.lines.missing or file.branch.missing]
    return sorted(files, key=lambda item: (-item[1].lines.missing, -item[1].branch.missing, item[0]))


def headline(report: Report) -> str:
    """Return the totals in one line; an incomplete report says so before any figure."""
    lines, branches = report.lines, report.branches
    text = f"{lines.text} of lines ({lines.covered:,}/{lines.total:,})"
    if report.branch:
        text += f", {branches.text} of branches ({branches.covered:,}/{branches.total:,})"
    return ("INCOMPLETE: " if report.incomplete else "") + text


def legs(report: Report) -> str:
    """Return the legs that are in the report."""
    return ", ".join(stamp.leg for stamp in report.legs) or "no leg"
