"""What `finish` knows of files before it is asked, and when it looks again."""

from __future__ import annotations

import shutil
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from covlane.collector.engines import slipcover_reader
from covlane.collector.engines.slipcover_reader import Reader
from covlane.collector.leg.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

ONE, OTHER = "X = 1\nY = 2\n", "X = 1;Y = 2\n"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    values: dict[str, Any] = dict.fromkeys(Plan._fields, "")
    lists: dict[str, Any] = {"source": ["."], "omit": [], "exclude": [], "branch": True}
    return Plan(**{**values, **lists, "root": str(tmp_path), "cache": str(tmp_path / "cache" / "x")})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file that has just been written."""
    found = tmp_path / "a.py"
    found.write_text(ONE)
    return found


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """No change of a file is too young."""
    monkeypatch.setattr(slipcover_reader, "SETTLED", 0)


def looked_at(plan: Plan, path: Path) -> Any:
    """Return what a look at a file leaves behind, whose counts are kept."""
    reader = Reader(plan, [], {})
    reader.count(str(path))
    found = reader.look(str(path))
    return SimpleNamespace(looked={str(path): found} if found else {})


@pytest.mark.usefixtures("settled")
def test_a_file_that_was_looked_at_is_not_read_again(
    plan: Plan, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = Reader(plan, [], {}).count(str(path))
    ahead = looked_at(plan, path)
    shutil.rmtree(plan.cache)
    monkeypatch.setattr(slipcover_reader, "read", None)
    assert Reader(plan, [], {}, ahead).count(str(path)) == expected


@pytest.mark.usefixtures("settled")
def test_a_file_that_has_changed_since_is_read_again(plan: Plan, path: Path) -> None:
    ahead = looked_at(plan, path)
    assert ahead.looked
    time.sleep(0.05)  # a file system's clock may tick that slowly
    path.write_text(OTHER)
    found = Reader(plan, [], {}, ahead).count(str(path))
    assert found.executable == {1}
    assert found == Reader(plan, [], {}).count(str(path))


def test_a_file_that_changed_a_moment_ago_is_not_looked_at(plan: Plan, path: Path) -> None:
    assert not looked_at(plan, path).looked


@pytest.mark.usefixtures("settled")
def test_nothing_is_known_of_a_file_whose_counts_are_not_kept(plan: Plan, path: Path) -> None:
    assert Reader(plan, [], {}).look(str(path)) is None
