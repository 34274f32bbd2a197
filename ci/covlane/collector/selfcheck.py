"""The self-check: a module whose lines are known, run where the suite ran, to prove that the leg was measured.

Each process that pytest ran tests in, its own or a worker of pytest-xdist, ends with it: the module is imported, called,
and, by each way that the process took, called in a fork and in a Python of its own. So it meets plugins, flags and
whatever the suite has left behind as the last test met them. `finish` judges what came back.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from .engines import engine
from .leg.stdlib import io, time
from .leg.stdlib import os as pristine_os

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .engines.engine import Counted
    from .leg.fragments import Fragment, Process
    from .leg.plan import Plan
    from .leg.record import Item

    Branch = tuple[int, int]

#: The module, and what stands for a test in what its processes say of themselves.
NAME = "covlane_canary"
PASSED, LOST, OFF = "passed", "lost", "off"
#: Seconds after which a fork or a Python of its own has hung.
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
IMPORTED, TESTED, FORKED, STARTED = {1, 7, 11}, {2, 3}, {8}, {12}
BRANCHES, TAKEN = {(2, 3), (2, 4)}, {(2, 3)}
IMPORTS, TESTS, FORKS, PYTHONS = "imports", "tests", "forks", "Pythons that tests start"
#: Run as `python -c CHILD path`.
CHILD = f"""\
import importlib.util, sys
spec = importlib.util.spec_from_file_location("{NAME}", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
module.in_child()
"""
#: By this pytest-xdist tells the workers of one run from those of another, which a test may start.
_RUN = "PYTEST_XDIST_TESTRUNUID"
#: pytest's word for the test that runs.
_TEST = "PYTEST_CURRENT_TEST"


def run() -> str:
    """Return which run of pytest-xdist's this process, or one above it, is a worker of, or an empty string."""
    return pristine_os.environ.get(_RUN, "")


def check(plan: Plan, fragment: Fragment, *, forks: bool, pythons: bool) -> None:
    """Run it in this process, in a fork and in a Python of its own, and say so; OSError where that cannot be said.

    Nothing else is raised: the suite has ended as it has.
    """
    ways = {IMPORTS: f"{pristine_os.getpid()}.py"}
    if forks:
        ways[FORKS] = ways[IMPORTS]
    if pythons:
        ways[PYTHONS] = f"child-{ways[IMPORTS]}"
    paths = {way: _place(plan.selfcheck_folder, name) for way, name in ways.items()}
    fragment.add(canary={"run": run(), "ways": ways})
    try:
        module = (_import if plan.engine == "slipcover-cli" else _load)(paths[IMPORTS])
        module.in_test(1)
        if forks and not _fork(module):
            del ways[FORKS]
            fragment.add(canary={"run": run(), "ways": ways})
        if pythons:
            _start(paths[PYTHONS])
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever the suite has left behind
        fragment.add(trouble=f"{type(error).__name__}: {error}")


def _place(folder: str, name: str) -> str:
    path: str = pristine_os.path.join(folder, name)
    pristine_os.makedirs(folder, exist_ok=True)
    with io.open(path, "w", encoding="utf-8") as file:
        file.write(MODULE)
    return path


def _load(path: str) -> Any:
    import importlib.util

    spec = importlib.util.spec_from_file_location(NAME, path)
    assert spec is not None  # noqa: S101 - a file with a location has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _import(path: str) -> Any:
    """Import it by the finders that the suite's imports come through: the workers of SlipCover hook no other way."""
    import importlib

    folder, name = pristine_os.path.split(path)
    importlib.invalidate_caches()
    sys.path.insert(0, folder)
    try:
        return importlib.import_module(pristine_os.path.splitext(name)[0])
    finally:
        sys.path.remove(folder)


def _fork(module: Any) -> bool:
    """Call it in a fork; False where there can be none: Python 3.12 lets no process fork that is about to end."""
    import warnings

    pristine_os.environ[_TEST] = f"{NAME} (call)"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that this process has threads, as a worker may have
            child = os.fork()
    except RuntimeError:
        return False
    finally:
        del pristine_os.environ[_TEST]
    if not child:
        try:
            module.in_fork()
        finally:
            os._exit(0)
    late = time.monotonic() + PATIENCE
    with contextlib.suppress(ChildProcessError):  # the system was told to forget children
        while not os.waitpid(child, os.WNOHANG)[0]:
            if time.monotonic() > late:
                os.kill(child, signal.SIGKILL)
                raise TimeoutError(f"a fork of it did not end in {PATIENCE} seconds")
            time.sleep(0.001)
    return True


def _start(path: str) -> None:
    # Few suites need it, and every Python of theirs would wait for it.
    import subprocess  # noqa: TID251 - the leg's side has no adapters

    nowhere, environ = subprocess.DEVNULL, {**os.environ, _TEST: f"{NAME} (call)"}  # noqa: TID251
    argv = [sys.executable, "-c", CHILD, path]
    try:
        done = subprocess.run(  # noqa: S603 - the suite's own interpreter
            argv, stdin=nowhere, stdout=nowhere, stderr=nowhere, env=environ, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"a Python of its own did not end in {PATIENCE} seconds") from None
    if done.returncode:
        raise RuntimeError(f"a Python of its own ended with {done.returncode}")


def judge(plan: Plan, found: list[Process], executed_items: dict[str, set[Item]]) -> tuple[str, list[str]]:
    """Return the result of a leg's self-checks, and a sentence if some of them lost lines.

    Args:
        plan: the leg.
        found: its processes, including those of the self-checks.
        executed_items: what ran, as `fragments.ran` has it.
    """
    suite = next((process.pytest for process in found if process.pytest), None)
    if suite is None or not plan.canary:
        return OFF, []
    ran = [process for process in found if process.canary and process.canary["run"] == suite["run"]]
    if not ran and suite["stopped"]:
        return "it could not run: no process that ran tests came to its end", []
    try:
        lost = dict.fromkeys(_lost(plan, ran, executed_items))
    except OSError as error:  # the suite has removed it
        return f"it could not run: {error}", []
    if not ran:
        lost[f"the lines of {TESTS} did not come back"] = None
    if not all(process.ended for process in found if process.test == NAME):
        lost["a process of it never reported its end"] = None
    if lost:
        return LOST, [
            f"the self-check, a module whose lines are known, was not fully measured: {', '.join(lost)}"
        ]
    trouble = next((process.trouble for process in ran if process.trouble), "")
    return (f"it could not run: {trouble}" if trouble else PASSED), []


def _lost(plan: Plan, ran: list[Process], executed_items: dict[str, set[Item]]) -> Iterator[str]:
    """Yield what the self-checks lost; nothing for one that could not run."""
    checks = [process.canary["ways"] for process in ran if process.canary and not process.trouble]
    if not checks:
        return
    real = {
        name: os.path.realpath(os.path.join(plan.selfcheck_folder, name))
        for ways in checks
        for name in ways.values()
    }
    # All self-checks have the same counts: cached, they save loading the code that computes them.
    own_plan = plan._replace(folder=plan.selfcheck_folder, exclude=[])
    of_ours = {path: executed_items.get(path, set()) for path in real.values()}
    reader, branches = engine.reader(own_plan, list(of_ours), of_ours), BRANCHES if plan.branch else set()
    for ways in checks:
        here = {IMPORTS: IMPORTED, TESTS: TESTED, **({FORKS: FORKED} if FORKS in ways else {})}
        yield from _missed(reader.count(real[ways[IMPORTS]]), here, branches, TAKEN & branches)
        if PYTHONS in ways:
            there = {PYTHONS: IMPORTED | STARTED}
            yield from _missed(reader.count(real[ways[PYTHONS]]), there, branches, set())


def _missed(
    counted: Counted, mechanisms: dict[str, set[int]], branches: set[Branch], taken: set[Branch]
) -> Iterator[str]:
    for mechanism, lines in mechanisms.items():
        if not lines <= counted.executed:
            yield f"the lines of {mechanism} did not come back"
    if counted.executed - set().union(*mechanisms.values()):
        yield "lines came back that did not run"
    if counted.executable != EXECUTABLE:
        yield "its executable lines are not those that are known"
    if (counted.branches, counted.taken) != (branches, taken):
        yield "its branches did not come back"
