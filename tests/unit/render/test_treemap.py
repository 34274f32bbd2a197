"""The map of the code: areas in proportion, nothing hidden, bounded, and names that are not trusted."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import data_words
from covlane.render.html import treemap
from covlane.render.html.page import address
from covlane.render.html.squarified import Rectangle, squarified
from covlane.render.html.treemap import Hotspots
from golden_file import golden

THRESHOLDS = (60.0, 80.0)
NOTHING = Hotspots()
ROOM = Rectangle(0, 0, 1000, 400)


def draw(files: dict[str, str], hotspots: Hotspots = NOTHING) -> etree._Element:
    drawn = treemap.draw(data_words.files(files), hotspots, THRESHOLDS)
    assert drawn is not None
    return etree.fromstring(drawn)


def labels(svg: etree._Element) -> list[str]:
    return [one.get("aria-label") for one in svg]


@given(st.lists(st.integers(1, 10**6), min_size=1, max_size=60))
def test_areas_are_in_proportion_and_fill_the_room_without_overlap(sizes: list[int]) -> None:
    sizes.sort(reverse=True)
    found = squarified(sizes, ROOM)
    area = ROOM.width * ROOM.height
    for size, one in zip(sizes, found, strict=True):
        assert one.width * one.height == pytest.approx(area * size / sum(sizes), rel=1e-3, abs=1e-3)
        assert one.x >= -1e-6
        assert one.y >= -1e-6
        assert one.x + one.width <= ROOM.width + 1e-3
        assert one.y + one.height <= ROOM.height + 1e-3
    for a, b in combinations(found, 2):
        across = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
        down = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
        assert across <= 1e-3 or down <= 1e-3


def test_equal_sizes_are_near_to_squares() -> None:
    assert all(1 / 3 < one.width / one.height < 3 for one in squarified([1] * 37, ROOM))


SAMPLE = {
    "src/pkg/shapes.py": "1..60+ 61..90-",
    "src/pkg/<img src=x onerror=alert(1)>&\"'\x1b\u202e.py": "1..50+",
    "src/web/small.py": "1+ 2..4-",
    "src/web/nothing.py": "",
}


def test_it_is_as_its_golden_file_has_it() -> None:
    commits = {"src/pkg/shapes.py": 12, "src/web/small.py": 1}
    assert treemap.draw(data_words.files(SAMPLE), Hotspots({}, commits), THRESHOLDS) == golden("treemap.svg")


def test_each_file_says_its_lines_coverage_and_commits_and_links_to_its_page() -> None:
    svg = draw(SAMPLE, Hotspots({}, {"src/pkg/shapes.py": 12}))
    link = next(one for one in svg if "shapes" in one.get("aria-label"))
    assert link.get("aria-label") == "src/pkg/shapes.py: 66.66% of 90 lines, 12 commits in a year"
    assert link.get("href") == address("src/pkg/shapes.py")
    assert link.get("class") == "middling"


def test_without_a_history_nothing_is_said_of_commits_and_borders_are_equal() -> None:
    svg = draw(SAMPLE)
    assert not any("commit" in label for label in labels(svg))
    assert {rect.get("stroke-width") for rect in svg.iter("{*}rect")} == {"1"}


def test_the_file_that_changed_most_has_the_widest_border() -> None:
    svg = draw({"a.py": "1+", "b.py": "1+", "c.py": "1+"}, Hotspots({}, {"a.py": 100, "b.py": 5}))
    assert [rect.get("stroke-width") for rect in svg.iter("{*}rect")] == ["8", "4", "1"]


def test_names_are_text_and_no_markup() -> None:
    drawn = treemap.draw(data_words.files(SAMPLE), Hotspots(), THRESHOLDS)
    assert drawn is not None
    assert "<img" not in drawn
    assert "\x1b" not in drawn
    assert "\u202e" not in drawn


def shown(svg: etree._Element) -> tuple[int, int]:
    """Return the number of rectangles, and the files that they stand for."""
    counts = [re.search(r"([\d,]+) files?(,|$)", label) for label in labels(svg)]
    return len(svg), sum(int(count[1].replace(",", "")) if count else 1 for count in counts)


@pytest.mark.parametrize(
    "files",
    [
        {f"src/p{n % 30}/m{n}.py": f"1..{1 + n % 300}+" for n in range(3000)},
        {f"m{n}.py": f"1..{1 + n % 300}+" for n in range(3000)},
        {f"src/pkg/m{n}.py": "1+" for n in range(3000)},
        {f"src/{'a/' * n}m.py": "1+" for n in range(900)},
        {f"p{n}/q/m.py": "1+" for n in range(3000)},
    ],
)
def test_three_thousand_files_are_few_rectangles_that_stand_for_all(files: dict[str, str]) -> None:
    count, standing = shown(draw(files))
    assert count <= treemap.MOST
    assert count > treemap.MOST / 3
    assert standing == len(files)


def test_no_lines_are_no_map() -> None:
    assert treemap.draw(data_words.files({"a.py": ""}), Hotspots(), THRESHOLDS) is None
