"""Fragments: what the processes of a leg say of themselves; `finish` adds them up.

A process that a leg's interpreter begins in has a file of its own, to which its forked children append: one JSON
object a line, in one write each, so that no end can break what was said before.
"""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Any

from . import record, state
from .processes import FAILED, by, cannot, process_state, send_report
from .stdlib import io, json, os, time

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .record import Item

SUFFIX = ".fragment"
#: How the name ends until the beginning has been written.
PART = ".part"
#: What follows a state at the end of a line.
_CLOSING = '"}\n'
#: Seconds that processes which outlive pytest have to end.
GRACE = 5.0
#: The functions of pytest-forked and of our own plugin that fork before a test has begun; `item` is the test.
FORKING = ("forked_run_report", "_fork_for")


class Fragment:
    """What this process says of itself."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._key = ""
        self._letter = state.BEGAN
        self._state: state.State | None = None
        #: Whether the state is this process's, and not that of one above it.
        self._own = False
        self.path = ""

    def begin(self, test: str) -> str:
        """Say that the process runs, and return a path of its own; a forked child's command line is its parent's.

        OSError where that cannot be written. A child whose parent could write has that one's state, and no other.
        """
        parent, self._key = self._key, f"{os.getpid()}-{os.urandom(4).hex()}"
        own = os.path.join(self._folder, self._key)
        self._own = False
        what: dict[str, object] = {"parent": parent} if parent else {"argv": command_line()}
        if not parent:
            self.path = own + PART
            if sys.flags.optimize:
                what["optimize"] = sys.flags.optimize
        what.update(test=test, began=_began(), state=state.new(self._letter))
        try:
            with self._opened() as descriptor:
                self._write(descriptor, what)
                self._state = None
                with contextlib.suppress(OSError, ValueError):  # without it, the end is written
                    if sys.platform != "win32":
                        self._state = state.State(descriptor, len(_CLOSING))
                self._own = True
        finally:
            # Not before: one that is killed here has begun nothing. One that cannot write has an empty file, which is named.
            if not parent:
                with contextlib.suppress(OSError):
                    os.replace(self.path, own + SUFFIX)
                self.path = own + SUFFIX
        return own

    def add(self, **said: object) -> None:
        """Say more; OSError where that cannot be written."""
        with self._opened() as descriptor:
            self._write(descriptor, said)

    def keep(self) -> None:
        """Say that what this process ran is kept back, from now on and until its end."""
        self._letter = state.KEEPS
        if self._own and self._state:
            self._state.set(state.KEEPS)

    def end(self) -> None:
        """Say that this process ends; OSError where that cannot be written."""
        if not self._own:
            return
        if self._state:
            self._state.set(state.ENDED)
        else:
            self.add(state=state.new(state.ENDED))

    def record_error(self, error: BaseException) -> None:
        """Note why this process is not measured whole: in its fragment, in its state or that of one above it, or with `run`."""
        sentence = cannot(f"process {os.getpid()}{by(current_test())}", error, command_line())
        if not isinstance(error, OSError):  # it can still write
            with contextlib.suppress(OSError):
                self.add(lost=sentence)
                return
        if self._state:
            self._state.record_error(error)
        else:
            send_report(self._folder, sentence)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _write(self, descriptor: int, said: dict[str, object]) -> None:
        line = json.dumps({"process": self._key, **said}, separators=(",", ":")).encode() + b"\n"
        record.write_all(descriptor, line)


class Process:
    """One process of the leg, as `finish` reads of it.

    `ended` is False where it never said so, so that it can be named, and `keeps` whether it then took something with
    it; `unsaid` is why it could not say all of it. `files` maps a real path to what ran of it, lines and [from, to]
    branches, where the engine does not use the record; `lost` says of what it started, or did, that it could not be
    measured.
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.began = ""
        self.argv: list[str] = []
        self.test = ""
        self.optimize = 0
        self.ended = self.keeps = False
        self.unsaid = ""
        self.files: dict[str, list[Any]] = {}
        self.unmarked: dict[str, str] = {}
        #: By real path, the first and last rows whose branches ran unmeasured.
        self.parts: dict[str, list[list[int]]] = {}
        self.lost: list[str] = []
        self.pytest: dict[str, Any] | None = None
        #: The self-check: its pytest-xdist run and its file for each mechanism, and why it could not run.
        self.canary: dict[str, Any] | None = None
        self.trouble = ""

    def runs(self) -> bool:
        """Say whether it still runs: another process may have its number by now."""
        if sys.platform == "win32":  # where signal 0 is Ctrl-C, and nothing else asks without harm
            return not self.ended
        try:
            os.kill(self.pid, 0)
        except PermissionError:
            pass
        except OSError:
            return False
        now = process_state(self.pid)
        # Z: nobody has waited for it.
        return now[:1] != ["Z"] and (not self.began or not now or now[19] == self.began)

    def __str__(self) -> str:
        return f"process {self.pid}{by(self.test)}"


def read_all(folder: str) -> tuple[list[Process], list[str]]:
    """Return every process of a leg, and a sentence for each fragment that cannot be read whole."""
    found: dict[str, Process] = {}
    broken: list[str] = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            try:
                with io.open(os.path.join(folder, name), encoding="utf-8") as file:
                    for line in file.readlines() or [
                        ""
                    ]:  # nothing can be read of one that could write nothing
                        _take(found, json.loads(line))
            except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
                broken.append(f"the fragment {name} is unreadable ({error})")
    return list(found.values()), broken


def read_ended(folder: str) -> tuple[list[Process], list[str]]:
    """Read the fragments, once the processes that still run have ended or had their time to."""
    deadline = time.monotonic() + GRACE
    while True:
        found, broken = read_all(folder)
        alive = any(not process.ended and process.runs() for process in found)
        if not alive or time.monotonic() > deadline:
            return found, broken
        time.sleep(0.05)


def _began() -> str:
    """Return when this process began, in the system's clock ticks; empty where that is unknown."""
    # Its number may be that of another in the /proc that it sees (pid_namespaces(7)).
    return "".join(process_state("self")[19:20])


def _take(found: dict[str, Process], said: dict[str, Any]) -> None:
    key = said.pop("process")
    if key not in found:
        found[key] = Process(int(key.partition("-")[0]))
    process = found[key]
    # One that could not write its beginning has a child that could.
    if parent := found.get(said.pop("parent", "")):
        process.argv, process.optimize = parent.argv, parent.optimize
    for name, value in said.items():
        if name == "unmarked":
            process.unmarked.update(value)
        elif name == "lost":
            process.lost.append(value)
        elif name == "state":
            letter, process.unsaid = state.read(value)
            process.ended, process.keeps = letter == state.ENDED, letter == state.KEEPS
        elif name in ("files", "parts"):  # what came since the last time
            for path, items in value.items():
                getattr(process, name).setdefault(path, []).extend(items)
        else:
            setattr(process, name, value)


def command_line() -> list[str]:
    """Return the command line of this process as it was given, interpreter and options included."""
    return list(sys.orig_argv)


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
                found += file.read().strip().splitlines()[:1]
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
