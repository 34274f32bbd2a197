"""Where the measurement is hooked into a process: its imports, its forks and its ends."""

from __future__ import annotations

import atexit
import contextlib
import functools
import importlib
import os
import sys
import threading
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any, Optional

from .forked_plugin import mend_if_loaded
from .scripts import UNMARKED, unmeasured

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from .measure import Measurement
    from .slipcover_engine import Engine
    from .termination import Termination

#: What is changed in modules of others as soon as a process has them: a module of ours with a function `hook`.
CHANGED = {"_pytest.assertion.rewrite": ".rewriting", "coverage.sqldata": ".suites_coverage"}


def hook_imports(engine: Engine) -> None:
    """Make Python's own loader of source files instrument the measured ones.

    The loader stays what it is, with every attribute: only where it would fetch code does it answer with code
    that is instrumented. Imports, `python -m`, runpy, finders of editable installs and
    `spec_from_file_location` all come through here. No frame of ours is left when the module runs.
    """
    original = SourceFileLoader.get_code
    plain = SourceFileLoader.source_to_code
    own = f"{__package__}."
    unchanged = dict(CHANGED)

    def get_code(self: SourceFileLoader, fullname: str) -> Optional[types.CodeType]:
        for name in [name for name in unchanged if _is_loaded(name)]:
            # Taken out first: the import comes through here as well.
            importlib.import_module(unchanged.pop(name), __package__).hook(engine)
        if fullname.startswith(own):  # what measures is not measured, even where it is the source
            return original(self, fullname)
        path = self.get_filename(fullname)
        if engine.sources.real(path) is None:
            return original(self, fullname)
        source = self.get_data(path)
        if type(self).source_to_code is plain:
            try:
                return engine.load(source, path, sys.modules.get(fullname))
            except Exception as error:  # noqa: BLE001
                failed = error
            code = original(self, fullname)  # which raises what is wrong with the source
            engine.lose(unmeasured(engine, path, failed))
            return code
        # A loader that changes what it loads: its lines are measured as it made them.
        code = self.source_to_code(source, path)
        if engine.branch:
            engine.unbranched(path, UNMARKED)
        return engine.instrument(code, source, sys.modules.get(fullname))

    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


def _is_loaded(name: str) -> bool:
    """Say whether a module has been imported to its end."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)


def hook_forks(measurement: Measurement, termination: Optional[Termination]) -> None:
    """See to it that a forked child measures for itself.

    A fork while another thread holds the measurement's lock would leave the child waiting for ever, so it is held
    across the fork. A SIGTERM that is answered is kept waiting as well: Python forgets one that reaches a child before
    its handlers are set up again, and its trace would be its parent's.
    """
    lock = measurement.lock

    def before() -> None:
        mend_if_loaded()
        lock.__enter__()
        if termination:
            termination.hold()

    def in_parent() -> None:
        measurement.forks = True
        if termination:
            termination.release()
        lock.__exit__()

    def in_child() -> None:
        measurement.forked()
        if termination:
            termination.release()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=in_parent, after_in_child=in_child)


def hook_ends(measurement: Measurement) -> None:
    """Have the process say its end wherever Python sees it coming."""
    atexit.register(measurement.end)
    atexit.register(measurement.fly_in_worker)  # what is registered last is called first
    # Earlier still, before coverage.py stops.
    if register := getattr(threading, "_register_atexit", None):
        register(measurement.fly_in_worker)
    for name in ("_exit", "execv", "execve", "abort"):
        do_before(os, name, lambda *_, **__: measurement.end())


def do_before(module: types.ModuleType, name: str, work: Callable[..., object]) -> None:
    """Have `work` done, with the same arguments, before a function of a module, where it has that function."""
    original = getattr(module, name, None)
    if original is None:
        return

    @functools.wraps(original)
    def work_first(*arguments: Any, **named: Any) -> Any:
        # What the program asked for comes, whatever becomes of the report: who never reported is named.
        with contextlib.suppress(Exception):
            work(*arguments, **named)
        return original(*arguments, **named)

    work_first.__module__ = module.__name__  # where pickle finds it
    setattr(module, name, work_first)
