"""What the collector does where the system lacks something, by taking it away: docs/systems.md."""

from __future__ import annotations

import os
import signal
import socket
import sys
import types
from typing import TYPE_CHECKING

import pytest

from covlane.adapters import memory
from covlane.adapters.files import shared
from covlane.collector.engines import slipcover_cli
from covlane.collector.engines.worker_pool import WorkerPool
from covlane.collector.leg import cache, fragments, processes, record
from covlane.collector.leg.guard import Guard
from covlane.collector.process.listener import Listener

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Make this system call itself Windows, and return the calls of its locks."""
    for module, names in ((os, ("fork", "geteuid")), (signal, ("SIGKILL",)), (socket, ("AF_UNIX",))):
        for name in names:
            monkeypatch.delattr(module, name, raising=False)
    locks: list[tuple[int, int]] = []
    msvcrt = types.ModuleType("msvcrt")
    vars(msvcrt).update(LK_LOCK=1, LK_UNLCK=0, locking=lambda _, mode, length: locks.append((mode, length)))
    monkeypatch.setitem(sys.modules, "msvcrt", msvcrt)
    monkeypatch.setattr(sys, "platform", "win32")
    return locks


@pytest.mark.usefixtures("windows")
def test_without_fork_no_part_of_the_work_is_done_ahead() -> None:
    pool = WorkerPool(3, lambda *_: pytest.fail("a part was done"))
    pool.dismiss()
    pool.wait(kill=True)


@pytest.mark.usefixtures("windows")
def test_without_fork_slipcover_s_command_wraps_none() -> None:
    assert slipcover_cli._fork_globals() == {}


@pytest.mark.usefixtures("windows")
def test_without_unix_sockets_nothing_is_heard(tmp_path: Path) -> None:
    listener = Listener(str(tmp_path))
    processes.send_report(str(tmp_path), "a sentence")
    assert listener.stop() == []


def test_without_abstract_sockets_nothing_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "address", lambda _: os.fsencode(tmp_path / "none" / "socket"))
    monkeypatch.setattr("covlane.collector.process.listener.address", processes.address)
    listener = Listener(str(tmp_path))
    processes.send_report(str(tmp_path), "a sentence")
    assert listener.stop() == []


def test_the_record_is_locked_on_windows_and_read_as_elsewhere(
    windows: list[tuple[int, int]], tmp_path: Path
) -> None:
    memory_of_file, ordered, _ = record.Record(str(tmp_path), Guard()).flags("/a.py", [1, 2])
    memory_of_file[ordered.index(2)] = 1
    assert record.read(str(tmp_path)) == {"/a.py": {2}}
    assert windows
    assert windows == [(1, 1), (0, 1)] * (len(windows) // 2)


@pytest.mark.usefixtures("windows")
def test_a_fragment_without_a_mapped_state_is_that_of_a_process_until_it_says_its_end(tmp_path: Path) -> None:
    fragments.Fragment(str(tmp_path)).begin("")
    (process,), broken = fragments.read_all(str(tmp_path))
    assert (process.ended, process.runs(), broken) == (False, True, [])


@pytest.mark.usefixtures("windows")
def test_the_cache_has_no_locks_on_windows() -> None:
    assert cache._hold(-1, 0)


@pytest.mark.usefixtures("windows")
def test_a_folder_is_not_known_to_be_others_on_windows(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert not shared(tmp_path)


def test_memory_has_no_limit_where_the_system_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "resource", None)
    with memory.limited(1):
        assert len(bytearray(1 << 20)) == 1 << 20
