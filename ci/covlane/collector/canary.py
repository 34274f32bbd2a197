"""The canary: a module whose lines are known, tested as the leg was, before anybody believes the leg.

It runs after the leg, while `finish` counts, with the flags that the leg turned out to have, wherever they came from,
so in processes of the same shape: workers, forked tests, and below them a fork and a Python of the test's own. Its
interpreter has loaded pytest by then; plugins, which may have effects beyond it, are loaded after the leg alone.
Where one came back before and nothing that decides how it fares has changed, none has to fly.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess  # noqa: TID251 - the leg's side has no adapters
import sys
import sysconfig
import threading
from typing import TYPE_CHECKING, Optional

from . import engine, fragments
from .proven import CONFTEST, Proven
from .start import RUNNING, WHEN_TOLD, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .plan import Plan

#: pytest looks for tests in no hidden folder, and for none in a file of such a name: no other leg may find it.
FOLDER = ".canary"
SOURCE, TESTS = "covlane_canary.py", "trial.py"
PASSED, PROVEN, LOST, OFF = "passed", "passed before", "lost", "off"
#: Seconds after which it has hung.
PATIENCE = 60
MODULE = """\
def in_test(number):
    if number:
        return number
    return None


def in_fork():
    return 1


def in_child():
    return 1
"""
#: What its lines and branches are, and by which of them a mechanism is known to work.
EXECUTABLE = {1, 2, 3, 4, 7, 8, 11, 12}
MECHANISMS = {
    "imports": {1, 7, 11},
    "tests": {2, 3},
    "forks": {8},
    "Pythons that tests start": {12},
}
BRANCHES = {(2, 3), (2, 4)}
TEST = """\
import os, subprocess, sys, warnings

sys.path.insert(0, os.path.dirname(__file__))
import covlane_canary


def test_canary():
    covlane_canary.in_test(1)
    if hasattr(os, "fork"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            child = os.fork()
        if child == 0:
            covlane_canary.in_fork()
            os._exit(0)
        os.waitpid(child, 0)
    code = "import covlane_canary as canary; canary.in_child()"
    subprocess.run([sys.executable, "-c", code], cwd=os.path.dirname(__file__), check=True)
"""


class Canary:
    """One leg's: it stands by, flies as the leg ran, and is judged."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._folder = os.path.join(plan.folder, FOLDER)
        self._proven = Proven(plan) if plan.canary and plan.cache else None
        #: The run's flags, from which a canary is told how to fly; None where none has to.
        self._flags: Optional[list[str]] = None
        # Where one came back before, another will hardly have to fly.
        self._flight = self._stand_by() if plan.canary and not self._proven else None

    def launch(self, status: int) -> None:
        """Let it fly, where pytest, which ended with `status`, came so far that it is known how the leg ran."""
        self._flags = _flags(self._plan) if self._plan.canary and status in (0, 1) else None
        if self._flags is not None and not self._is_proven():
            if self._flight is not None and self._flight.poll() is not None:
                self._leave(self._flight)  # the suite can kill what it did not start
                self._flight = None
            self._flight = self._flight or self._stand_by()
        if self._flight is not None:
            self._tell(self._flight)

    def judge(self) -> tuple[str, list[str]]:
        """Return what became of it, and a sentence for each mechanism that lost its lines."""
        if self._flags is None:
            return OFF, []
        if self._is_proven():
            return PROVEN, []
        assert self._flight is not None  # noqa: S101 - it was launched
        # Popen.wait with a timeout looks at ever longer intervals; this one hears at once.
        alarm = threading.Timer(PATIENCE, self._flight.kill)
        alarm.start()
        status = self._flight.wait()
        alarm.cancel()
        self._leave(self._flight)
        if status not in (0, 1):
            output = os.path.join(self._folder, "output")
            return f"it could not run: pytest ended with {status}, {output} says why", []
        found, _ = fragments.read_ended(self._folder)
        lost = [*(["its test failed"] if status else ()), *_lost(self._plan, self._folder, found)]
        if lost:
            return LOST, [
                f"the canary, a test whose lines are known, was not measured whole: {', '.join(lost)}"
            ]
        if self._proven is not None:
            self._proven.add(self._flags, self._folder)
        return PASSED, []

    def _is_proven(self) -> bool:
        return self._flags is not None and self._proven is not None and self._flags in self._proven

    def _stand_by(self) -> subprocess.Popen[bytes]:
        """Start the canary's interpreter, which loads pytest and waits for its flags."""
        folder = self._folder
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        own = _own(self._plan, folder)._replace(canary=False, shard=None)._asdict()
        del own["folder"]
        content = {
            "leg.json": json.dumps({"schema": 1, **own}),
            SOURCE: MODULE,
            TESTS: TEST,
            "conftest.py": CONFTEST,
            "pytest.ini": "[pytest]\n",
        }
        for name, text in content.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        environ = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}  # noqa: TID251
        measure = [sys.executable, os.path.dirname(os.path.abspath(__file__)), "measure"]
        with open(os.path.join(folder, "output"), "wb") as out:
            return subprocess.Popen(  # noqa: S603 - our own interpreter
                [*measure, os.path.join(folder, "leg.json"), WHEN_TOLD],
                stdin=subprocess.PIPE, stdout=out, stderr=out, env=environ,
            )  # fmt: skip

    def _tell(self, flight: subprocess.Popen[bytes]) -> None:
        """Say with which arguments to fly, or not to."""
        place = ["-c", os.path.join(self._folder, "pytest.ini"), "--rootdir", self._folder]
        tests = ["-p", "no:cacheprovider", os.path.join(self._folder, TESTS)]
        assert flight.stdin is not None  # noqa: S101 - a pipe
        with contextlib.suppress(BrokenPipeError), flight.stdin as told:
            if self._flags is not None:
                told.write(json.dumps([*self._flags, *place, *tests]).encode() + b"\n")

    @staticmethod
    def _leave(flight: subprocess.Popen[bytes]) -> None:
        leave(os.path.join(sysconfig.get_path("purelib"), RUNNING), flight.pid)


def _own(plan: Plan, folder: str) -> Plan:
    """Return the plan of the canary itself, which is its own root."""
    return plan._replace(folder=folder, root=folder, source=[SOURCE], omit=[], exclude=[])


def _lost(plan: Plan, folder: str, found: list[fragments.Process]) -> Iterator[str]:
    path = os.path.realpath(os.path.join(folder, SOURCE))
    reader = engine.reader(_own(plan, folder), [path], fragments.ran(folder, found))
    counted = reader.count(path)
    mechanisms = dict(MECHANISMS)
    if not hasattr(os, "fork"):
        del mechanisms["forks"]
    if not plan.subprocess:
        del mechanisms["Pythons that tests start"]
    for mechanism, known in mechanisms.items():
        if not known <= counted.executed:
            yield f"the lines of {mechanism} did not come back"
    if counted.executed - set().union(*MECHANISMS.values()):
        yield "lines came back that did not run"
    if counted.executable != EXECUTABLE:
        yield "its executable lines are not those that are known"
    if plan.branch and (counted.branches, counted.taken) != (BRANCHES, {(2, 3)}):
        yield "its branches did not come back"
    if not all(process.ended for process in found):
        yield "a process of it never reported its end"


def _flags(plan: Plan) -> Optional[list[str]]:
    """Return the flags that shaped the leg's processes, None where pytest did not come to its end."""
    found, _ = fragments.read_all(plan.folder)
    return next((process.pytest["flags"] for process in found if process.pytest), None)
