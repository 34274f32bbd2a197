"""What a report says of its legs and components, in sentences that every output shares."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

import data_words
from covlane.analysis.merge import merge
from covlane.analysis.paths import Places
from covlane.model.report import Component, Measured, Report
from covlane.render import markdown, terminal, words
from covlane.render.escaping import escape


def merged(*legs: Measured, components: tuple[Component, ...] = ()) -> Report:
    return merge(
        [("", leg) for leg in legs],
        expected=sorted({leg.stamp.leg for leg in legs}),
        commit=data_words.COMMIT,
        now=lambda _: None,
        places=Places(lambda name: name),
        components=components,
    )


def said(**legs: str) -> list[str]:
    """Return the sentences on legs; `py39="a.py: 1+"` is the leg 3.9."""
    return words.by_leg(merged(*(data_words.leg(f"3.{name[3:]}", text) for name, text in legs.items())))


def test_lines_that_one_leg_alone_runs_are_listed_with_it() -> None:
    found = said(py311="a.py: 1+ 2- 3- 4+ 7+\nb.py: 1+", py312="a.py: 1+ 2+ 3+ 4- 7+\nb.py: 1+")
    assert found == ["only 3.11 runs a.py 4", "only 3.12 runs a.py 2-3"]


def test_lines_without_code_do_not_interrupt_a_range() -> None:
    assert said(py311="a.py: 1+ 2- 9- 11+", py312="a.py: 1+ 2+ 9+ 11+")[0] == "only 3.12 runs a.py 2-9"


def test_a_leg_whose_lines_others_run_as_well_adds_nothing() -> None:
    found = said(py310="a.py: 1+ 2-", py311="a.py: 1+ 2+", py312="a.py: 1+ 2- 3+")
    assert found == [
        "only 3.11 runs a.py 2",
        "only 3.12 runs a.py 3",
        "3.10 adds nothing that no other leg runs",
    ]


def test_legs_that_say_the_same_each_add_nothing() -> None:
    assert said(py310="a.py: 1+", py311="a.py: 1+") == ["3.10, 3.11 each add nothing that no other leg runs"]


def test_a_leg_that_adds_a_branch_adds_something() -> None:
    found = said(py310="a.py: 1+ 1>2+ 1>3-", py311="a.py: 1+ 1>2- 1>3+")
    assert found == []


def test_what_was_missed_wherever_it_could_run_names_where_that_is() -> None:
    found = said(py39="a.py: 1+ 5- 6- 8-", py310="a.py: 1+ 8-", py311="a.py: 1+")
    assert found[:2] == [
        "missed on every leg where it is executable (3.10, 3.9): a.py 8",
        "missed on every leg where it is executable (3.9): a.py 5-6",
    ]


def test_a_line_that_every_leg_could_run_and_missed_is_no_matter_of_legs() -> None:
    assert not any("missed" in sentence for sentence in said(py39="a.py: 1+ 2-", py310="a.py: 1+ 2-"))


def test_what_one_leg_could_not_run_and_another_ran_was_not_missed() -> None:
    assert said(py39="a.py: 1+ 2+", py310="a.py: 1+")[0] == "only 3.9 runs a.py 2"


def test_one_leg_has_nobody_to_differ_from() -> None:
    assert said(py39="a.py: 1+ 2-") == []


def test_many_places_are_counted() -> None:
    names = [f"{letter}.py" for letter in "abcde"]
    text = "\n".join(f"{name}: 1+" for name in names)
    found = said(py39=text, py310="z.py: 1-")
    assert found[0] == "only 3.9 runs a.py 1; b.py 1; c.py 1; and in 2 more files"


def test_many_sentences_are_counted() -> None:
    legs = {f"py3{number:02}": f"{number}.py: 1+" for number in range(12)}
    found = said(**legs)
    assert len(found) == words.MOST_SENTENCES + 1
    assert found[-1] == "4 more are in coverage.json"


@pytest.mark.parametrize("flags", [(), ("backend", "python")])
def test_a_component_has_its_figures_after_its_name(flags: tuple[str, ...]) -> None:
    report = merged(data_words.leg("3.9", "api/a.py: 1+ 2-\nb.py: 1+"))
    report = replace(report, components=(Component("api", ("api",), flags),))
    name = "api (backend, python)" if flags else "api"
    assert words.components(report) == [f"{name}: 50.00% of lines (1/2), - of branches (0/0)"]


def test_a_component_of_an_incomplete_report_is_incomplete() -> None:
    report = data_words.report("a.py: 1+", incomplete=("a leg is missing",))
    report = replace(report, components=(Component("all", (".",)),))
    assert words.components(report)[0].startswith("all: INCOMPLETE: 100.00%")


def test_the_other_reports_are_listed_after_the_legs() -> None:
    report = replace(data_words.report("a.py: 1+"), others=("js/lcov.info",))
    assert words.legs(report) == "coverage-3.12, js/lcov.info"


def test_terminal_and_markdown_show_both() -> None:
    legs = data_words.leg("3.9", "a.py: 1+ 2-"), data_words.leg("3.10", "a.py: 1+ 2+")
    report = merged(*legs, components=(Component("all", (".",)),))
    out = io.StringIO()
    terminal.show(report, out, plain=True)
    for sentence in ("all: 100.00% of lines (2/2)", "only 3.10 runs a.py 2"):
        assert sentence in out.getvalue()
        assert escape(sentence) in markdown.summary(report)
