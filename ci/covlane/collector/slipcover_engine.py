"""SlipCover as the engine: what is imported is instrumented, and `finish` works out what could have run."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, Optional

from .code_cache import CodeCache
from .engine import Counted

if TYPE_CHECKING:
    import threading
    import types

    from .monitor import Recorder
    from .plan import Plan
    from .sources import Sources

RECORDERS = ".monitor" if sys.version_info >= (3, 12) else ".probes"


class Engine:
    """SlipCover in one process, loaded with the first file that is measured."""

    def __init__(self, plan: Plan, sources: Sources, lock: threading.RLock) -> None:
        self.sources = sources
        self.branch = plan.branch
        #: Lines that SlipCover does not see.
        self.traced: dict[str, set[int]] = {}
        self.unmarked: dict[str, str] = {}
        self._lock = lock
        self._codes = CodeCache(plan.folder, branch=plan.branch)
        self._recorder: Optional[Recorder] = None

    def start(self) -> None:
        """Instrument what is imported from now on, and what a program compiles itself."""
        from .hooks import hook_imports
        from .scripts import watch_self_compiled

        hook_imports(self)
        watch_self_compiled(self)

    def instrument(self, code: types.CodeType, module: Optional[types.ModuleType]) -> types.CodeType:
        """Return the code of a measured file, instrumented."""
        return self.recorder().watch(code, module)

    def recorder(self) -> Recorder:
        """Return this process's recorder, loaded now if it was not."""
        if self._recorder is None:
            module = importlib.import_module(RECORDERS, __package__)
            self._recorder = module.Recorder(self._lock, branch=self.branch)
        return self._recorder

    def compile(self, source: bytes, filename: str) -> types.CodeType:
        """Compile a measured file as its import would, remembering why its branches are not measured."""
        if (kept := self._codes.get(source, filename)) is not None:
            return kept
        from .slip import compile_marked

        code, unmarked = compile_marked(source, filename, branch=self.branch)
        if unmarked:
            self.unmarked[filename] = unmarked
        else:
            self._codes.put(source, filename, code)
        return code

    def seen(self) -> dict[str, set[Any]]:
        """Return what ran, by the names that the code has."""
        found: dict[str, set[Any]] = self._recorder.seen() if self._recorder else {}
        for name, lines in self.traced.items():
            found.setdefault(name, set()).update(lines)
        return found

    def forget(self) -> None:
        """Begin anew in a forked child."""
        if self._recorder is not None:
            self._recorder.forget()
        self.traced.clear()


class Reader:
    """What of each file could run, worked out by SlipCover, and what of that ran."""

    name = "slipcover"

    def __init__(self, plan: Plan, _paths: list[str], seen: dict[str, tuple[set[int], set[Any]]]) -> None:
        slip = importlib.import_module(".slip", __package__)
        self.version: str = slip.VERSION
        self._seen = seen
        self._reader = slip.Reader(branch=plan.branch, exclude=plan.exclude)

    def count(self, path: str, content: bytes) -> Counted:
        """Return the counts of a file; SyntaxError or ValueError where Python refuses it."""
        able = self._reader.executable(content, path)
        ran, taken = self._seen.get(path, (set(), set()))
        taken = able.anchored(taken) & able.branches
        return Counted(able.lines, ran & able.lines, able.branches, taken, able.unmarked)
