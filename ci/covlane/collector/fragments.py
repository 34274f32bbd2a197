"""Fragments: what the processes of a leg say of themselves; `finish` adds them up.

A process that a leg's interpreter begins in has a file of its own, to which its forked children append: one JSON
object a line, in one write each, so that no end can break what was said before.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Optional

from . import record
from .own import io, json, os, time
from .start import FAILED, process_state

if TYPE_CHECKING:
    from .record import Item

SUFFIX = ".fragment"
#: Seconds that processes which outlive pytest have to end.
GRACE = 5.0
#: The functions of pytest-forked and of our own plugin that fork before a test has begun; `item` is the test.
FORKING = ("forked_run_report", "_fork_for")


class Fragment:
    """What this process says of itself."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._key = ""
        self.path = ""

    def begin(self, test: str) -> str:
        """Say that the process runs, and return a path of its own; a forked child's command line is its parent's."""
        parent, self._key = self._key, f"{os.getpid()}-{os.urandom(4).hex()}"
        own = os.path.join(self._folder, self._key)
        group = os.getpgrp() if hasattr(os, "getpgrp") else 0
        if parent:
            self.add(parent=parent, test=test, group=group)
        else:
            self.path = own + SUFFIX
            self.add(argv=command_line(), test=test, group=group)
        return own

    def add(self, **said: object) -> None:
        """Say more; OSError where that cannot be written."""
        line = json.dumps({"process": self._key, **said}, separators=(",", ":")).encode() + b"\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            record.write_all(descriptor, line)
        finally:
            os.close(descriptor)


class Process:
    """One process of the leg, as `finish` reads of it.

    `ended` is False where it never said so, so that it can be named; `files` maps a real path to what ran of it,
    lines and [from, to] branches, where the engine does not use the record; `lost` says of what it started, or did,
    that it could not be measured; `terminates` are the numbers of the processes that it sent SIGTERM to, those of
    groups below 0, where such a process has nothing left to say.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.group = 0
        self.argv: list[str] = []
        self.test = ""
        self.ended = False
        self.files: dict[str, list[Any]] = {}
        self.unmarked: dict[str, str] = {}
        self.lost: list[str] = []
        self.terminates: list[int] = []
        self.pytest: Optional[dict[str, Any]] = None
        #: Of the canary, of which run it was and by each way its file, and what kept it from running.
        self.canary: Optional[dict[str, Any]] = None
        self.trouble = ""


def read_all(folder: str) -> tuple[list[Process], list[str]]:
    """Return every process of a leg, and a sentence for each fragment that cannot be read."""
    found: dict[str, Process] = {}
    broken: list[str] = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            try:
                with io.open(os.path.join(folder, name), encoding="utf-8") as file:
                    for line in file:
                        _take(found, json.loads(line))
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                broken.append(f"the fragment {name} is unreadable ({error})")
    terminated = {number for process in found.values() for number in process.terminates}
    for process in found.values():
        if not process.ended and not terminated.isdisjoint((process.pid, -process.group)):
            process.ended = not _is_alive(process.pid)
    return list(found.values()), broken


def read_ended(folder: str) -> tuple[list[Process], list[str]]:
    """Read the fragments, once the processes that still run have ended or had their time to."""
    deadline = time.monotonic() + GRACE
    while True:
        found, broken = read_all(folder)
        alive = any(not item.ended and _is_alive(item.pid) for item in found)
        if not alive or time.monotonic() > deadline:
            return found, broken
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":  # where signal 0 is Ctrl-C, and nothing else asks without harm
        return True
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return process_state(pid)[:1] != ["Z"]  # which nobody has waited for


def _take(found: dict[str, Process], said: dict[str, Any]) -> None:
    key = said.pop("process")
    if key not in found:
        found[key] = Process(int(key.partition("-")[0]))
    if "parent" in said:
        found[key].argv = found[said.pop("parent")].argv
    for name, value in said.items():
        if name == "unmarked":
            found[key].unmarked.update(value)
        elif name in ("lost", "terminates"):
            getattr(found[key], name).append(value)
        elif name == "files":  # what ran since the last time
            for path, items in value.items():
                found[key].files.setdefault(path, []).extend(items)
        else:
            setattr(found[key], name, value)


def command_line() -> list[str]:
    """Return the command line of this process as it was given, interpreter and options included."""
    try:
        return list(sys.orig_argv)
    except AttributeError:  # Python 3.9
        try:
            with io.open("/proc/self/cmdline", "rb") as file:
                return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
        except OSError:
            return list(getattr(sys, "argv", ()))


def current_test() -> str:
    """Return the test that pytest is running, which its children inherit, or an empty string."""
    frame = None
    if not (test := os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]):
        frame = sys._getframe()
    while frame is not None and not test:
        if frame.f_code.co_name in FORKING:
            test = getattr(frame.f_locals.get("item"), "nodeid", "")
        frame = frame.f_back
    return test


def failures(folder: str) -> list[str]:
    """Return a sentence for each process whose measurement could not begin."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(FAILED):
            with io.open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                last = (file.read().strip().splitlines() or ["no reason"])[-1]
            found.append(f"process {name[: -len(FAILED)]} could not be measured: {last}")
    return found


def ran(folder: str, processes: list[Process]) -> dict[str, set[Item]]:
    """Return what ran in any process: real path to line numbers and (from, to) branches.

    Raises:
        ValueError: the leg's record is broken.
    """
    found = record.read(folder)
    for process in processes:
        for path, items in process.files.items():
            into = found.setdefault(path, set())
            into.update(item if isinstance(item, int) else (item[0], item[1]) for item in items)
    return found
