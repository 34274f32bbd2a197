"""What stands by while pytest runs: it works ahead, outlives what is meant for pytest, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane.collector.engines.worker_pool import WorkerPool, processors
from covlane.collector.leg.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Callable

    from leg import Project

PATIENCE = 120
SOURCE = "def called(a):\n    if a:\n        return 1\n"


def await_that(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def standing_by(plan: Path) -> list[int]:
    """Return the processes that wait for a leg's end."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            named = any(word.startswith(os.fsencode(plan.parent)) for word in words)
            if named and b"finish" in words:
                found.append(int(process.name))
    return found


@pytest.mark.skipif(processors() < 2, reason="no processor is idle")
def test_files_are_worked_out_while_the_tests_run(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg/__init__.py", "")
    for number in range(3):
        project.write(f"pkg/never_{number}.py", SOURCE + f"X = {number}\n")
    project.write("pkg/broken.py", "def (:\n")
    project.write(
        "test_it.py",
        f"""
        import os, time, pkg

        def test_it():
            deadline = time.monotonic() + {PATIENCE}
            # The code and the counts of three files, and of the one that was imported.
            while sum("." not in name for name in os.listdir("kept")) < 8:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        """,
    )
    leg = project.measure(cache=str(project.root / "kept"))
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/never_1.py") == [1, 2, 3, 4]
    assert list(leg.stamp.unparsable) == ["pkg/broken.py"]
    assert leg.output.count("\n") < 10, leg.output


def test_the_suite_may_kill_what_stands_by(project: Project) -> None:
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "test_it.py",
        f"""
        import contextlib, os, signal, time, pkg

        def of_leg(name):
            try:
                with open(f"/proc/{{name}}/cmdline", "rb") as file:
                    words = file.read().split(bytes(1))
            except OSError:
                return False  # it has ended since it was listed
            folder = os.fsencode(os.path.abspath("reports/legs/leg.d"))
            return b"finish" in words and any(each.startswith(folder) for each in words)

        def test_it():
            pkg.called(1)
            deadline = time.monotonic() + {PATIENCE}
            while not (own := [int(name) for name in os.listdir("/proc") if name.isdigit() and of_leg(name)]):
                assert time.monotonic() < deadline
            for pid in own:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        """,
    )
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert leg.stamp.complete, leg.stamp
    assert leg.ran("pkg/__init__.py") == [1, 2, 3]


def test_signals_to_the_whole_group_are_pytests(project: Project) -> None:
    project.write("pkg/__init__.py", SOURCE)
    project.write(
        "test_it.py",
        """
        import os, signal, time, pkg

        def test_it():
            pkg.called(1)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_IGN)
                os.killpg(0, number)
            time.sleep(0.5)
        """,
    )
    plan = project.plan()
    leg = subprocess.Popen(project.command(plan), cwd=project.root, start_new_session=True)
    assert leg.wait(PATIENCE) == 0
    assert project.read().stamp.complete
    assert project.read().ran("pkg/__init__.py") == [1, 2, 3]


def test_nothing_is_left_where_the_leg_is_killed(project: Project) -> None:
    project.write("pkg/__init__.py", "")
    project.write(
        "test_it.py",
        "import time\ndef test_it():\n    open('began', 'w').close()\n    time.sleep(5)\n",
    )
    plan = project.plan(subprocess=False)
    leg = subprocess.Popen(project.command(plan), cwd=project.root, start_new_session=True)
    await_that((project.root / "began").exists)
    await_that(lambda: len(standing_by(plan)) == 1)
    leg.kill()
    leg.wait()
    await_that(lambda: not standing_by(plan))
    assert not plan.parent.with_suffix(".json").exists()
    os.killpg(leg.pid, signal.SIGKILL)


def test_a_crew_does_each_part_and_ends_when_it_is_told(tmp_path: Path) -> None:
    def work(number: int, count: int) -> None:
        (tmp_path / f"{number} of {count}").touch()
        time.sleep(PATIENCE)
        (tmp_path / "too late").touch()

    pool = WorkerPool(2, work, idle=True)
    await_that(lambda: len(list(tmp_path.iterdir())) == 2)
    pool.dismiss()
    pool.wait()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0 of 2", "1 of 2"]


def test_a_part_that_fails_is_not_heard(capfd: pytest.CaptureFixture[str]) -> None:
    def work(number: int, _count: int) -> None:
        if number:
            sys.exit("no word of this")
        raise OSError("nor of this")

    WorkerPool(2, work).wait()
    assert capfd.readouterr() == ("", "")


def test_nobody_waits_for_ever_nor_for_one_that_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, began = Cache(str(tmp_path / "cache")), tmp_path / "began"
    monkeypatch.setattr("covlane.collector.leg.cache.PATIENCE", 0.1)

    def hang() -> str:
        began.touch()
        time.sleep(60)
        return "too late"

    pool = WorkerPool(1, lambda *_: cache.made(cache.key(b"X = 1\n"), hang, alone=True))
    while not began.exists():
        time.sleep(0.01)
    assert cache.made(cache.key(b"X = 1\n"), lambda: "mine", alone=True) == "mine"
    pool.wait(kill=True)
    with pytest.raises(SyntaxError):
        cache.made(cache.key(b"("), lambda: compile(b"(", "a.py", "exec"), alone=True)
    assert cache.made(cache.key(b"("), lambda: "mine", alone=True) == "mine"
