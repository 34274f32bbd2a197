"""The collector's command line: `run` a leg, `measure` pytest in this process, `finish` the report."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess  # noqa: TID251 - the leg's side has no adapters
import sys
import sysconfig
import threading
from typing import TYPE_CHECKING

from ..engines.probes import readers
from ..leg import plan as plans
from ..leg.processes import RUNNING, VARIABLE, enter, leave
from ..process import termination
from ..process.listener import Listener
from ..pytest_plugins import plugins

if TYPE_CHECKING:
    from ..leg.plan import Plan
    from ..pytest_plugins.run import Prepared

USAGE = "usage: python <collector> run LEG.json -m pytest [ARGUMENTS]"
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
INCOMPLETE = 3
#: What the leg's `.pth` file runs. Python would print what it raises: where the collector cannot be read, `run` is told.
STARTUP = """\
plan = os.environ.get({variable!r})
if plan or plan is None and os.path.isdir({running}) and os.path.isfile({processes}):
    try:
        from importlib import import_module, util
        spec = util.spec_from_file_location("processes", {processes})
        processes = util.module_from_spec(spec)
        spec.loader.exec_module(processes)
        leg = processes.leg_of({running})
        if leg:
            processes.load()
            import_module(processes.PACKAGE + ".start.begin").begin(leg)
    except Exception as error:
        try:
            import socket
            said = f"process {{os.getpid()}} could not be measured: the collector cannot be read ({{error}})"
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.sendto(said.encode(), b"\\0covlane" + os.fsencode(os.path.dirname(plan or ""))[-90:])
        except Exception:
            pass
"""


def main(argv: list[str]) -> int | Prepared:
    """Do one of the three commands and return the exit code: for `run`, pytest's; for `measure`, pytest to be called."""
    command, path, *rest = (*argv, "", "")[: max(len(argv), 2)]
    try:
        plan = plans.read(path)
    except (OSError, ValueError, TypeError) as error:
        sys.stderr.write(f"covlane: {error}\n  -> {USAGE}\n")
        return 2
    if command == "run" and rest[:2] == ["-m", "pytest"]:
        return run(plan, path, rest[2:])
    if command == "measure":
        return measure(plan, path, rest)
    if command == "finish":
        from ..finish import stand_by

        # What ends pytest is pytest's: the report of what ran is written all the same.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: None)
        try:
            return 0 if stand_by(plan) else INCOMPLETE
        except OSError as error:
            sys.stderr.write(f"covlane: {plan.output} cannot be written: {error.strerror}\n")
            return INCOMPLETE
    sys.stderr.write(USAGE + "\n")
    return 2


def measure(plan: Plan, path: str, arguments: list[str]) -> Prepared:
    """Measure this process, and by the leg's variable every interpreter that it starts; return pytest to be called."""
    from .. import selfcheck
    from ..process.measure import Measurement
    from ..pytest_plugins import run as pytest_run

    if plan.contexts:
        from ..leg import contexts

        os.environ[contexts.VARIABLE] = contexts.IMPORT  # noqa: TID251
    measurement = Measurement(plan, selfcheck)
    measurement.start()
    os.environ[VARIABLE] = os.path.abspath(path)  # noqa: TID251 - the leg's side has no adapters
    if plan.subprocess:
        _enter(path, os.getpid())
    return pytest_run.prepare(measurement, [*plugins.options(plan, path), *arguments])


def _enter(path: str, pid: int) -> None:
    with contextlib.suppress(OSError):  # where nothing can be written, only cleaned children are lost
        enter(_beside(RUNNING), os.path.abspath(path), pid)


def run(plan: Plan, path: str, arguments: list[str]) -> int:
    """Run pytest, measured, to whatever end; then finish the leg. Return pytest's exit code.

    Ctrl-C reaches pytest by itself (it is in our process group) and SIGTERM is passed on; either way the leg's
    report is written before this process ends.
    """
    with contextlib.suppress(FileNotFoundError):
        os.unlink(plan.output)
    for source in plan.source:
        if not os.path.exists(os.path.join(plan.root, source)):
            sys.stderr.write(
                f"covlane: the source {source} does not exist\n  -> set `source` in [tool.covlane]\n"
            )
            return 2
    if plan.engine != "coverage" and (warning := readers.warning(sys.version_info[:2])):
        sys.stderr.write(warning)
    # Legs that are started by the tests of another are not part of that one.
    os.environ[VARIABLE] = ""  # noqa: TID251
    if not _place_startup(plan) or not _place_plugins(plan):
        return 2
    with _outlive_signals() as children:
        finisher = _finisher(path)
        listener = Listener(plan.folder)
        threading.Thread(target=termination.remind, args=(plan.folder,), daemon=True).start()
        status = _call(plan, path, arguments, children)
        leave(_beside(RUNNING), children[0].pid)
        if finisher.poll() is not None:  # the suite can kill what it did not start
            finisher = _finisher(path)
        how = {"status": status, "arguments": arguments, "heard": listener.stop()}
        finisher.communicate(json.dumps(how).encode() + b"\n")
        if finisher.returncode != 0:
            sys.stderr.write(
                f"covlane: the leg {plan.leg} has no report\n  -> its fragments are in {plan.folder}\n"
            )
            return status if status > 0 else INCOMPLETE
    return status if status >= 0 else 128 - status


def _finisher(path: str) -> subprocess.Popen[bytes]:
    """Start the interpreter that writes the leg's report when it is told how pytest ended, and works ahead until then.

    Isolated and in UTF-8 mode: nothing of the suite's environment may bend the report, but what decides which lines
    have code.
    """
    argv = [sys.executable, "-I", "-X", "utf8", *_optimised(), HERE, "finish", path]
    return subprocess.Popen(argv, stdin=subprocess.PIPE)  # noqa: S603 - our own interpreter


def _optimised() -> list[str]:
    """Return the options by which another interpreter leaves out what this one does: assertions, and docstrings."""
    return ["-O"] * sys.flags.optimize


def _place_startup(plan: Plan) -> bool:
    """Put the one `.pth` file into this environment by which its other interpreters begin to measure.

    It does nothing in a process without the leg's variable where no leg runs, even if one was killed and the collector
    has gone since. Its paths are bytes in ASCII: up to Python 3.12 it is read in the locale's encoding, which may be
    another in each process. False, with a word, where it cannot be put there.
    """
    paths = os.path.join(HERE, "leg", "processes.py"), _beside(RUNNING)
    processes, running = (f"os.fsdecode({os.fsencode(path)!r})" for path in paths)
    program = STARTUP.format(variable=VARIABLE, processes=processes, running=running)
    line = f"import os; exec({program!r}, {{'os': os}})\n"
    path = _beside("_covlane_leg.pth")
    with contextlib.suppress(OSError), open(path, encoding="utf-8") as file:
        if file.read() == line:
            return True
    temporary = f"{path}.{os.getpid()}"
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(line)
        os.replace(temporary, path)
    except OSError as error:
        if not plan.subprocess:  # it serves workers alone, and those that nobody measured are named
            return True
        sys.stderr.write(
            f"covlane: {path} cannot be written: {error.strerror}\n  -> set `subprocess = false`\n"
        )
        return False
    return True


def _place_plugins(plan: Plan) -> bool:
    """Put the plugins that the leg needs beside that file; False, with a word, where they cannot be put there."""
    folder = sysconfig.get_path("purelib")
    try:
        plugins.place(plan, folder)
    except OSError as error:
        sys.stderr.write(
            f"covlane: {folder} cannot be written: {error.strerror}\n  -> set `isolation` and `shards` to none\n"
        )
        return False
    return True


def _beside(name: str) -> str:
    return os.path.join(sysconfig.get_path("purelib"), name)


def _call(plan: Plan, path: str, arguments: list[str], children: list[subprocess.Popen[bytes]]) -> int:
    """Run pytest as the leg's engine has it, and return how it ended."""
    environ: dict[str, str] = {}
    words = [HERE, "measure", path]
    if by_command := plan.engine == "slipcover-cli":
        from ..engines import slipcover_cli

        with contextlib.suppress(FileNotFoundError):
            os.unlink(plan.slipcovers)
        words = [*slipcover_cli.command(plan), *plugins.options(plan, path)]
        environ[VARIABLE] = os.path.abspath(path)
    argv = [sys.executable, *_optimised(), *words, *arguments]
    child = subprocess.Popen(argv, env={**os.environ, **environ})  # noqa: S603, TID251 - our own interpreter
    children.append(child)
    if by_command and plan.subprocess:
        _enter(path, child.pid)
    return child.wait()


@contextlib.contextmanager
def _outlive_signals():  # type: ignore[no-untyped-def]  # noqa: ANN202 - a context manager's generator
    """Stay alive to write the report: SIGINT is pytest's to answer, SIGTERM is passed on to the children."""
    children: list[subprocess.Popen[bytes]] = []

    def pass_on(number: int, _frame: object) -> None:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(number)

    # Handlers, not SIG_IGN: a child inherits what is ignored, but never a handler.
    previous = [(number, signal.signal(number, pass_on)) for number in (signal.SIGTERM,)]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        previous.append((signal.SIGINT, signal.signal(signal.SIGINT, lambda *_: None)))
    try:
        yield children
    finally:
        for number, handler in previous:
            signal.signal(number, handler)
