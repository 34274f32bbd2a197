"""Contexts as pytest goes: each test, each fixture that several tests share, and what runs between them.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from ..leg.contexts import BETWEEN, FIXTURE
from ..process import measure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..leg.contexts import Contexts


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Tell tests apart in a process that runs them."""
    contexts = measure.CURRENT[0].contexts if measure.CURRENT else None
    if contexts and not config.pluginmanager.hasplugin("_covlane_contexts"):
        contexts.start_session()
        config.pluginmanager.register(Tests(contexts), "_covlane_contexts")


class Tests:
    """Switches to a test's context before it is set up, and away from it when it has been torn down."""

    def __init__(self, contexts: Contexts) -> None:
        self._contexts = contexts
        #: Whether a test has run, and whether measured code has run between tests. Only then what ran in a test is
        #: reported there again, as that costs as much as at a test's beginning.
        self._begun = self._busy = False
        #: The contexts of wide fixtures, as they were set up last.
        self._wide: dict[Any, str] = {}

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: Any) -> Iterator[None]:
        """Give a test its context, set-up and tear-down with it."""
        contexts = self._contexts
        self._busy = self._busy or (self._begun and contexts.has_run)
        contexts.switch(item.nodeid)
        yield
        contexts.switch(BETWEEN, again=self._busy)
        self._begun = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Note which Python files are loaded."""
        for module in [*sys.modules.values()]:
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and path.endswith(".py"):
                self._contexts.loaded(path)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_fixture_setup(self, fixturedef: Any, request: Any) -> Iterator[None]:
        """Give a fixture of a wider scope than a test's a context of its own."""
        if fixturedef.scope == "function":
            yield
            return
        contexts, interrupted = self._contexts, list[str]()
        name = self._wide[fixturedef] = _name_of(fixturedef, request)
        before = contexts.switch(name)
        # Finalizers run in the reverse order: these two surround those of the set-up.
        fixturedef.addfinalizer(lambda: contexts.switch(interrupted.pop()) if interrupted else None)
        yield
        fixturedef.addfinalizer(lambda: interrupted.append(contexts.switch(name)))
        contexts.switch(before)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self, item: Any) -> Iterator[None]:
        """Note which wide fixtures a test has had."""
        # By any way: named by the test, by another fixture, automatic, or asked for while it ran.
        had = getattr(getattr(item, "_request", None), "_fixture_defs", None) or {}
        self._contexts.has(item.nodeid, [self._wide[each] for each in had.values() if each in self._wide])
        yield


def _name_of(fixturedef: Any, request: Any) -> str:
    folder = f"{fixturedef.baseid}::" if fixturedef.baseid else ""
    parameter = f"[{request.param_index}]" if hasattr(request, "param") else ""
    return f"{folder}{fixturedef.argname}{parameter} ({fixturedef.scope}{FIXTURE}"
