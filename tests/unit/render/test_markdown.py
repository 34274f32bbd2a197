"""The report for a job summary; names of files cannot make it say anything else."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import data_words
import sample_site
from covlane.model.baseline import Baseline, Counts
from covlane.model.report import Ratio
from covlane.model.verdict import GateResult, Patch, PatchFile, Total
from covlane.render.escaping import blob, escape, run
from covlane.render.markdown import COMMENT, SUMMARY, Context, comment, summary
from golden_file import golden

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.model.report import Report

TYPICAL = {
    "pkg/whole.py": "1..9+ 1>2+ 1>0+",
    "pkg/__init__.py": "1..40+ 41..44- 50+ 60- 61- 7>9- 7>8+ 20>0-",
    "pkg/branches.py": "1+ 2+ 4+ 1>2+ 1>4-",
    "pkg/scattered.py": " ".join(f"{line}{'+' if line % 2 else '-'}" for line in range(1, 120)),
}
TABLE = ("table", "thead", "tbody", "tr", "th", "td")
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


REFERENCES = re.compile(r"(?i)[@#]\w|\bgh-\d|\b[0-9a-f]{7,}\b|(?<![^\s(])\$\S|:[\w+-]+:", re.ASCII)


@pytest.mark.parametrize(
    "text",
    [
        "GH-1",
        "gh-12 and (GH-3)",
        "a_GH-1.py",
        "team/calc#12",
        "0123456789abcdef0123456789abcdef01234567",
        "src/0123456789ABCDEF0123456789ABCDEF01234567.py",
        "a_0123456_b",
        "team/calc@0123456789abcdef0123456789abcdef01234567",
        "f" * 64,
        "1234567",
        "$x$",
        "costs $5 and $6",
        "$$x$$",
        "$`x`$",
        ":tada:",
        "a:+1:b",
        "::warning:: :heavy_check_mark::tada:",
    ],
)
def test_a_text_is_no_reference_formula_or_emoji(text: str) -> None:
    shown = unescape(html(escape(text)))
    assert shown.replace("\N{ZERO WIDTH SPACE}", "") == f"<p>{text}</p>\n"
    assert not REFERENCES.search(re.sub("</?p>", "", shown))
    assert "$" not in escape(text)


@pytest.mark.parametrize("text", ["a1b2c3", "decade of facades", "12:30", "a: b", "x::y", "GH-", "gh1"])
def test_a_text_that_is_no_reference_stays_whole(text: str) -> None:
    assert unescape(html(escape(text))) == f"<p>{text}</p>\n"


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
    assert summary(report).endswith("\n\n7 more are not shown.\n\n</details>\n")


def test_a_long_list_of_lines_ends_between_two_of_them() -> None:
    scattered = " ".join(f"{line}{'+' if line % 2 else '-'}" for line in range(1, 2000))
    shown = cells(data_words.report({"a.py": scattered}))[0][-1]
    *kept, last = shown.split(", ")
    assert last == "..."
    assert [int(line) for line in kept] == list(range(2, 2 * len(kept) + 1, 2))


def test_a_report_of_nothing_is_said_to_be_that() -> None:
    assert "- of lines (0/0)" in summary(data_words.report(""))


# With a verdict


BLOB = blob("https://github.example/team/calc", data_words.COMMIT)
BEFORE = Baseline(
    commit="f" * 40,
    timestamp=data_words.WHEN,
    branch=True,
    legs={},
    engine="slipcover",
    settings={},
    model="slipcover 1",
    files={"src/pkg/shapes.py": Counts(17, 17, 8, 8), "src/web/gone.py": Counts(0, 4, 0, 0)},
)
FAILED = GateResult(
    name="patch",
    metric="statement",
    subject="",
    measured=Ratio(5, 8),
    threshold="80",
    outcome="fail",
    reason="62.50% of changed statements (5/8) is below 80%: cover 2 more statements",
)


def judged(**changes: object) -> Context:
    """Return what is told of a verdict."""
    return Context(sample_site.verdict(**{"gates": (FAILED,), **changes}), BEFORE, BLOB)


def test_a_verdict_comes_first_and_links_to_the_lines(tmp_path: Path) -> None:
    text = summary(sample_site.report(tmp_path), judged())
    assert text == golden("verdict.md")


def test_a_comment_is_as_its_golden_file_has_it() -> None:
    told = replace(judged(), run=run("https://github.example/team/calc", "17"), session="covlane-coverage")
    assert comment(told) == golden("comment.md")


@pytest.mark.parametrize("number", ["", "1/../2", "1)", "9" * 21])
def test_what_is_no_run_makes_no_link(number: str) -> None:
    told = replace(judged(), blob="", run=run("https://github.example/team/calc", number))
    assert "](" not in comment(told)


@pytest.mark.parametrize("base", ["", "main", "`@octocat`", "F" * 40, "f" * 40 + "\n"])
def test_a_base_that_is_no_commit_is_in_no_command(base: str) -> None:
    for text in (comment(judged(base=base)), summary(data_words.report("a.py: 1-"), judged(base=base))):
        assert text.endswith("and `invoke gate`\n")


def test_the_session_of_a_command_has_its_own_name() -> None:
    told = replace(judged(), session="covlane-coverage")
    assert "`nox -s covlane-coverage`" in summary(data_words.report("a.py: 1-"), told)


def many(count: int) -> tuple[Report, Context]:
    """Return a report on many files with long names, all of them changed and none covered."""
    names = [f"src/{'long_' * 20}{n:05}.py" for n in range(count)]
    patch = Patch(
        statements=Ratio(0, count),
        files=tuple(PatchFile(path=name, statements=Ratio(0, 1), missing=((1, 1),)) for name in names),
    )
    return data_words.report(dict.fromkeys(names, "1-")), judged(patch=patch)


@pytest.mark.parametrize(
    ("budget", "tier"),
    [
        (SUMMARY, "9,900 more are not shown."),
        (COMMENT // 4, "9,988 more are not shown."),
        (2000, "do not fit"),
    ],
)
def test_what_has_no_room_is_left_out_and_said_so(budget: int, tier: str) -> None:
    text = summary(*many(10_000), budget)
    assert len(text.encode()) <= budget
    assert text.startswith("**❌ Coverage fails: patch: 62.50% of changed statements")
    assert tier in text
    assert text.count("<details>") == text.count("</details>")


def test_a_comment_with_little_room_has_few_rows_and_one_without_room_says_where_all_of_it_is() -> None:
    told = replace(many(10_000)[1], run=run("https://github.example/team/calc", "17"))
    there = "[the run's summary](https://github.example/team/calc/actions/runs/17)"
    for budget in (2_000, 700):
        text = comment(told, budget)
        assert len(text.encode()) <= budget
        assert "do not fit here" in text or "not shown" in text
        assert there in text
        assert (text.count("\n") == 1) == (budget == 700)


def test_a_comment_has_room_for_a_large_change() -> None:
    assert len(summary(*many(10_000), COMMENT).encode()) <= COMMENT


@pytest.mark.parametrize(
    ("changes", "first"),
    [
        (
            {"outcome": "pass", "gates": ()},
            "✅ Coverage passes: 62.50% of changed statements (5/8), 50.00% of lines (1/2)",
        ),
        (
            {"outcome": "pass", "gates": (), "patch": Patch(note="nothing changed")},
            "✅ Coverage passes: 50.00% of lines",
        ),
        (
            {"outcome": "incomplete", "incomplete": ("coverage-3.9 is missing",)},
            "⚠️ Coverage is incomplete: coverage-3.9 is missing",
        ),
        ({"gates": (FAILED,) * 3}, "cover 2 more statements; and 2 more gates"),
    ],
)
def test_the_first_line_is_the_verdict(changes: dict[str, object], first: str) -> None:
    shown = unescape(html(summary(data_words.report("a.py: 1+ 2-", branch=False), judged(**changes))))
    assert first in shown.split("</p>")[0]


ODD = [
    *HOSTILE,
    "a/@team/#12.py",
    "a\n# b.py",
    "a\u202eb.py",
    "](https://a.example).py",
    "a b(c).py",
    "é%20.py",
    "\udcff.py",
]


@pytest.mark.parametrize("name", ODD)
def test_a_name_leads_to_its_own_file_and_nowhere_else(name: str) -> None:
    patch = Patch(
        statements=Ratio(0, 1), files=(PatchFile(path=name, statements=Ratio(0, 1), missing=((3, 4),)),)
    )
    gate = msgspec.structs.replace(FAILED, subject=name, reason=f"{name} is below 80%")
    text = summary(data_words.report({name: "3..4-"}), judged(patch=patch, gates=(gate,), incomplete=(name,)))
    shown = html(text)
    links = re.findall(r'<a href="([^"]*)"', shown)
    place = BLOB + quote(name.encode("utf-8", "surrogateescape"))
    assert {unescape(link) for link in links} == {place, f"{place}#L3-L4"}
    assert set(re.findall(r"</?(\w+)", shown)) <= {"p", "strong", "ul", "li", "a", "code", *TABLE}
    assert not re.search(r"[@#](?=[A-Za-z0-9])", re.sub(r'href="[^"]*"', "", unescape(shown)))
    assert "\u202e" not in text


@given(st.text(), st.integers(0, 3))
def test_any_name_leaves_a_table_its_cells(name: str, at: int) -> None:
    names = [f"{n}.py" for n in range(4)]
    names[at] = name or "x"
    assert {len(row) for row in cells(data_words.report(dict.fromkeys(names, "1-")))} == {6}


@pytest.mark.parametrize(
    ("repository", "commit"),
    [
        ("http://github.example/a/b", data_words.COMMIT),
        ("https://github.example/a/b) [x](y", data_words.COMMIT),
        ("https://user@github.example/a/b", data_words.COMMIT),
        ("javascript:alert(1)", data_words.COMMIT),
        ("/", data_words.COMMIT),
        ("https://github.example/a/b", "main"),
        ("https://github.example/a/b", None),
    ],
)
def test_what_is_no_address_of_a_repository_makes_no_link(repository: str, commit: str | None) -> None:
    assert blob(repository, commit) == ""
    assert "](" not in summary(data_words.report("a.py: 1-"), Context(blob=blob(repository, commit)))


@pytest.mark.parametrize(("covered", "circle"), [(59, "🔴"), (60, "🟡"), (79, "🟡"), (80, "🟢")])
def test_a_total_is_coloured_as_the_team_set_it(covered: int, circle: str) -> None:
    total = Total(line=Ratio(covered, 100), branch=None)
    assert f"| {circle} Lines | {covered}.00% |" in summary(
        data_words.report("a.py: 1+"), judged(total=total)
    )


@pytest.mark.parametrize("name", ["a" * 200, "$" * 4_000, "#1" * 150, "ä" * 250])
@pytest.mark.parametrize("blob", ["", BLOB])
def test_a_comment_that_does_not_fit_leaves_rows_out_and_not_all(name: str, blob: str) -> None:
    files = tuple(
        PatchFile(
            path=f"{number}{name}.py",
            statements=Ratio(0, 40),
            missing=tuple((line, line + 1) for line in range(1, 80, 2)),
        )
        for number in range(160)
    )
    told = sample_site.verdict(patch=Patch(statements=Ratio(0, 6_400), files=files))
    text = comment(Context(told, blob=blob), 60_000)
    assert len(text.encode()) <= 60_000
    assert "| Changed, not covered |" in text
    assert re.search(r"\d more are not shown", text)
    assert text.count("0.00%") > 3
