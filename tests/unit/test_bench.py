"""The bench's own sums: what replaces what, ratios, pictures, and when a path has become dearer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from lxml import etree

from bench import chart, cost, results
from bench.cases import BARE, CASES, FIRST, LATER, MODES, PYTEST_COV, SLIPCOVER, known_modes
from bench.cost import Cost
from bench.document import document
from bench.instructions import Entry, judge, total
from bench.results import Results, Row, Table
from covlane.adapters.environment import environment

if TYPE_CHECKING:
    from pathlib import Path


def table(case: str = "click", python: str = "3.12", mode: str = "serial", **seconds: float) -> Table:
    """Return a table of one round, by the tools' first letters."""
    tools = {"bare": BARE, "later": LATER, "first": FIRST, "slip": SLIPCOVER, "cov": PYTEST_COV}
    taken = {"bare": 2.0, "later": 2.2, **seconds}
    rows = {tools[name]: Row([Cost(took, 2 * took, 50)]) for name, took in taken.items()}
    return Table(case, python, mode, "about", "a machine", rows)


def test_each_figure_is_the_median_of_its_own() -> None:
    assert cost.medians([Cost(1, 6, 9), Cost(3, 4, 8), Cost(2, 5, 7)]) == Cost(2, 5, 8)


def test_ratios_are_to_bare_pytest_of_the_same_table() -> None:
    bare, own = Row([Cost(2, 4, 50), Cost(9, 4, 50), Cost(1, 4, 50)]), Row([Cost(3, 5, 60)])
    assert Table("click", "3.12", "serial", "", "", {BARE: bare, LATER: own}).ratios(LATER) == (
        1.5,
        1.25,
        1.2,
    )


def test_a_table_measured_again_replaces_its_own_alone() -> None:
    others = [table(mode="-n 2"), table(python="3.11"), table("attrs")]
    kept = Results([others[0], table(), *others[1:]], {"python": [0.1]}, "about")
    again = kept.replace(table(later=5.0))
    assert again == Results([others[0], table(later=5.0), *others[1:]], {"python": [0.1]}, "about")


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "kept.json"
    assert results.read(path) == Results()
    kept = Results([table(), table("attrs")], {"python": [0.1, 0.2]}, "about")
    results.write(path, kept)
    assert results.read(path) == kept


def test_the_document_is_in_order_whatever_was_measured_when() -> None:
    kept = Results([table("attrs"), table(python="3.12", mode="-n 2"), table(python="3.9"), table()])
    heads = [line for line in document(kept).splitlines() if line.startswith(("## ", "### "))]
    assert heads == [
        *("## click, Python 3.9", "### serial", "## click, Python 3.12", "### serial", "### -n 2"),
        *("## attrs, Python 3.12", "### serial"),
    ]


def test_a_tool_under_which_the_tests_end_otherwise_is_marked() -> None:
    rows = {BARE: Row([Cost(2, 4, 50)]), SLIPCOVER: Row([Cost(4, 9, 75)], code=1)}
    text = document(Results([Table("click", "3.12", "serial", "about", "a machine", rows)]))
    assert "| pytest | 2.0 | 1.00 | 4.0 | 1.00 | 50 | 1.00 |\n" in text
    assert "| python -m slipcover (pytest ends with 1) | 4.0 | 2.00 | 9.0 | 2.25 | 75 | 1.50 |\n" in text


def test_a_tool_that_ran_no_suite_has_its_exit_code_for_a_figure() -> None:
    rows = {BARE: Row([Cost(2, 4, 50)]), SLIPCOVER: Row([], code=5)}
    kept = Results([Table("click", "3.12", "-n 2", "about", "a machine", rows)])
    assert "| python -m slipcover (pytest ends with 5) | | | | | | |\n" in document(kept)
    assert bars(chart.chart(kept)) == []


def bars(picture: str) -> list[tuple[str, float, str]]:
    root = etree.fromstring(picture.encode())
    name = "{http://www.w3.org/2000/svg}"
    drawn = [(each.get("class"), float(each.get("width"))) for each in root.iter(f"{name}rect")]
    figures = [each.text for each in root.iter(f"{name}text") if each.get("font-size") == "10"]
    return [(*bar, figure) for bar, figure in zip(drawn[len(chart.DRAWN) :], figures, strict=True)]


def test_bars_are_as_long_as_their_ratios_and_cut_where_others_would_vanish() -> None:
    drawn = bars(chart.chart(Results([table(later=2, first=4, slip=16, cov=40)])))
    one = (chart.RIGHT - chart.LEFT) / chart.MOST
    assert [(kind, figure) for kind, _, figure in drawn] == [
        *(("later", "1.00"), ("first", "2.00"), ("slipcover", "8.00"), ("coverage", "20.00, cut")),
    ]
    assert [width for _, width, _ in drawn] == pytest.approx([one, 2 * one, 8 * one, 8 * one], abs=0.1)


def test_the_picture_is_of_the_newest_python_that_has_most_tables() -> None:
    assert "Python 3.12" in chart.chart(Results([table(), table("attrs"), table(python="3.13")]))
    assert "Python 3.13" in chart.chart(Results([table(python="3.9"), table(python="3.13")]))
    assert chart.chart(Results()) == ""


def test_the_modes_that_the_settings_know_are_measured() -> None:
    assert set(known_modes()) - {"process"} == {"serial", "-n 2", "forked"}
    assert set(known_modes()) <= set(MODES)
    assert CASES


@pytest.mark.parametrize(
    ("count", "dearer", "said"),
    [(1149, False, "+14.9%"), (1151, True, "+15.1%"), (900, False, "-10.0%"), (840, False, "cheaper")],
)
def test_a_path_may_cost_as_much_more_as_is_allowed(count: int, dearer: bool, said: str) -> None:
    verdict = judge(count, Entry(1000, 0.15))
    assert verdict.dearer is dearer
    assert said in verdict.text


def test_a_path_without_a_count_is_no_dearer() -> None:
    assert not judge(1, None).dearer


def test_instructions_are_those_of_all_processes() -> None:
    parent, child = b"events: Ir\nfn=(0)\n1 5\n\ntotals: 700\n", b"events: Ir\nsummary: 42\n\ntotals: 42\n"
    assert total([parent, child, b"version: 1\n"]) == 742


def test_a_programs_processes_are_counted_with_it(tmp_path: Path) -> None:
    code = "import os\nif not os.fork(): b = bytearray(90_000_000); sum(range(2_000_000)); os._exit(0)\nos.wait()"
    ended = cost.measure(["python3", "-c", code], cwd=tmp_path, environ=environment())
    alone = cost.measure(["python3", "-c", "exit(3)"], cwd=tmp_path, environ=environment())
    assert ended.cost.memory > 85 > alone.cost.memory
    assert ended.cost.cpu > alone.cost.cpu
    assert (ended.code, alone.code) == (0, 3)
