"""Run by the leg's `.pth` file in every interpreter of a leg: begin to measure.

Python runs `.pth` files before the program, so nothing here may fail or be heard: where the measurement cannot
begin, a file beside the fragments says why, and the leg is incomplete.
"""

import importlib.util
import os
import sys

#: Names the plan of the leg that a process belongs to; empty in one that belongs to none.
VARIABLE = "_COVLANE_LEG"
#: The folder beside the leg's `.pth` file that is there while a leg runs: its plan, by the process that runs its suite.
RUNNING = "_covlane_leg.running"
PACKAGE = "_covlane_collector"
FAILED = ".failed"
#: The program of execnet's that becomes a worker of pytest-xdist.
WORKER = "import sys;exec(eval(sys.stdin.readline()))"


def load() -> None:
    """Load the collector under its private name, without a trace on sys.path."""
    here = os.path.dirname(os.path.abspath(__file__))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None  # noqa: S101 - a file with a location has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def enter(running: str, plan: str) -> None:
    """Note that this process runs the suite of a leg, for those below it whose environment is cleaned."""
    if fields := process_state(os.getpid()):
        os.makedirs(running, exist_ok=True)
        with open(os.path.join(running, str(os.getpid())), "wb") as file:
            file.write(os.fsencode(f"{fields[19]}\n{plan}"))


def leave(running: str, pid: int) -> None:
    """Forget a process that ran a suite; the folder goes with the last leg of this environment."""
    try:
        os.unlink(os.path.join(running, str(pid)))
        os.rmdir(running)
    except OSError:
        pass


def leg_above(running: str) -> str:
    """Return the plan of the nearest process above this one that runs a suite, or an empty string.

    A process that has come to the number of one that ran a suite began at another time.
    """
    pid = os.getppid()
    while fields := process_state(pid):
        try:
            with open(os.path.join(running, str(pid)), "rb") as file:
                began, plan = os.fsdecode(file.read()).split("\n", 1)
            if began == fields[19]:
                return plan
        except (OSError, ValueError):
            pass
        pid = int(fields[1])
    return ""


def process_state(pid: int) -> "list[str]":
    """Return what /proc says of a process, from its state on (proc(5), pid/stat); nothing where there is none."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].decode().split()
    except OSError:
        return []


def begin(running: str) -> None:
    """Measure this process, if it belongs to a leg and is not measured yet."""
    path = os.environ.get(VARIABLE)  # noqa: TID251 - the leg's side has no adapters
    if path is None:
        path = leg_above(running)
    if not path or PACKAGE in sys.modules:
        return
    try:
        load()
        plans = importlib.import_module(PACKAGE + ".plan")
        plan = plans.read(path)
        if plan.subprocess or WORKER in getattr(sys, "orig_argv", ()):
            importlib.import_module(PACKAGE + ".measure").Measurement(plan).start()
    except Exception:  # noqa: BLE001 - the program that starts here is not ours to stop
        import traceback

        try:
            with open(os.path.join(os.path.dirname(path), f"{os.getpid()}{FAILED}"), "w") as file:
                file.write(traceback.format_exc())
        except OSError:
            pass
