"""The report for a job summary; names of files cannot make it say anything else."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING

import pytest
from markdown_it import MarkdownIt

import data_words
from covlane.render.escaping import escape
from covlane.render.markdown import summary
from golden_file import golden

if TYPE_CHECKING:
    from covlane.model.report import Report

TYPICAL = {
    "pkg/whole.py": "1..9+ 1>2+ 1>0+",
    "pkg/__init__.py": "1..40+ 41..44- 50+ 60- 61- 7>9- 7>8+ 20>0-",
    "pkg/branches.py": "1+ 2+ 4+ 1>2+ 1>4-",
    "pkg/scattered.py": " ".join(f"{line}{'+' if line % 2 else '-'}" for line in range(1, 120)),
}
HOSTILE = [
    "a|b.py",
    "a\\|b.py",
    "a`b`.py",
    "<script>alert(1)</script>.py",
    "<img src=x>.py",
    "<!-- a.py",
    "&lt;a.py",
    "[a](b).py",
    "![a](b).py",
    "**a**.py",
    "__init__.py",
    "~~a~~.py",
    "# a.py",
    "$a_1$.py",
    "a\\.py",
    "</td></table>a.py",
]


def html(text: str) -> str:
    """Return what a Markdown reader makes of it; raw HTML would stand in it as it is."""
    return str(MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(text))


def cells(report: Report) -> list[list[str]]:
    """Return the rows of the table as a Markdown reader shows them."""
    rows = re.findall(r"<tr>(.*?)</tr>", html(summary(report)), re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row, re.DOTALL)] for row in rows[1:]]


def test_a_summary_is_as_its_golden_file_has_it() -> None:
    report = data_words.report(
        TYPICAL,
        legs=("coverage-3.11", "coverage-3.12"),
        incomplete=('coverage-3.9 did not run here; run `nox -s "coverage-3.9"`',),
    )
    assert summary(report) == golden("summary.md")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_shown_as_it_is(name: str) -> None:
    assert cells(data_words.report({name: "1-"})) == [[name, "0.00%", "1", "-", "0", "1"]]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_reason_is_shown_as_it_is(name: str) -> None:
    shown = html(summary(data_words.report("", incomplete=(name,))))
    assert f"<li>incomplete: {name}</li>" in unescape(shown)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_leg_s_name_is_shown_as_it_is(name: str) -> None:
    shown = html(summary(data_words.report("", legs=(name,))))
    assert f"<p>Legs: {name}</p>" in unescape(shown)


@pytest.mark.parametrize("name", ["<script>x</script>", "<img src=x>", "<!-- x", "</td></table>x"])
def test_no_name_becomes_html(name: str) -> None:
    shown = html(summary(data_words.report({name: "1-"}, incomplete=(name,), legs=(name,))))
    assert set(re.findall(r"</?(\w+)", shown)) <= {
        "p",
        "strong",
        "ul",
        "li",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    assert "<!--" not in shown


@pytest.mark.parametrize("character", ["<", ">"])
def test_no_angle_bracket_is_left_to_a_reader_s_kindness(character: str) -> None:
    assert character not in escape(f"a{character}b")


@pytest.mark.parametrize("character", ["\n", "\r", "\x0b", "\x85", "\u2028", "\x00", "\x1b", "\udcff"])
def test_a_control_character_is_a_space(character: str) -> None:
    assert cells(data_words.report({f"a{character}| b |.py": "1-"}))[0][0] == "a | b |.py"


@pytest.mark.parametrize("mark", ["@", "#"])
def test_a_name_mentions_nobody_and_no_issue(mark: str) -> None:
    shown = unescape(html(escape(f"a/{mark}12a")))
    assert not re.search(r"[@#]\w", shown)
    assert shown.replace("\N{ZERO WIDTH SPACE}", "") == f"<p>a/{mark}12a</p>\n"


@pytest.mark.parametrize("link", ["https://a.example/x.py", "www.a.example/x.py", "ftp://a.example"])
def test_a_name_is_no_link(link: str) -> None:
    assert link not in escape(link)
    assert unescape(html(escape(link))) == f"<p>{link}</p>\n"


def test_a_report_without_branches_has_no_column_for_them() -> None:
    assert cells(data_words.report("a.py: 1+ 2-", branch=False)) == [["a.py", "50.00%", "1", "2"]]


def test_a_report_with_nothing_missing_has_no_table() -> None:
    assert "|" not in summary(data_words.report("a.py: 1+"))


def test_almost_everything_never_reads_100() -> None:
    text = summary(data_words.report("a.py: 1..99999+ 100000-"))
    assert "99.99% of lines (99,999/100,000)" in text
    assert "100.00%" not in text


def test_an_incomplete_report_says_so_before_any_figure() -> None:
    text = summary(data_words.report("a.py: 1+", incomplete=("a leg is missing",)))
    assert text.startswith("**Coverage: INCOMPLETE: 100.00% of lines")


def test_each_reason_is_an_item_of_a_list() -> None:
    shown = html(summary(data_words.report("a.py: 1+", incomplete=("one", "two"))))
    assert re.findall("<li>(.*)</li>", shown) == ["incomplete: one", "incomplete: two"]


def test_a_complete_report_does_not_speak_of_incompleteness() -> None:
    assert "incomplete" not in summary(data_words.report("a.py: 1-")).lower()


def test_a_long_report_is_folded() -> None:
    report = data_words.report({f"m{n:03}.py": "1-" for n in range(107)})
    assert len(cells(report)) == 100
    assert summary(report).endswith("\n\n7 more are left out here.\n\n</details>\n")


def test_a_long_list_of_lines_ends_between_two_of_them() -> None:
    scattered = " ".join(f"{line}{'+' if line % 2 else '-'}" for line in range(1, 2000))
    shown = cells(data_words.report({"a.py": scattered}))[0][-1]
    *kept, last = shown.split(", ")
    assert last == "..."
    assert [int(line) for line in kept] == list(range(2, 2 * len(kept) + 1, 2))


def test_a_report_of_nothing_is_said_to_be_that() -> None:
    assert "- of lines (0/0)" in summary(data_words.report(""))
