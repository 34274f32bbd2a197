"""The record that all processes of a leg share."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from covlane.collector.leg import record
from covlane.collector.leg.guard import Guard
from covlane.collector.leg.record import CHUNK, Record

COLLECTOR = Path(record.__file__).parents[2]


def ran(made: Record, name: str, numbers: list[int], *which: int) -> None:
    memory, ordered, _ = made.flags(name, numbers)
    for one in which:
        memory[ordered.index(one)] = 1


def test_what_one_process_saw_another_reads(tmp_path: Path) -> None:
    ran(Record(str(tmp_path), Guard()), "/a.py", [1, 2, record.number((1, 2))], 2, record.number((1, 2)))
    assert record.read(str(tmp_path)) == {"/a.py": {2, (1, 2)}}


def test_processes_share_the_flags_of_a_file(tmp_path: Path) -> None:
    first, second = (Record(str(tmp_path), Guard()) for _ in range(2))
    ran(first, "/a.py", [1, 2, 3], 1)
    ran(second, "/a.py", [3, 2, 1], 3)
    size = (tmp_path / record.NAME).stat().st_size
    assert bytes(first.flags("/a.py", [1, 2, 3]).memory) == b"\1\0\1"
    assert (tmp_path / record.NAME).stat().st_size == size


def test_a_file_of_other_content_adds_to_what_ran(tmp_path: Path) -> None:
    made = Record(str(tmp_path), Guard())
    ran(made, "/a.py", [1, 2], 2)
    ran(made, "/a.py", [1, 7], 7)
    assert record.read(str(tmp_path)) == {"/a.py": {2, 7}}


def test_it_grows_and_what_was_there_stays(tmp_path: Path) -> None:
    early, late = (Record(str(tmp_path), Guard()) for _ in range(2))
    numbers = list(range(1, CHUNK // 4))
    memory = early.flags("/0.py", [1, 2]).memory
    for number in range(1, 8):
        ran(early if number % 2 else late, f"/{number}.py", numbers, number)
    memory[1] = 1
    assert record.read(str(tmp_path)) == {"/0.py": {2}} | {f"/{n}.py": {n} for n in range(1, 8)}


def test_names_that_are_no_utf8_come_back(tmp_path: Path) -> None:
    ran(Record(str(tmp_path), Guard()), "/\udcff.py", [1], 1)
    assert record.read(str(tmp_path)) == {"/\udcff.py": {1}}


def test_without_a_record_nothing_ran(tmp_path: Path) -> None:
    assert record.read(str(tmp_path)) == {}


@pytest.mark.parametrize("cut", [0, 9, 20, 60])
def test_a_broken_record_is_none(tmp_path: Path, cut: int) -> None:
    ran(Record(str(tmp_path), Guard()), "/a.py", list(range(1, 30)), 1)
    path = tmp_path / record.NAME
    path.write_bytes(path.read_bytes()[:cut])
    if cut:
        with pytest.raises(ValueError, match=r"."):
            record.read(str(tmp_path))
    else:
        assert record.read(str(tmp_path)) == {}


def test_many_processes_at_once_lose_nothing_and_a_killed_one_keeps_what_it_saw(tmp_path: Path) -> None:
    program = textwrap.dedent(f"""
        import os, signal, sys
        sys.path.insert(0, {str(COLLECTOR)!r})
        from covlane.collector.leg.record import Record
        from covlane.collector.leg.guard import Guard
        made, own = Record({str(tmp_path)!r}, Guard()), int(sys.argv[1])
        for number in range(300):
            made.flags(f"/{{number}}.py", range(1, 400)).memory[own - 1] = 1
        os.kill(os.getpid(), signal.SIGKILL)
    """)
    running = [subprocess.Popen([sys.executable, "-c", program, str(own)]) for own in range(1, 7)]
    assert {each.wait(60) for each in running} == {-signal.SIGKILL}
    assert record.read(str(tmp_path)) == {f"/{number}.py": set(range(1, 7)) for number in range(300)}


def test_a_forked_child_adds_to_the_same_record(tmp_path: Path) -> None:
    made = Record(str(tmp_path), Guard())
    memory = made.flags("/a.py", [1, 2]).memory
    child = os.fork()
    if child == 0:
        memory[1] = 1
        ran(made, "/b.py", [5], 5)
        os._exit(0)
    os.waitpid(child, 0)
    ran(made, "/c.py", [6], 6)
    assert record.read(str(tmp_path)) == {"/a.py": {2}, "/b.py": {5}, "/c.py": {6}}


def test_what_has_no_place_is_kept_until_it_has(tmp_path: Path) -> None:
    folder = tmp_path / "not yet"
    made = Record(str(folder), Guard())
    ran(made, "/a.py", [1, 2], 2)
    with pytest.raises(FileNotFoundError):
        made.settle()
    folder.mkdir()
    made.settle()
    assert record.read(str(folder)) == {"/a.py": {2}}
