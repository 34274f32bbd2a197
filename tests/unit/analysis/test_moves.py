"""Where lines went: small changes, each with the one thing that decides."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from covlane.analysis.moves import follow
from covlane.model.lines import unpack
from judged import diff, source

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.analysis.moves import Followed


def moved(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, list[str]]:
    """Return for each former file `line > file:line` of each line that still stands, blank ones left out."""
    found = followed(before, now)
    return {
        path: [
            f"{line}>{piece.path}:{line + piece.shift}"
            for piece in pieces
            for line in range(piece.first, piece.last + 1)
            if source(before[path]).split(b"\n")[line - 1].strip()
        ]
        for path, pieces in found.pieces.items()
    }


def owed(before: Mapping[str, str], now: Mapping[str, str], path: str) -> list[int]:
    """Return the lines of a file that are added and did not move."""
    file = next(one for one in diff(before, now) if one.path == path)
    return unpack(file.added & ~followed(before, now).moved.get(path, 0))


def followed(before: Mapping[str, str], now: Mapping[str, str]) -> Followed:
    sides = [{path: source(text) for path, text in side.items()} for side in (before, now)]
    return follow(diff(before, now), *sides)


SHORT = """
    def f():
        return 1
    """
LONG = """
    def area(width, height):
        if width < 0:
            raise ValueError(width)
        return width * height
    """


def test_a_short_definition_is_followed_as_a_whole() -> None:
    assert moved({"a.py": SHORT}, {"b.py": "x = 1\n" + source(SHORT).decode()}) == {
        "a.py": ["1>b.py:2", "2>b.py:3"]
    }
    assert owed({"a.py": SHORT}, {"b.py": "x = 1\n" + source(SHORT).decode()}, "b.py") == [1]


def test_short_lines_that_are_no_definition_are_not_followed() -> None:
    assert moved({"a.py": "x = 1\n"}, {"b.py": "x = 1\n"}) == {"a.py": []}
    assert owed({"a.py": "x = 1\n"}, {"b.py": "x = 1\n"}, "b.py") == [1]


def test_a_block_is_followed_out_of_a_definition_that_changed() -> None:
    now = LONG.replace("area", "surface")
    assert moved({"a.py": LONG}, {"b.py": now}) == {"a.py": ["2>b.py:2", "3>b.py:3", "4>b.py:4"]}
    assert owed({"a.py": LONG}, {"b.py": now}, "b.py") == [1]


def test_code_that_is_indented_otherwise_is_followed_and_owed() -> None:
    now = "class Shape:\n" + textwrap.indent(source(LONG).decode(), "    ")
    assert moved({"a.py": LONG}, {"b.py": now}) == {
        "a.py": [f"{line}>b.py:{line + 1}" for line in range(1, 5)]
    }
    assert owed({"a.py": LONG}, {"b.py": now}, "b.py") == [1, 2, 3, 4, 5]


def test_a_copy_is_no_move() -> None:
    before = {"a.py": LONG}
    now = {"b.py": LONG, "c.py": LONG}
    assert [len(owed(before, now, path)) for path in ("b.py", "c.py")] == [0, 4]
    assert moved(before, {"a.py": LONG, "b.py": LONG}) == {"a.py": [f"{n}>a.py:{n}" for n in range(1, 5)]}


def test_one_of_two_copies_is_deleted_where_they_become_one() -> None:
    found = moved({"a.py": LONG, "b.py": LONG}, {"c.py": LONG})
    assert [len(lines) for lines in found.values()] == [4, 0]


def test_decorators_and_signatures_of_several_lines_belong_to_a_definition() -> None:
    text = """
        @given(
            1,
        )
        @final
        def f(
            a,
        ):
            return a
        """
    assert len(moved({"a.py": text}, {"b.py": "x = 1\n" + source(text).decode()})["a.py"]) == 8


def test_what_stays_in_its_file_is_preferred() -> None:
    now = {"a.py": SHORT + "\n    x = 1\n", "b.py": SHORT}
    assert moved({"a.py": SHORT}, now) == {"a.py": ["1>a.py:1", "2>a.py:2"]}


def test_a_run_of_equal_lines_is_followed_from_its_end() -> None:
    text = "    pass\n" * 3_000 + source(LONG).decode()
    found = moved({"a.py": text}, {"b.py": text})["a.py"]
    assert found[-1] == "3004>b.py:3004"
