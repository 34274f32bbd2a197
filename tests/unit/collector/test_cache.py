"""What is kept by content, for other processes and other legs."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from covlane.collector.engines.worker_pool import WorkerPool
from covlane.collector.leg.cache import FRESH, Cache, prune

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SOURCE = b"X = 1\n"
CODE = compile(SOURCE, "a.py", "exec")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    cache = Cache(str(tmp_path / "cache"))
    cache.put(cache.key(SOURCE, "code", "a.py"), (None, CODE))
    return cache


def test_the_same_content_made_the_same_way_is_found(cache: Cache) -> None:
    assert cache.has(cache.key(SOURCE, "code", "a.py"))
    assert not cache.has(cache.key(SOURCE, "code", "b.py"))
    assert cache.get(cache.key(SOURCE, "code", "a.py")) == (None, CODE)


@pytest.mark.parametrize("how", [(b"X = 2\n", "code", "a.py"), (SOURCE, "code", "b.py"), (SOURCE, "counts")])
def test_other_content_or_another_way_is_not(cache: Cache, how: tuple[bytes, str]) -> None:
    assert cache.get(cache.key(*how)) is None


@pytest.mark.parametrize(
    "change", [lambda old: old[:-1], lambda _: b"", lambda old: old[:16] + b"x" + old[17:]]
)
def test_a_broken_entry_is_no_entry(cache: Cache, tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    (entry,) = (tmp_path / "cache").iterdir()
    entry.write_bytes(change(entry.read_bytes()))
    assert cache.get(cache.key(SOURCE, "code", "a.py")) is None


def test_an_entry_in_the_place_of_another_is_none(cache: Cache, tmp_path: Path) -> None:
    (entry,) = (tmp_path / "cache").iterdir()
    other = cache.key(b"X = 2\n", "code", "a.py")
    entry.rename(entry.with_name(other.hex()))
    assert cache.get(other) is None


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / "cache").touch()
    cache = Cache(str(tmp_path / "cache"))
    cache.put(cache.key(SOURCE), CODE)
    assert cache.get(cache.key(SOURCE)) is None


def test_what_marshal_does_not_take_is_not_kept(cache: Cache, tmp_path: Path) -> None:
    cache.put(cache.key(b""), object())
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_entries_that_were_not_used_for_longest_go_first(tmp_path: Path) -> None:
    (tmp_path / "of").mkdir()
    for age in range(5):
        (tmp_path / "of" / str(age)).write_bytes(b"x" * 100)
        os.utime(tmp_path / "of" / str(age), (1e9 - age, 1e9 - age))
    (tmp_path / "README").write_bytes(b"x" * 300)
    prune(str(tmp_path), limit=250)
    assert sorted(path.name for path in (tmp_path / "of").iterdir()) == ["0", "1"]
    assert (tmp_path / "README").exists()


def test_an_entry_that_is_used_is_young_again(cache: Cache, tmp_path: Path) -> None:
    (entry,) = (tmp_path / "cache").iterdir()
    os.utime(entry, (1e9, 1e9))
    assert cache.get(cache.key(SOURCE, "code", "a.py"))
    assert entry.stat().st_mtime > 1e9 + FRESH


def test_what_two_processes_want_at_once_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("covlane.collector.leg.cache.PATIENCE", 60)
    cache, noted = Cache(str(tmp_path / "cache")), tmp_path / "made"

    def make() -> str:
        with noted.open("a") as file:
            file.write("x")
        time.sleep(0.2)  # for the others to come
        return "made"

    def work(_number: int, _count: int) -> None:
        for number in range(3):
            assert cache.made(cache.key(b"%d" % number), make, alone=True) == "made"

    WorkerPool(4, work).wait()
    assert noted.read_text() == "xxx"
