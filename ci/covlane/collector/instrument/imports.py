"""Python's own loader of source files, made to answer with instrumented code for the measured ones."""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING

from .instrumenter import UNMARKED, unmeasured

if TYPE_CHECKING:
    import types

    from .instrumenter import Instrumenter

#: What is changed in modules of others as soon as a process has them: a module of ours with a function `hook`.
CHANGED = {"_pytest.assertion.rewrite": ".rewriting", "coverage.sqldata": ".suites_coverage"}


def hook_imports(engine: Instrumenter) -> None:
    """Make Python's own loader of source files instrument the measured ones.

    The loader stays what it is, with every attribute: only where it would fetch code does it answer with code
    that is instrumented. Imports, `python -m`, runpy, finders of editable installs and
    `spec_from_file_location` all come through here. No frame of ours is left when the module runs.
    """
    original = SourceFileLoader.get_code
    plain = SourceFileLoader.source_to_code
    own = (__package__ or "").partition(".")[0] + "."
    unchanged = dict(CHANGED)

    def get_code(self: SourceFileLoader, fullname: str) -> types.CodeType | None:
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
                instrumented = engine.load(source, path, sys.modules.get(fullname))
            except Exception as error:  # noqa: BLE001
                failed = error
            else:
                if path in engine.warned:
                    original(self, fullname)  # which warns, or raises, as the process's filters say
                return instrumented
            code = original(self, fullname)  # which raises what is wrong with the source
            engine.lose(unmeasured(engine, path, failed))
            return code
        # A loader that changes what it loads: its lines are measured as it made them.
        return _changed(engine, original(self, fullname), source, fullname)

    SourceFileLoader.get_code = get_code  # type: ignore[assignment, method-assign]


def _changed(
    engine: Instrumenter, code: types.CodeType | None, source: bytes, fullname: str
) -> types.CodeType | None:
    """Return code that a loader made of a source in its own way, instrumented."""
    if code is None:
        return None
    if engine.branch:
        engine.unbranched(code.co_filename, UNMARKED)
    return engine.instrument(code, source, sys.modules.get(fullname))


def _is_loaded(name: str) -> bool:
    """Say whether a module has been imported to its end."""
    module = sys.modules.get(name)
    return module is not None and not getattr(module.__spec__, "_initializing", False)
