"""The canary: a module whose lines are known, tested as the leg was, before anybody believes the leg.

It runs after the leg, while `finish` counts, with the flags that the leg turned out to have, wherever they came from,
so in processes of the same shape: workers, forked tests, and below them a fork and a Python of the test's own. Its
interpreter has loaded pytest by then; plugins, which may have effects beyond it, are loaded after the leg alone.
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
from .start import RUNNING, WHEN_TOLD, leave

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .plan import Plan

    Flight = Optional["subprocess.Popen[bytes]"]

#: pytest looks for tests in no hidden folder, and for none in a file of such a name: no other leg may find it.
FOLDER = ".canary"
TESTS = "trial.py"
PASSED, LOST, OFF = "passed", "lost", "off"
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


def stand_by(plan: Plan) -> Flight:
    """Start the canary's interpreter, which loads pytest and waits for its flags."""
    if not plan.canary:
        return None
    folder = os.path.join(plan.folder, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    own = plan._replace(
        root=folder, source=["covlane_canary.py"], omit=[], exclude=[], canary=False, shard=None
    )._asdict()
    del own["folder"]
    content = {
        "leg.json": json.dumps({"schema": 1, **own}),
        "covlane_canary.py": MODULE,
        TESTS: TEST,
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


def launch(plan: Plan, flight: Flight, status: int) -> Flight:
    """Let the canary fly as the leg ran, where pytest, which ended with `status`, came so far that this is known."""
    if flight is None:
        return None
    flags = _flags(plan) if status in (0, 1) else None
    if flags is not None and flight.poll() is not None:  # the suite can kill what it did not start
        _leave(flight)
        flight = stand_by(plan)
    assert flight is not None  # noqa: S101 - the plan asks for one
    assert flight.stdin is not None  # noqa: S101 - a pipe
    folder = os.path.join(plan.folder, FOLDER)
    place = ["-c", os.path.join(folder, "pytest.ini"), "--rootdir", folder, "-p", "no:cacheprovider"]
    with contextlib.suppress(BrokenPipeError), flight.stdin as told:
        if flags is not None:
            told.write(json.dumps([*flags, *place, os.path.join(folder, TESTS)]).encode() + b"\n")
    return None if flags is None else flight


def _leave(flight: subprocess.Popen[bytes]) -> None:
    leave(os.path.join(sysconfig.get_path("purelib"), RUNNING), flight.pid)


def judge(plan: Plan, flight: Flight) -> tuple[str, list[str]]:
    """Return what became of the canary, and a sentence for each mechanism that lost its lines."""
    if flight is None:
        return OFF, []
    folder = os.path.join(plan.folder, FOLDER)
    # Popen.wait with a timeout looks at ever longer intervals; this one hears at once.
    alarm = threading.Timer(PATIENCE, flight.kill)
    alarm.start()
    status = flight.wait()
    alarm.cancel()
    _leave(flight)
    if status not in (0, 1):
        return f"it could not run: pytest ended with {status}, {os.path.join(folder, 'output')} says why", []
    found, _ = fragments.read_ended(folder)
    lost = [*(["its test failed"] if status else ()), *_lost(plan, folder, found)]
    if not lost:
        return PASSED, []
    return LOST, [f"the canary, a test whose lines are known, was not measured whole: {', '.join(lost)}"]


def _lost(plan: Plan, folder: str, found: list[fragments.Process]) -> Iterator[str]:
    path = os.path.realpath(os.path.join(folder, "covlane_canary.py"))
    own = plan._replace(root=folder, source=["covlane_canary.py"], omit=[], exclude=[], folder=folder)
    counted = engine.reader(own, [path], fragments.ran(folder, found)).count(path, MODULE.encode())
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
