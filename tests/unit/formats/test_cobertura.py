"""Cobertura XML: valid by its DTD, and with the report's own figures."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest
from lxml import etree

import data_words
from covlane.formats import cobertura
from golden_file import golden

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.model.report import Report

DTD = Path(__file__).parents[2] / "data" / "coverage-04.dtd"
TYPICAL = """
    pkg/__init__.py:
    pkg/core.py: 1+ 2+ 3- 5+ 6- 7- 2>3- 2>5+ 5>6- 5>0-
    pkg/sub/deep.py: 1- 2- 1>2- 1>0-
    setup.py: 1+ 2+ 3+ 1>2+ 1>3+
"""


class Element(Protocol):
    """As much of lxml's element as is used here; lxml has no types."""

    def get(self, name: str) -> str: ...
    def iter(self, name: str) -> Iterator[Element]: ...


def text(report: Report) -> str:
    return "".join(cobertura.write(report, "covlane 1"))


def tree(text: str) -> Element:
    """Parse XML and hold it against the DTD, without asking a network for it."""
    parser = etree.XMLParser(load_dtd=False, no_network=True, resolve_entities=False)
    root: Element = etree.fromstring(text.encode(), parser)
    dtd = etree.DTD(str(DTD))
    assert dtd.validate(root), dtd.error_log
    return root


def parsed(words: str | Mapping[str, str]) -> Element:
    return tree(text(data_words.report(words)))


def first(root: Element, name: str) -> Element:
    return next(root.iter(name))


def test_a_report_is_written_as_its_golden_file_has_it() -> None:
    assert text(data_words.report(TYPICAL)) == golden("coverage.xml")


def test_the_golden_file_is_valid() -> None:
    tree(golden("coverage.xml"))


def test_the_dtd_refuses_what_is_no_report() -> None:
    broken = golden("coverage.xml").replace(' hits="1"', "")
    with pytest.raises(AssertionError):
        tree(broken)


def test_a_report_without_branches_is_valid() -> None:
    root = tree(text(data_words.report("a.py: 1+ 2-", branch=False)))
    assert (root.get("branches-valid"), root.get("branch-rate")) == ("0", "0")


def test_a_report_without_branches_marks_no_line_as_one() -> None:
    assert "condition-coverage" not in text(data_words.report("a.py: 1+ 2-", branch=False))


def test_a_report_of_nothing_is_valid() -> None:
    root = parsed("")
    assert (root.get("line-rate"), root.get("lines-valid")) == ("1", "0")


def test_the_totals_are_counts_of_the_whole_report() -> None:
    root = parsed(TYPICAL)
    counts = [root.get(f"{kind}-{what}") for kind in ("lines", "branches") for what in ("covered", "valid")]
    assert counts == ["6", "11", "3", "8"]


@pytest.mark.parametrize(
    ("words", "line_rate", "branch_rate"),
    [("1+ 2+ 3- 1>2+ 1>3-", "0.6666", "0.5"), ("1- 1>0-", "0", "0"), ("1+ 1>0+", "1", "1")],
)
@pytest.mark.parametrize("element", ["coverage", "package", "class"])
def test_rates_are_rounded_down_everywhere(
    words: str, line_rate: str, branch_rate: str, element: str
) -> None:
    found = first(parsed({"a.py": words}), element)
    assert (found.get("line-rate"), found.get("branch-rate")) == (line_rate, branch_rate)


def test_almost_everything_is_not_a_rate_of_one() -> None:
    assert parsed("a.py: 1..99999+ 100000-").get("line-rate") == "0.9999"


@pytest.mark.parametrize(
    ("words", "coverage"),
    [
        ("1+ 1>2+ 1>3+", "100% (2/2)"),
        ("1+ 1>2+ 1>3-", "50% (1/2)"),
        ("1+ 1>2+ 1>3+ 1>4-", "66% (2/3)"),
        ("1- 1>2- 1>0-", "0% (0/2)"),
    ],
)
def test_a_line_s_conditions_are_its_branches(words: str, coverage: str) -> None:
    assert first(parsed({"a.py": words}), "line").get("condition-coverage") == coverage


def test_a_package_s_rate_is_that_of_its_files_together() -> None:
    root = parsed("pkg/a.py: 1+\npkg/b.py: 1- 2- 3-\nother/c.py: 1-")
    rates = {package.get("name"): package.get("line-rate") for package in root.iter("package")}
    assert rates == {"pkg": "0.25", "other": "0"}


def test_a_class_is_named_by_its_path_from_the_repository() -> None:
    found = first(parsed("pkg/sub/deep.py: 1+"), "class")
    assert (found.get("name"), found.get("filename")) == ("deep.py", "pkg/sub/deep.py")


@pytest.mark.parametrize(
    "name", ["a\"b'.py", "a<b>&c.py", "a\nb.py", "a\tb\r.py", "\N{SNOWMAN}.py", " a .py"]
)
def test_an_odd_name_is_read_back_as_it_is(name: str) -> None:
    assert first(parsed({name: "1+"}), "class").get("filename") == name


@pytest.mark.parametrize("bad", ["\x00", "\x1b", "\x7f\x08", "\udcff", "\uffff"])
def test_a_name_that_xml_cannot_hold_still_makes_valid_xml(bad: str) -> None:
    name = first(parsed({f"a{bad}.py": "1+"}), "class").get("filename")
    assert name.startswith("a")
    assert "\N{REPLACEMENT CHARACTER}" in name


def test_the_version_is_escaped() -> None:
    assert tree("".join(cobertura.write(data_words.report(""), 'a"<'))).get("version") == 'a"<'


def test_the_time_is_the_report_s_in_milliseconds() -> None:
    assert parsed("").get("timestamp") == "1767323045000"
