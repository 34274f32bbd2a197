"""A fragment is there once its beginning is written; one that cannot be written is named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from covlane.collector.leg import fragments, record

if TYPE_CHECKING:
    from pathlib import Path


def test_a_process_that_is_killed_as_it_begins_has_begun_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed = os.fork()
    if not killed:
        monkeypatch.setattr(record, "write_all", lambda *_: os._exit(0))
        fragments.Fragment(str(tmp_path)).begin("")
    os.waitpid(killed, 0)
    assert fragments.read_all(str(tmp_path)) == ([], [])


def test_a_process_that_cannot_write_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(record, "write_all", full)
    with pytest.raises(OSError, match="No space"):
        fragments.Fragment(str(tmp_path)).begin("")
    found, broken = fragments.read_all(str(tmp_path))
    assert found == []
    assert len(broken) == 1


def test_what_has_begun_can_be_read(tmp_path: Path) -> None:
    made = fragments.Fragment(str(tmp_path))
    made.begin("test_x")
    made.add(lost="something")
    (found,), broken = fragments.read_all(str(tmp_path))
    assert (found.test, found.lost, broken) == ("test_x", ["something"], [])
