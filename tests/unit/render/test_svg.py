"""Badge and trend: pictures that parse, that can be read, and that say what the report says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from lxml import etree

import data_words
from covlane.model.report import Ratio
from covlane.render.svg import COLOURS, Point, badge, endpoint, trend
from golden_file import golden

BAR = (60.0, 80.0)
POINTS = [Point(f"{n:07x}", Ratio(700 + 10 * n, 1000), Ratio(50 + n, 100)) for n in range(5)]


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_badge_is_as_its_golden_file_has_it() -> None:
    assert badge(data_words.report("a.py: 1..3+ 4-"), BAR) == golden("badge.svg")


def test_the_trend_is_as_its_golden_file_has_it() -> None:
    assert trend(POINTS, style=True) == golden("trend.svg")


@pytest.mark.parametrize(
    ("words", "message", "level"),
    [
        ("a.py: 1+ 2-", "50.00%", "low"),
        ("a.py: 1..3+ 4-", "75.00%", "middling"),
        ("a.py: 1+", "100.00%", "high"),
        ("", "-", ""),
    ],
)
def test_the_endpoint_says_what_the_badge_says(words: str, message: str, level: str) -> None:
    report = data_words.report(words)
    told = json.loads(endpoint(report, BAR))
    assert told == {"schemaVersion": 1, "label": "coverage", "message": message, "color": COLOURS[level]}
    picture = etree.fromstring(badge(report, BAR).encode())
    assert picture.get("aria-label") == f"coverage: {message}"
    assert f"#{COLOURS[level]}" in badge(report, BAR)


def test_an_incomplete_report_has_no_colour_of_a_good_one() -> None:
    report = replace(data_words.report("a.py: 1+"), incomplete=("a leg is missing",))
    assert json.loads(endpoint(report, BAR))["message"] == "incomplete, 100.00%"
    assert COLOURS["high"] not in badge(report, BAR)


@pytest.mark.parametrize("colour", [*COLOURS.values(), "24292f"])
def test_white_can_be_read_on_each_colour(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) >= 4.5


@pytest.mark.parametrize("points", [[], POINTS[:1], [Point("a", Ratio(0, 0), None)] * 3])
def test_less_than_two_commits_are_no_trend(points: list[Point]) -> None:
    assert trend(points, style=True) is None


def test_a_page_s_trend_brings_no_style_that_its_policy_refuses() -> None:
    assert "style" not in str(trend(POINTS, style=False))


@pytest.mark.parametrize("name", ["</text><script>", "a&b", "\x1b", "\u202e"])
def test_a_name_in_a_trend_is_text(name: str) -> None:
    picture = etree.fromstring(str(trend([Point(name, Ratio(1, 2), None)] * 2, style=True)).encode())
    assert {etree.QName(element).localname for element in picture.iter()} == {
        "svg",
        "title",
        "style",
        "path",
        "text",
    }


def test_lines_and_branches_that_end_at_one_height_have_labels_apart() -> None:
    picture = etree.fromstring(str(trend([Point("a", Ratio(9, 10), Ratio(9, 10))] * 2, style=False)).encode())
    lines, branches = (
        float(text.get("y")) for text in picture.iter("{*}text") if "%" in text.text and " " in text.text
    )
    assert abs(lines - branches) >= 14
