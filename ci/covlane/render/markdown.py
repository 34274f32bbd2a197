"""The report for a job summary."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from covlane.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import Report

#: Rows of the table; GitHub cuts a summary at 1 MiB.
MOST_ROWS = 100


def summary(report: Report) -> str:
    """Return the report as Markdown: the totals first, then what is incomplete, then the files."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    yield f"**Coverage: {words.headline(report)}**"
    yield ""
    yield f"Legs: {escape(words.legs(report))}"
    yield ""
    reasons = [f"incomplete: {reason}" for reason in report.incomplete]
    items = [*words.components(report), *words.by_leg(report), *reasons]
    yield from (f"- {escape(item)}" for item in items)
    if items:
        yield ""
    files = words.by_missing(report)
    if files:
        branches = (" Branches | Missed |", " ---: | ---: |") if report.branch else ("", "")
        yield f"| File | Lines | Missed |{branches[0]} Missing |"
        yield f"| :--- | ---: | ---: |{branches[1]} :--- |"
    for path, file in files[:MOST_ROWS]:
        cells = [escape(path), file.lines.text, str(file.lines.missing)]
        cells += [file.branch.text, str(file.branch.missing)] if report.branch else []
        yield f"| {' | '.join(cells)} | {escape(_short(words.missing(file)))} |"
    if folded := files[MOST_ROWS:]:
        yield f"\n{len(folded)} more files miss fewer lines."


def _short(text: str, most: int = 120) -> str:
    return text if len(text) <= most else text[:most].rpartition(",")[0] + ", ..."


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, mention, link, table cell or line of its own.

    GitHub looks for mentions and for numbers of issues after it has decoded entities and backslashes, so an
    invisible space breaks these apart.
    """
    text = "".join(char if char.isprintable() else " " for char in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", text)
    text = re.sub(r"[@#](?=\w)", r"\g<0>&#8203;", text)
    return re.sub(r"://|www\.", lambda link: link[0].replace(":", "&#58;").replace(".", "&#46;"), text)
