"""The table after a run, in a pipe and in a terminal."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.render.terminal import show
from golden_file import golden

if TYPE_CHECKING:
    from covlane.model.report import Report

TYPICAL = {
    "covlane/whole.py": "1..9+ 1>2+ 1>0+",
    "covlane/core.py": "1..40+ 41..44- 50+ 60- 61- 7>9- 7>8+ 20>0-",
    "covlane/adapters/a_long_name/that_goes_on/and_on_and_on/until_it_does_not_fit_a_narrow_terminal.py": "1..3- 9-",
    "covlane/branches.py": "1+ 2+ 4+ 1>2+ 1>4-",
    "covlane/scattered.py": " ".join(f"{line}{'+' if line % 2 else '-'}" for line in range(1, 120)),
}


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _nobody_sets_a_width_or_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def piped(report: Report, *, plain: bool = False) -> str:
    out = io.StringIO()
    show(report, out, plain=plain)
    return out.getvalue()


def on_terminal(report: Report, width: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return what a terminal of that width shows, without its colours."""
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", "50")
    monkeypatch.setenv("TERM", "xterm-256color")
    out = Terminal()
    show(report, out, plain=False)
    return re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue())


def row(text: str, start: str) -> list[str]:
    """Return the cells of the table's row that starts with a name."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return re.split(r"  +", line.strip())


def test_a_pipe_s_table_is_as_its_golden_file_has_it() -> None:
    assert piped(data_words.report(TYPICAL)) == golden("terminal_piped.txt")


def test_a_terminal_of_80_columns_is_as_its_golden_file_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert on_terminal(data_words.report(TYPICAL), 80, monkeypatch) == golden("terminal_80.txt")


@pytest.mark.parametrize("width", [72, 80, 120, 200])
def test_no_line_of_the_table_is_wider_than_the_terminal(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    text = on_terminal(data_words.report(TYPICAL), width, monkeypatch)
    table = text[: text.index("of lines")].splitlines()[:-1]
    assert max(map(len, table)) <= width


@pytest.mark.parametrize("width", [72, 80, 100])
def test_a_long_name_keeps_its_end_on_a_terminal_and_is_whole_in_a_pipe(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "pkg/" + "x" * 150 + ".py"
    report = data_words.report({name: "1-"})
    assert re.search(r"^\.\.\.x+\.py  ", on_terminal(report, width, monkeypatch), re.MULTILINE)
    assert f"\n{name}  " in piped(report)


def test_a_pipe_gets_no_spaces_at_the_end_of_a_line() -> None:
    assert not re.search(" $", piped(data_words.report(TYPICAL)), re.MULTILINE)


def test_percentages_are_coloured_as_the_team_set_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for thresholds, colour in (((60.0, 80.0), 31), ((40.0, 80.0), 33), ((40.0, 50.0), 32)):
        out = Terminal()
        show(data_words.report("a.py: 1+ 2-"), out, plain=False, thresholds=thresholds)
        assert f"\x1b[{colour}m 50.00%" in out.getvalue()


@pytest.mark.parametrize("plain", [True, False])
def test_a_pipe_gets_no_colours(plain: bool) -> None:
    assert "\x1b" not in piped(data_words.report(TYPICAL), plain=plain)


def test_plain_has_no_colours_even_where_they_are_forced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b" not in piped(data_words.report(TYPICAL), plain=True)


def test_plain_has_no_colours_on_a_terminal() -> None:
    out = Terminal()
    show(data_words.report(TYPICAL), out, plain=True)
    assert "\x1b" not in out.getvalue()


def test_a_report_without_branches_has_no_column_for_them() -> None:
    assert "Branches" not in piped(data_words.report("a.py: 1+ 2-", branch=False))


def test_a_report_of_nothing_says_so() -> None:
    assert "- of lines (0/0)" in piped(data_words.report(""))


def test_whole_files_are_counted_and_not_listed() -> None:
    text = piped(data_words.report("a.py: 1+\nb.py: 1+\nc.py: 1-"))
    assert "2 of 3 files are covered completely" in text
    assert "a.py" not in text


def test_the_file_that_misses_most_comes_first() -> None:
    text = piped(data_words.report("a.py: 1-\nb.py: 1- 2-\nc.py: 1+ 1>2-"))
    assert re.findall(r"^[abc]\.py", text, re.MULTILINE) == ["b.py", "a.py", "c.py"]


def test_a_whole_file_s_100_percent_is_not_cut_where_no_total_is_as_wide() -> None:
    text = piped(data_words.report("a.py: 1+ 1>2+ 1>3-\nb.py: 1-"))
    assert row(text, "a.py") == ["a.py", "1", "0", "100.00%", "2", "1", "50.00%", "1->3"]


def test_almost_everything_never_reads_100() -> None:
    text = piped(data_words.report("a.py: 1..99999+ 100000- 1>2+ 1>3-"))
    assert row(text, "Total")[:4] == ["Total", "100000", "1", "99.99%"]
    assert "99.99% of lines (99,999/100,000)" in text
    assert "100.00%" not in text


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ("1+ 2- 3- 9- 10+ 12-", "2-9, 12"),
        ("1+ 2+ 1>2- 1>0-", "1->exit, 1->2"),
        ("1+ 2- 1>2-", "2"),  # the missing line says it already
        ("1- 2+ 1>2-", "1"),
    ],
)
def test_missing_lines_are_ranges_and_missing_branches_those_between_lines_that_ran(
    words: str, missing: str
) -> None:
    assert row(piped(data_words.report({"a.py": words})), "a.py")[-1] == missing


@pytest.mark.parametrize("width", [72, 80, 100])
def test_a_list_that_does_not_fit_ends_between_two_of_its_parts(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = " ".join(f"{n}..{n + 150}- {n + 199}+" for n in range(1000, 6000, 200))
    whole = {f"{n}-{n + 150}" for n in range(1000, 6000, 200)}
    text = on_terminal(data_words.report({"pkg/" + "x" * 150: words}), width, monkeypatch)
    shown = row(text, "...")[-1]
    assert shown.endswith("...")
    assert set(shown.split(", ")) - {"..."} <= whole


def test_a_long_report_is_folded() -> None:
    text = piped(data_words.report({f"m{n:02}.py": "1-" for n in range(30)}))
    assert len(re.findall(r"^m\d\d\.py", text, re.MULTILINE)) == 25
    assert "... and 5 files with fewer missing lines" in text


def test_the_total_is_that_of_the_whole_report_and_not_of_its_rows() -> None:
    text = piped(data_words.report({f"m{n:02}.py": "1-" for n in range(30)}))
    assert row(text, "Total")[:3] == ["Total", "30", "30"]


def test_an_incomplete_report_says_so_before_any_total() -> None:
    text = piped(data_words.report("a.py: 1-", incomplete=("coverage-3.9 did not run here",)))
    assert "incomplete: coverage-3.9 did not run here\nINCOMPLETE: 0.00% of lines" in text


def test_a_complete_report_does_not_speak_of_incompleteness() -> None:
    assert "incomplete" not in piped(data_words.report("a.py: 1-")).lower()


def test_a_long_reason_is_on_one_line() -> None:
    reason = "word " * 60 + "end"
    assert f"incomplete: {reason}\n" in piped(data_words.report("", incomplete=(reason,)))


def test_the_legs_are_named() -> None:
    text = piped(data_words.report("a.py: 1+", legs=("coverage-3.11", "coverage-3.12")))
    assert "legs: coverage-3.11, coverage-3.12" in text


def test_a_report_without_a_leg_says_so() -> None:
    assert "legs: none" in piped(data_words.report("", legs=()))


@pytest.mark.parametrize(
    ("bad", "shown"),
    [("\x1b[2J", r"\x1b[2J"), ("\n", r"\n"), ("\r", r"\r"), ("\x9b", r"\x9b"), ("\udcff", r"\udcff")],
)
def test_a_control_character_in_a_name_is_shown_and_not_obeyed(bad: str, shown: str) -> None:
    text = piped(data_words.report({f"a{bad}.py": "1-"}))
    assert f"a{shown}.py" in text
    assert bad not in text.replace("\n", "" if bad == "\n" else "\n")


@pytest.mark.parametrize(
    "report",
    [
        data_words.report("a.py: 1+", incomplete=("coverage\x1b[2J",)),
        data_words.report("a.py: 1+", legs=("coverage\x1b[2J",)),
    ],
    ids=["reason", "leg"],
)
def test_a_control_character_elsewhere_is_shown_and_not_obeyed(report: Report) -> None:
    assert r"coverage\x1b[2J" in piped(report)


@pytest.mark.parametrize("name", ["[bold]a.py", "a[/].py", ":warning:.py", "a\\[b].py", "[link=x]a.py"])
def test_a_name_is_no_markup(name: str) -> None:
    assert row(piped(data_words.report({name: "1-"})), name)[0] == name
