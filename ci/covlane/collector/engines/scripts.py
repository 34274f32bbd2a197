"""Sources that a program compiles itself: `python script.py`, `runpy.run_path`, `exec(compile(text, path, "exec"))`.

No importer is asked for these, so they are met where they start: by `sys.monitoring` from Python 3.12 on, by audit
events before, which tell of code that is executed or becomes a function's. Such code carries no branch marks: its lines are measured, up to Python 3.11 by a trace
function, its branches are not, and the leg's report names the file.
"""

from __future__ import annotations
import __future__

import sys
from typing import TYPE_CHECKING, Any

from ..instrument.instrumenter import UNMARKED, unmeasured
from ..leg.stdlib import io, os
from .starting import watch_starting

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from ..instrument.instrumenter import Instrumenter

#: What is lost, to be filled with a file, a name and a line.
CHANGED = (
    "code named {}, {} at line {}, was compiled from another text than the file's and was not measured: "
    "compile it with the file's own lines and columns, or under a name of its own"
)
#: Annotations run where they are asked for, from Python 3.14 on: that is no line.
ANNOTATING = "__annotate__"
#: The name that the code of a whole file has.
MODULE = "<module>"
#: The collector's folder.
HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
#: What `compile` inherits from the code that calls it.
FUTURE = 0
for _feature in __future__.all_feature_names:
    FUTURE |= getattr(__future__, _feature).compiler_flag


def watch_self_compiled(engine: Instrumenter, *, by_audit: bool = False) -> None:
    """Measure each source that this process runs without importing it, its main script among them.

    `by_audit`: no code is watched by its start, which each restart of the events would report again.
    """
    if sys.version_info >= (3, 12):
        if by_audit:
            watch_starting(
                engine.sources, engine.begin, lambda code: _adopt(engine, code, _instrumented(engine))
            )
        else:
            _monitor(engine)
    else:
        from .probes.tracing import Tracing

        tracing = Tracing(engine)
        tracing.watch(lambda code: _adopt(engine, code, tracing.trace))


def _source(engine: Instrumenter, code: types.CodeType) -> bytes | None:
    """Return the content of the measured file whose name code carries, None where there is none."""
    name = code.co_filename
    try:
        real = engine.sources.real(name)
        # What measures is not measured; and a relative name may mean another file since the program changed its
        # folder, or none where that is gone.
        if (
            real is None
            or real.startswith(HERE + os.sep)
            or engine.sources.real(os.path.abspath(name)) != real
        ):
            return None
        with io.open(name, "rb") as file:
            return file.read()
    except OSError:
        return None


def _is_whole(code: types.CodeType, source: bytes) -> bool:
    from ..instrument.marks import collecting_warnings  # with ast, which few programs need

    try:
        with collecting_warnings(code.co_filename):
            own = compile(source, code.co_filename, "exec", code.co_flags & FUTURE, dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return bool(own == code)


def _monitor(engine: Instrumenter) -> None:
    """Watch such code from the moment it starts, as that of imports; each code object of the process costs one call."""
    from .monitoring import monitoring, tool

    foreign: set[str] = set()

    def started(code: types.CodeType, _offset: int) -> Any:
        name = code.co_filename
        if name in foreign or name.startswith("<") or engine.begin(code):
            return monitoring.DISABLE
        # A relative name may mean another file, once the program has changed its folder.
        if name.startswith(os.sep) and not engine.sources.real(name):
            foreign.add(name)
        else:
            _adopt(engine, code, _instrumented(engine))
        return monitoring.DISABLE

    monitoring.register_callback(tool(), monitoring.events.PY_START, started)
    monitoring.set_events(tool(), monitoring.events.PY_START)


def _instrumented(engine: Instrumenter) -> Callable[[types.CodeType, bytes], object]:
    return lambda code, source: engine.instrument(code, source, None)


def _adopt(
    engine: Instrumenter, code: types.CodeType, watch: Callable[[types.CodeType, bytes], object]
) -> bool:
    """Watch code as `_recognise` does, and raise nothing."""
    try:
        return _recognise(engine, code, watch)
    except SyntaxError:  # the file is no Python: `finish` names it
        pass
    except Exception as error:  # noqa: BLE001 - the program that runs here is not ours to stop
        engine.lose(unmeasured(engine, code.co_filename, error))
    return False


def _recognise(
    engine: Instrumenter, code: types.CodeType, watch: Callable[[types.CodeType, bytes], object]
) -> bool:
    """Watch code that starts under a measured file's name and that no import of it has made, or say what is lost.

    Returns:
        Whether it is watched.
    """
    source = _source(engine, code)
    if source is None or code.co_name == ANNOTATING:
        return False
    if code.co_name == MODULE and _is_whole(code, source):
        if engine.branch:
            engine.unbranched(code.co_filename, UNMARKED)
        watch(code, source)
        return True
    from ..instrument import origins  # which few programs need

    part = origins.is_part(code, source, code.co_filename)
    if part:
        if engine.branch and not origins.is_marked(code):
            engine.unbranched_part(code.co_filename, origins.rows(code))
        watch(code, source)
    elif origins.is_like_part(code, source, code.co_filename):
        name = engine.sources.name(engine.sources.real(code.co_filename) or "")
        engine.lose(CHANGED.format(name, code.co_name, code.co_firstlineno))
    return part
