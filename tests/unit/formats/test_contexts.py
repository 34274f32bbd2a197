"""The file of a leg's contexts: read within bounds, added up over legs, refused where it is broken."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from covlane.errors import ReportError
from covlane.formats import contexts
from covlane.model.testmap import Context, TestMap

FIRST, SECOND, FIXTURE = (
    Context("t::a", "test"),
    Context("t::b", "test"),
    Context("db (session fixture)", "fixture"),
)
DOCUMENT: dict[str, Any] = {
    "schema": 1,
    "leg": "coverage-3.12",
    "contexts": [["import", "import"], [*FIRST], [*SECOND], [*FIXTURE]],
    "fixtures": [[2, [3]]],
    "files": {
        "a.py": {
            "digest": "d",
            "items": [1, 2, 3, [2, 3]],
            "sets": ["01", "0a", "04"],
            "ran": [[0, 0], [1, 1], [3, 2]],
        }
    },
}


def packed(**changes: Any) -> bytes:
    return gzip.compress(json.dumps(DOCUMENT | changes).encode())


def test_a_test_has_its_lines_and_those_of_its_fixtures() -> None:
    known = TestMap()
    assert contexts.add(packed(), "leg", known) == []
    file = known.files["a.py"]
    assert known.tests == [FIRST, SECOND]
    assert file.lines(known.of(FIRST)["a.py"]) == [2]
    assert file.branches(known.of(FIRST)["a.py"]) == [(2, 3)]
    assert file.lines(known.of(SECOND)["a.py"]) == [3]
    assert {test.name: file.lines(bitmap) for test, bitmap in known.who("a.py", -1).items()} == {
        "t::a": [2],
        "t::b": [3],
    }
    assert known.who("a.py", file.mask([3])) == {SECOND: 4}
    assert known.sizes()[FIRST] == 2


def test_legs_are_added_up_whatever_the_order_of_their_items() -> None:
    known = TestMap()
    contexts.add(packed(), "one", known)
    other = {"digest": "d", "items": [3, 4, 1], "sets": ["03"], "ran": [[1, 0]]}
    contexts.add(packed(leg="coverage-3.13", files={"a.py": other}), "two", known)
    assert known.files["a.py"].lines(known.of(FIRST)["a.py"]) == [2, 3, 4]


def test_another_content_is_left_out_and_named() -> None:
    known = TestMap()
    contexts.add(packed(), "one", known)
    other = DOCUMENT["files"]["a.py"] | {"digest": "e"}
    notes = contexts.add(packed(leg="other", files={"a.py": other}), "two", known)
    assert notes == ["other measured another content of a.py: its tests are left out there"]
    assert len(known.files["a.py"].items) == 4


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        packed()[:-20],
        packed(schema=2),
        packed(contexts=[["x", "y"]]),
        packed(contexts=[]),
        packed(fixtures=[[9, [3]]]),
        packed(fixtures=[[-1, [3]]]),
        packed(files={"a.py": {"digest": "d", "items": [1], "sets": ["ff"], "ran": [[0, 0]]}}),
        packed(files={"a.py": {"digest": "d", "items": [1], "sets": ["0g"], "ran": [[0, 0]]}}),
        packed(files={"a.py": {"digest": "d", "items": [1], "sets": ["01"], "ran": [[0, 7]]}}),
        gzip.compress(b"[" * 100_000),
        gzip.compress(b"\xff\xfe"),
    ],
)
def test_what_is_broken_is_one_sentence(content: bytes) -> None:
    with pytest.raises(ReportError, match="is no file of contexts that this version reads") as caught:
        contexts.add(content, "leg.contexts.gz", TestMap())
    assert "\n" not in caught.value.cause


def test_what_explodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contexts, "MOST_BYTES", 1 << 16)
    with pytest.raises(ReportError, match="longer than 65,536 bytes"):
        contexts.add(gzip.compress(b" " * (1 << 20)), "leg", TestMap())
