"""Fingerprints are those that GitHub's upload computes, which its own tests give."""

from __future__ import annotations

import pytest

from covlane.analysis.fingerprints import fingerprints


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"", ["c129715d7a2bc9a3:1"]),
        (
            b" a\nb\n  \t\tc\n d",
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"],
        ),
        (
            b" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End",
            [
                "8b7cf3e952e7aeb2:1",
                "b1ae1287ec4718d9:1",
                "bff680108adb0fcc:1",
                "c6805c5e1288b612:1",
                "b86d3392aea1be30:1",
                "e6ceba753e1a442:1",
            ],
        ),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_they_are_githubs(source: bytes, expected: list[str], end: bytes) -> None:
    found = fingerprints(source.replace(b"\n", end), range(1, len(expected) + 1))
    assert list(found.values()) == expected


def test_equal_lines_are_counted_and_only_wanted_ones_are_returned() -> None:
    block = b"x = 1\n" * 200
    found = fingerprints(block, {1, 2, 150, 300})
    assert found[1].partition(":")[0] == found[2].partition(":")[0]
    assert (found[1].partition(":")[2], found[2].partition(":")[2]) == ("1", "2")
    assert sorted(found) == [1, 2, 150]


def test_characters_are_units_of_utf_16_and_other_bytes_are_replaced() -> None:
    assert set(fingerprints("x = '\N{GRINNING FACE}'\ny = 1\n".encode(), {2})) == {2}
    assert fingerprints(b"\xff\n", {1}) == fingerprints("\ufffd\n".encode(), {1})
