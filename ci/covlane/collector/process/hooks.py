"""Where the measurement is hooked into a process: its imports, its forks and its ends."""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import threading
from typing import TYPE_CHECKING, Any

from .forked import mend_if_loaded

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

    from ..leg.guard import Guard
    from .termination import Termination


def hook_forks(
    lock: Guard,
    termination: Termination | None,
    in_parent: Callable[[], None],
    in_child: Callable[[], None],
) -> None:
    """See to it that a forked child measures for itself: `in_child` is called there, `in_parent` in its parent.

    A fork while another thread holds the measurement's lock would leave the child waiting for ever, so it is held
    across the fork. A SIGTERM that is answered is kept waiting as well: Python forgets one that reaches a child before
    its handlers are set up again, and its trace would be its parent's.
    """

    def before() -> None:
        mend_if_loaded()
        lock.__enter__()
        if termination:
            termination.hold()

    def after_in_parent() -> None:
        in_parent()
        if termination:
            termination.release()
        lock.__exit__()

    def after_in_child() -> None:
        in_child()
        if termination:
            termination.release()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=before, after_in_parent=after_in_parent, after_in_child=after_in_child)


def hook_ends(end: Callable[[], None], before: Callable[[], None]) -> None:
    """Call `end` on every path to the process's end that Python exposes, and `before` ahead of it."""
    atexit.register(end)
    atexit.register(before)  # what is registered last is called first
    # Earlier still, before coverage.py stops.
    if register := getattr(threading, "_register_atexit", None):
        register(before)
    for name in ("_exit", "execv", "execve", "abort"):
        do_before(os, name, lambda *_, **__: end())


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
