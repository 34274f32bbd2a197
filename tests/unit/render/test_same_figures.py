"""One report, six outputs, one set of figures: each is parsed by itself and counted anew."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import pytest
from lxml import etree

import data_words
from covlane.formats import cobertura, lcov, slipcover
from covlane.render import markdown, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from covlane.model.report import Report

REPORTS = {
    "typical": "a.py: 1+ 2- 3+ 5+ 1>2- 1>3+ 3>0+\npkg/b.py: 1- 2- 1>2- 1>0-\npkg/sub/c.py: 1+\nempty.py:",
    "almost all": "a.py: 1..99999+ 100000- 5>7+ 5>0-\nb.py: 1..50000+",
    "nothing ran": "a.py: 1..7- 1>2- 1>3-",
    "everything ran": "a.py: 1..7+ 1>2+ 1>3+",
    "nothing": "",
}


class Figures(NamedTuple):
    """What every output says of a report."""

    lines: int
    lines_covered: int
    branches: int
    branches_covered: int


def of_headline(text: str) -> Figures:
    found = re.search(r"of lines \(([\d,]+)/([\d,]+)\), \S+ of branches \(([\d,]+)/([\d,]+)\)", text)
    assert found
    counts = [int(count.replace(",", "")) for count in found.groups()]
    return Figures(counts[1], counts[0], counts[3], counts[2])


def shown(report: Report) -> str:
    out = io.StringIO()
    terminal.show(report, out, plain=True)
    return out.getvalue()


def of_table(report: Report) -> Figures:
    """Read the total row: lines, missing, per cent, branches, missing, per cent."""
    (row,) = [line.split() for line in shown(report).splitlines() if line.startswith("Total")]
    lines, missed, branches, untaken = (int(row[cell]) for cell in (1, 2, 4, 5))
    return Figures(lines, lines - missed, branches, branches - untaken)


def of_xml_totals(report: Report) -> Figures:
    root = etree.fromstring("".join(cobertura.write(report, "1")).encode())
    names = ("lines-valid", "lines-covered", "branches-valid", "branches-covered")
    return Figures(*(int(root.get(name)) for name in names))


def of_xml_lines(report: Report) -> Figures:
    root = etree.fromstring("".join(cobertura.write(report, "1")).encode())
    hits = [int(line.get("hits")) for line in root.iter("line")]
    shares = re.findall(r"\((\d+)/(\d+)\)", " ".join(root.xpath("//@condition-coverage")))
    return Figures(
        len(hits), sum(hits), sum(int(total) for _, total in shares), sum(int(taken) for taken, _ in shares)
    )


def of_lcov_totals(report: Report) -> Figures:
    sums: Counter[str] = Counter()
    for kind, count in re.findall(r"^(LF|LH|BRF|BRH):(\d+)$", "".join(lcov.write(report)), re.MULTILINE):
        sums[kind] += int(count)
    return Figures(sums["LF"], sums["LH"], sums["BRF"], sums["BRH"])


def of_lcov_records(report: Report) -> Figures:
    text = "".join(lcov.write(report))
    hits = re.findall(r"^DA:\d+,(\d)$", text, re.MULTILINE)
    taken = re.findall(r"^BRDA:\d+,0,\d+,([-\d])$", text, re.MULTILINE)
    return Figures(len(hits), hits.count("1"), len(taken), taken.count("1"))


def of_json_summary(report: Report) -> Figures:
    summary = json.loads(slipcover.write_report(report, "1"))["summary"]
    lines, branches = summary["covered_lines"], summary["covered_branches"]
    return Figures(lines + summary["missing_lines"], lines, branches + summary["missing_branches"], branches)


def of_json_lists(report: Report) -> Figures:
    files = json.loads(slipcover.write_report(report, "1"))["files"].values()
    ran, missed, taken, untaken = (
        sum(len(file[f"{what}_{kind}"]) for file in files)
        for kind in ("lines", "branches")
        for what in ("executed", "missing")
    )
    return Figures(ran + missed, ran, taken + untaken, taken)


def of_terminal(report: Report) -> Figures:
    return of_headline(shown(report))


def of_markdown(report: Report) -> Figures:
    return of_headline(markdown.summary(report))


@pytest.mark.parametrize(
    "read",
    [
        of_terminal,
        of_table,
        of_markdown,
        of_xml_totals,
        of_xml_lines,
        of_lcov_totals,
        of_lcov_records,
        of_json_summary,
        of_json_lists,
    ],
)
@pytest.mark.parametrize("words", REPORTS.values(), ids=REPORTS)
def test_every_output_has_the_report_s_figures(words: str, read: Callable[[Report], Figures]) -> None:
    report = data_words.report(words)
    lines, branches = report.lines, report.branches
    assert read(report) == Figures(lines.total, lines.covered, branches.total, branches.covered)


@pytest.mark.parametrize("words", REPORTS.values(), ids=REPORTS)
def test_terminal_and_markdown_show_the_same_percentages(words: str) -> None:
    report = data_words.report(words)

    def percentages(text: str) -> list[str]:
        return re.findall(r"(\S+) of (?:lines|branches)", text.replace("**", " "))

    found = percentages(shown(report))
    assert len(found) == 2
    assert found == percentages(markdown.summary(report))


@pytest.mark.parametrize("words", [words for words in REPORTS.values() if words])
def test_the_rate_of_the_xml_is_the_percentage_of_the_table(words: str) -> None:
    report = data_words.report(words)
    rate = etree.fromstring("".join(cobertura.write(report, "1")).encode()).get("line-rate")
    assert f"{float(rate):.2%} of lines" in shown(report)
