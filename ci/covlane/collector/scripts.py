"""`python script.py`: a main script of the sources, which the interpreter compiles without asking any importer.

Its lines are told as they run, by `sys.monitoring` from Python 3.12 on and by a trace function before. It carries
no branch marks, so its branches are not measured, and the leg's report names it.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Optional

from .fragments import command_line

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    from .slipcover_engine import Engine

UNMARKED = "a script that Python compiles itself: its lines are measured, its branches are not"
#: The interpreter's options that take the next argument, where it is not joined to them.
VALUED = ("-W", "-X", "--check-hash-based-pycs")


def watch_main_script(engine: Engine) -> None:
    """Measure the script that this process was started with, if it is one of the sources."""
    path = main_script(command_line())
    if path is None or os.path.isdir(path):
        return
    # The folder may have changed by the time that a name is met again: both are looked up now.
    names = {path, os.path.abspath(path)}
    measured = {name for name in names if engine.sources.real(name)}
    if not measured:
        return
    if engine.branch:
        engine.unmarked[os.path.abspath(path)] = UNMARKED
    if sys.version_info >= (3, 12):
        _monitor(engine, names)
    else:
        tracer = _tracer(engine, names)
        threading.settrace(tracer)
        sys.settrace(tracer)


def main_script(argv: list[str]) -> Optional[str]:
    """Return the script that an interpreter's command line names, None for a module, a command or standard input."""
    rest: Iterator[str] = iter(argv[1:])
    for argument in rest:
        if argument in VALUED:
            next(rest, None)
        elif argument == "-" or (
            argument.startswith("-") and not argument.startswith("--") and _ends(argument)
        ):
            return None
        elif not argument.startswith("-"):
            return argument
    return None


def _ends(options: str) -> bool:
    """Say whether a cluster of short options has a `-c` or `-m`, whose value comes next; -W and -X take the rest."""
    for letter in options[1:]:
        if letter in "WX":
            return False
        if letter in "cm":
            return True
    return False


if sys.version_info >= (3, 12):

    def _monitor(engine: Engine, names: set[str]) -> None:
        """Have SlipCover watch the script's code the moment it starts."""
        monitoring = sys.monitoring
        tool, start = monitoring.COVERAGE_ID, monitoring.events.PY_START
        engine.recorder()

        def started(code: types.CodeType, _offset: int) -> Any:
            if code.co_filename in names and code.co_name == "<module>":
                monitoring.set_events(tool, 0)
                monitoring.register_callback(tool, start, None)
                engine.instrument(code, None)
            return monitoring.DISABLE

        monitoring.register_callback(tool, start, started)
        monitoring.set_events(tool, start)


def _tracer(engine: Engine, names: set[str]) -> Callable[..., Any]:
    """Return a trace function that notes the lines of the script's own frames and leaves all others alone."""

    def in_script(frame: types.FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            engine.traced.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return in_script

    def on_call(frame: types.FrameType, _event: str, _argument: object) -> Any:
        return in_script if frame.f_code.co_filename in names else None

    return on_call
