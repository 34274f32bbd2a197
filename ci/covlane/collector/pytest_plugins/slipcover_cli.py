"""How pytest went under SlipCover's own command, and the self-check before SlipCover reads what ran.

PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from typing import Any

import pytest

from ..process import measure
from .run import witness


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: Any) -> None:
    """Note how the run goes, in the process that reports it."""
    if measure.CURRENT and not hasattr(config, "workerinput"):
        config.pluginmanager.register(witness(measure.CURRENT[0]))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    """Run the self-check in a process that ran tests: SlipCover's plugin reads at this hook what a worker ran."""
    if measure.CURRENT and exitstatus in (0, 1) and not session.config.pluginmanager.hasplugin("dsession"):
        measure.CURRENT[0].check_in_session()
