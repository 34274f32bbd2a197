"""Sources that a program compiles itself: `python script.py`, `runpy.run_path`, `exec(compile(text, path, "exec"))`.

No importer is asked for these, so they are met where they start: by `sys.monitoring` from Python 3.12 on, by the
audit event `exec` before. Such code carries no branch marks: its lines are measured, up to Python 3.11 by a trace
function, its branches are not, and the leg's report names the file.
"""

from __future__ import annotations
import __future__

import sys
import threading
from typing import TYPE_CHECKING, Any

from .own import io, os

if TYPE_CHECKING:
    import types

    from .slipcover_engine import Engine

UNMARKED = "a program compiled it itself: its lines are measured, its branches are not"
#: The name that the code of a whole file has.
MODULE = "<module>"
HERE = os.path.dirname(os.path.abspath(__file__))
#: What `compile` inherits from the code that calls it.
FUTURE = 0
for _feature in __future__.all_feature_names:
    FUTURE |= getattr(__future__, _feature).compiler_flag


def watch_self_compiled(engine: Engine) -> None:
    """Measure each source that this process runs without importing it, its main script among them."""
    if sys.version_info >= (3, 12):
        _monitor(engine)
    else:
        _audit(engine)


def _is_source(engine: Engine, code: types.CodeType) -> bool:
    """Say whether code is a measured file's: by its name, and by its content, which templates do not share."""
    name = code.co_filename
    try:
        real = engine.sources.real(name) if code.co_name == MODULE else None
        # What measures is not measured; and a relative name may mean another file since the program changed its
        # folder, or none where that is gone.
        if (
            real is None
            or os.path.dirname(real) == HERE
            or engine.sources.real(os.path.abspath(name)) != real
        ):
            return False
        with io.open(name, "rb") as file:
            own = compile(file.read(), name, "exec", code.co_flags & FUTURE, dont_inherit=True)
    except (OSError, SyntaxError, ValueError, RecursionError):
        return False
    if own != code:
        return False
    if engine.branch:
        engine.unbranched(name, UNMARKED)
    return True


def _is_instrumented(code: types.CodeType) -> bool:
    """Say whether SlipCover has been at code; under `python -b` bytes may be compared with no text."""
    return any(isinstance(const, str) and const == "__slipcover__" for const in code.co_consts)


def _monitor(engine: Engine) -> None:
    """Watch such code from the moment it starts, as that of imports; each code object of the process costs one call."""
    from .monitor import monitoring, tool

    def started(code: types.CodeType, _offset: int) -> Any:
        if not engine.begin(code) and code.co_name == MODULE and _is_source(engine, code):
            engine.instrument(code, None)
        return monitoring.DISABLE

    monitoring.register_callback(tool(), monitoring.events.PY_START, started)
    monitoring.set_events(tool(), monitoring.events.PY_START)


def _audit(engine: Engine) -> None:
    """Trace such code from its first line on; other code is traced by its calls alone."""
    names: set[str] = set()

    def in_source(frame: types.FrameType, event: str, _argument: object) -> Any:
        if event == "line":
            engine.traced.setdefault(frame.f_code.co_filename, set()).add(frame.f_lineno)
        return in_source

    def on_call(frame: types.FrameType, _event: str, _argument: object) -> Any:
        return in_source if frame.f_code.co_filename in names else None

    def audited(event: str, arguments: tuple[Any, ...]) -> None:
        if event != "exec" or _is_instrumented(arguments[0]) or not _is_source(engine, arguments[0]):
            return
        names.add(arguments[0].co_filename)
        engine.keep()
        if sys.gettrace() is None:  # a debugger's is left to it
            threading.settrace(on_call)
            sys.settrace(on_call)

    sys.addaudithook(audited)
