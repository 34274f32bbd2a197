"""Which processes belong to a leg, and what is said of one that could not be measured.

The leg's `.pth` file loads this module by its path, in every interpreter of the leg, so it imports little.
"""

import importlib.util
import os
import sys

TYPE_CHECKING = False  # typing is not loaded in every interpreter for this
if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names the plan of the leg that a process belongs to; empty in one that belongs to none.
VARIABLE = "_COVLANE_LEG"
#: The folder beside the leg's `.pth` file that is there while a leg runs: its plan, by the process that runs its suite.
RUNNING = "_covlane_leg.running"
PACKAGE = "_covlane_collector"
#: The program of execnet's that becomes a worker of pytest-xdist.
WORKER = "import sys;exec(eval(sys.stdin.readline()))"
FAILED = ".failed"
#: What helps a process that could not be measured.
REMEDY = "let it run as the suite's user, able to write to the leg's folder, with room on the disk"


def load() -> None:
    """Load the collector under its private name, without a trace on sys.path."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = importlib.util.spec_from_file_location(
        PACKAGE, os.path.join(here, "__init__.py"), submodule_search_locations=[here]
    )
    assert spec is not None  # noqa: S101 - a file with a location has one
    assert spec.loader is not None  # noqa: S101
    module = importlib.util.module_from_spec(spec)
    sys.modules[PACKAGE] = module
    spec.loader.exec_module(module)


def enter(running: str, plan: str, pid: int) -> None:
    """Note that a process runs the suite of a leg, for those below it whose environment is cleaned."""
    if fields := process_state(pid):
        os.makedirs(running, exist_ok=True)
        with open(os.path.join(running, str(pid)), "wb") as file:
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


#: As it is before the program can put something in its place.
_open = [open]


def process_state(pid: "int | str") -> "list[str]":
    """Return what /proc says of a process, from its state on (proc(5), pid/stat); nothing where there is none."""
    try:
        with _open[0](f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b") ")[2].decode().split()
    except OSError:
        return []


def leg_of(running: str) -> str:
    """Return the plan of the leg that this process belongs to and is not measured for yet, or an empty string."""
    path = os.environ.get(VARIABLE)  # noqa: TID251 - the leg's side has no adapters
    if path is None:
        path = leg_above(running)
    return "" if PACKAGE in sys.modules else path


def by(test: str) -> str:
    """Return what a sentence says of the test that started a process."""
    return f", started by {test}" if test else ""


def cannot(who: str, error: "BaseException | str", argv: "Sequence[str]") -> str:
    """Return the sentence that a process could not be measured, or not to its end."""
    import shlex

    if isinstance(error, OSError) and error.strerror:
        error = error.strerror
    elif not isinstance(error, str):
        error = f"{type(error).__name__}: {error}"
    return f"{who} could not be measured whole ({error}): {shlex.join(argv)}; {REMEDY}"


def address(folder: str) -> bytes:
    """Return the name by which `run` hears of what cannot write to a leg's folder: a socket's, of no file (unix(7))."""
    return b"\0covlane" + os.fsencode(folder)[-90:]


def send_report(folder: str, said: str) -> None:
    """Tell `run` what could not be written to the leg's folder, whoever this process is, where the system has a way."""
    try:
        import socket

        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.setblocking(False)
            out.sendto(said.encode("utf-8", "backslashreplace")[:4000], address(folder))
    except (ImportError, AttributeError, OSError):
        pass
