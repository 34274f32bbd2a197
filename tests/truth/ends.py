"""The ways in which a process ends after its last line, and the processes that can end so.

Where a process can see its end coming, its lines have to be in the report. Where it cannot, they have to be there from
Python 3.12 on, and the leg lists the process; up to 3.11 the leg has to be incomplete and to name it, and the lines of all
others have to be there. So it is on each Python where the process still runs.
"""

from __future__ import annotations

from typing import NamedTuple

HOW = """
import ctypes, faulthandler, os, signal, subprocess, sys, threading, time
import pytest

def end():
    {code}

def run():
    import pkg.doomed
    pkg.doomed.last()

def wait():
    open("ready", "w").close()
    time.sleep(60)

def kill(name):
    os.kill(os.getpid(), getattr(signal, name))
    time.sleep(60)

def on_sigterm(handler):
    signal.signal(signal.SIGTERM, handler)
    os.kill(os.getpid(), signal.SIGTERM)

def restore(*_):
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    kill("SIGTERM")

def to_leg(name):
    group = os.getsid(0)
    if name == "SIGINT":  # as a terminal does
        os.killpg(group, signal.SIGINT)
    else:
        os.kill(group, getattr(signal, name))
    time.sleep(60)

def after(pid, join):
    outside = "{outside}"
    while outside and not os.path.exists("ready"):
        time.sleep(0.01)
    if outside.startswith("SIG"):
        os.kill(pid, getattr(signal, outside))
    if outside != "left":
        join()
"""
DOOMED = """
import how                  #+


def last():                 #+
    before = 1              #+
    how.end()               #+
    return before           #{after}
"""
SPARED = """
def spared():               #+
    return 1                #+
"""
#: Before the end a process whose lines are safe, after it a test that pytest may not come to.
AROUND = """
import multiprocessing, os, subprocess, sys
import pytest
import how

pytestmark = pytest.mark.filterwarnings("ignore")
quiet = dict(stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

def test_end():
    subprocess.run([sys.executable, "-c", "import pkg.spared; pkg.spared.spared()"], check=True)
    {body}

def test_after():
    pass
"""


class Place(NamedTuple):
    """A process that can end: pytest's arguments, what the test does, and the command line that a report names it by."""

    name: str
    arguments: tuple[str, ...]
    body: str
    named: str = ""
    by: str = r", started by test_end\.py::test_end"


def _process(method: str) -> str:
    return (
        f"child = multiprocessing.get_context('{method}').Process(target=how.run, daemon=True)\n"
        "    child.start(); how.after(child.pid, child.join)"
    )


PYTEST, WORKER, FORKED, FORKED_WORKER = _TESTS = (
    Place("pytest", (), "how.run()", r" measure ", by=""),
    Place("worker", ("-n", "2"), "how.run()", r"stdin.readline", by=""),
    Place("forked test", ("--forked",), "how.run()"),
    Place("forked test of a worker", ("--forked", "-n", "2"), "how.run()"),
)
SUBPROCESS, FORK, BY_FORK, BY_SPAWN = _CHILDREN = (
    Place(
        "subprocess",
        (),
        "child = subprocess.Popen([sys.executable, '-c', 'import how; how.run()'], **quiet)\n"
        "    how.after(child.pid, child.wait)",
        r" -c 'import how; how\.run\(\)'",
    ),
    Place(
        "os.fork",
        (),
        "child = os.fork()\n    if child == 0:\n        how.run()\n        os._exit(0)\n"
        "    how.after(child, lambda: os.waitpid(child, 0))",
    ),
    Place("Process, fork", (), _process("fork")),
    Place("Process, spawn", (), _process("spawn"), r"spawn_main"),
)
POOL = Place(
    "Pool",
    (),
    "pool = multiprocessing.get_context('fork').Pool(1); pool.apply_async(how.run)\n"
    "    how.after(0, pool.terminate); pool.join()",
)
PLACES = (*_TESTS, *_CHILDREN, POOL)


class End(NamedTuple):
    """A way to end.

    `seen` says that the process can see it coming, `returns` that it is none after all, `stays` that the process may
    still run when the leg ends. `outside` is what the test
    does to the process once it is ready: a signal, or to leave it alone. `reasons` says, by place, how the
    report begins to say why it is incomplete, where pytest itself ends by it; `on_3_9` what it says there beyond that.
    """

    name: str
    code: str
    seen: bool = True
    places: tuple[Place, ...] = (*_TESTS, *_CHILDREN)
    returns: bool = False
    stays: bool = False
    outside: str = ""
    arguments: tuple[str, ...] = ()
    reasons: tuple[tuple[Place, str], ...] = ()
    on_3_9: tuple[tuple[Place, str], ...] = ()

    def reason(self, place: Place, version: tuple[int, int]) -> str:
        """Return how a report begins to say why it is incomplete; empty where it is complete."""
        return dict((*self.reasons, *(self.on_3_9 if version == (3, 9) else ()))).get(place, "")


#: A fork whose child goes on through pytest would run it twice.
NO_RETURN = tuple(place for place in (*_TESTS, *_CHILDREN) if place is not FORK)
#: pytest-forked waits where pytest-timeout's alarm goes off.
UNFORKED = (PYTEST, WORKER)
UNFINISHED = ((PYTEST, "pytest ended without finishing its session"),)
INTERRUPTED = "pytest was interrupted before every test had run"
#: The last pytest-forked for Python 3.9 breaks where a test ends well without an answer, with or without a leg.
NO_ANSWER = (
    (FORKED, "pytest stopped at an internal error"),
    (FORKED_WORKER, "pytest ended early: there was an internal error"),
)
EARLY = "pytest ended early: stopping after 1 failures"


def _killed(name: str) -> tuple[tuple[Place, str], ...]:
    return ((PYTEST, f"pytest was killed by {name}"),)


def _each(reason: str) -> tuple[tuple[Place, str], ...]:
    return tuple((place, reason) for place in _TESTS)


ENDS = (
    End("return", "pass", returns=True),
    End("sys.exit", "sys.exit(7)", places=NO_RETURN),
    End("exception", "raise ValueError", places=NO_RETURN),
    End("os._exit", "os._exit(7)", reasons=UNFINISHED),
    End(
        "os._exit in a thread",
        "threading.Thread(target=os._exit, args=(7,)).start(); wait()",
        reasons=UNFINISHED,
    ),
    End(
        "os.exec*",
        "os.execlp(sys.executable, sys.executable, '-c', 'pass')",
        reasons=UNFINISHED,
        on_3_9=NO_ANSWER,
    ),
    End("os.abort", "os.abort()", reasons=_killed("SIGABRT")),
    End("SIGTERM", "kill('SIGTERM')", reasons=_killed("SIGTERM")),
    End("SIGTERM, handler exits", "on_sigterm(lambda *_: sys.exit(7))", places=NO_RETURN),
    End("SIGTERM, handler returns", "on_sigterm(lambda *_: None)", returns=True),
    End("SIGTERM, handler calls os._exit", "on_sigterm(lambda *_: os._exit(7))", reasons=UNFINISHED),
    End(
        "SIGTERM, handler restores the default", "on_sigterm(restore)", seen=False, reasons=_killed("SIGTERM")
    ),
    End("SIGTERM from outside", "wait()", places=_CHILDREN, outside="SIGTERM"),
    End("Pool.terminate", "wait()", places=(POOL,), outside="terminate"),
    End("SIGINT", "kill('SIGINT')", places=NO_RETURN, reasons=_each(INTERRUPTED)),
    End("SIGHUP", "kill('SIGHUP')", seen=False, reasons=_killed("SIGHUP")),
    End("SIGKILL", "kill('SIGKILL')", seen=False, reasons=_killed("SIGKILL")),
    End("SIGKILL from outside", "wait()", seen=False, places=_CHILDREN, outside="SIGKILL"),
    End("segmentation fault", "ctypes.string_at(0)", seen=False, reasons=_killed("SIGSEGV")),
    End(
        "faulthandler's exit",
        "faulthandler.dump_traceback_later(0.1, exit=True, file=open('trace', 'w')); wait()",
        seen=False,
        reasons=UNFINISHED,
    ),
    End("daemon, at pytest's end", "wait()", places=(BY_FORK, BY_SPAWN), outside="left"),
    End(
        "outlives pytest for long",
        "wait()",
        seen=False,
        places=(SUBPROCESS, FORK),
        stays=True,
        outside="left",
    ),
    End(
        "pytest-timeout, signal",
        "wait()",
        places=UNFORKED,
        arguments=("--timeout=1", "--timeout-method=signal"),
    ),
    End(
        "pytest-timeout, thread",
        "wait()",
        places=UNFORKED,
        arguments=("--timeout=1", "--timeout-method=thread"),
        reasons=UNFINISHED,
    ),
    End(
        "-x",
        "assert False",
        places=_TESTS,
        arguments=("-x",),
        reasons=((PYTEST, EARLY), (FORKED, EARLY), (WORKER, INTERRUPTED), (FORKED_WORKER, INTERRUPTED)),
    ),
    End(
        "os._exit, no other worker",
        "os._exit(7)",
        places=(WORKER,),
        arguments=("-n", "1", "--max-worker-restart=0"),
        reasons=((WORKER, "pytest ended early"),),
    ),
    End(
        "pytest.exit",
        "pytest.exit('why')",
        places=_TESTS,
        reasons=((PYTEST, INTERRUPTED), (WORKER, INTERRUPTED)),
    ),
    End(
        "pytest.exit, returncode=0",
        "pytest.exit('why', returncode=0)",
        places=_TESTS,
        reasons=((PYTEST, "pytest ended early"), (WORKER, "pytest stopped at an internal error")),
    ),
    End(
        "SIGTERM to the leg",
        "to_leg('SIGTERM')",
        seen=False,
        stays=True,
        places=_TESTS,
        reasons=_each("pytest was killed by SIGTERM"),
    ),
    End("SIGINT to the leg", "to_leg('SIGINT')", places=_TESTS, reasons=_each(INTERRUPTED)),
)


def files(end: End, place: Place) -> dict[str, str]:
    """Return the project of one cell; `pkg/doomed.py` runs in the process that ends."""
    return {
        "how.py": HOW.format(code=end.code, outside=end.outside),
        "pkg/doomed.py": DOOMED.lstrip().format(after="+" if end.returns else "-"),
        "pkg/spared.py": SPARED.lstrip(),
        "test_end.py": AROUND.format(body=place.body),
    }
