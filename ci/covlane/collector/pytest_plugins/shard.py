"""A shard's part of the tests, chosen by a pytest plugin that pytest loads in every process that collects.

`plugins.py` puts a copy of this file where pytest, and xdist's workers, load it by name.
Which test is in which shard follows from the tests' names and durations alone, never from their order.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, NamedTuple

OPTION = "--covlane-shard"
CHOSEN = "shard.json"
NO_TESTS_COLLECTED = 5


class _Test(NamedTuple):
    """What the algorithm sees of a test, and sorts by."""

    nodeid: str
    place: int


def options(path: str) -> list[str]:
    """Return pytest's options for a shard whose plan is at `path`."""
    return [f"{OPTION}={os.path.abspath(path)}"]


def asked(config: Any) -> bool:
    """Say whether a run is a shard."""
    return bool(getattr(config.option, "covlane_shard", None))


def split(folder: str) -> str:
    """Return the digest of all that decided which tests a leg's shard has; empty where it came to none."""
    try:
        return str(_read(os.path.join(folder, CHOSEN))["split"])
    except (OSError, ValueError, KeyError):
        return ""


def durations(stats: dict[str, list[Any]]) -> dict[str, float]:
    """Return the seconds of each test, set-up and tear-down included, from the terminal reporter's statistics."""
    seconds: dict[str, float] = {}
    for report in (report for reports in stats.values() for report in reports):
        if hasattr(report, "when") and getattr(report, "duration", -1) >= 0:
            seconds[report.nodeid] = round(seconds.get(report.nodeid, 0) + report.duration, 4)
    return seconds


def pytest_addoption(parser: Any) -> None:
    """Add the option that makes a run a shard."""
    parser.addoption(OPTION, metavar="LEG.json", help="run one shard of the tests (set by covlane)")


def pytest_configure(config: Any) -> None:
    """Choose the shard's tests after every other plugin has had its say."""
    if not asked(config):
        return
    import pytest

    class Shard:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_modifyitems(self, config: Any, items: list[Any]) -> None:
            _choose(config, items)

    config.pluginmanager.register(Shard(), "covlane_shard")


def _choose(config: Any, items: list[Any]) -> None:
    """Leave the shard's tests, in their order, and deselect the others."""
    from pytest_split.algorithms import LeastDurationAlgorithm

    path = config.option.covlane_shard
    leg = _read(path)
    number, count = leg["shard"]
    try:
        known = {str(test): float(seconds) for test, seconds in _read(leg["durations"]).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        known = {}
    tests: list[Any] = sorted(_Test(item.nodeid, place) for place, item in enumerate(items))
    group = LeastDurationAlgorithm()(count, tests, known)[number - 1]
    chosen = {test.place for test in group.selected}
    told = [count, *((test.nodeid, known.get(test.nodeid)) for test in tests)]
    digest = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]
    _write(
        os.path.join(os.path.dirname(path), CHOSEN), {"split": digest, "of": len(items), "tests": len(chosen)}
    )
    config.hook.pytest_deselected(items=[item for place, item in enumerate(items) if place not in chosen])
    items[:] = [item for place, item in enumerate(items) if place in chosen]


def pytest_sessionfinish(session: Any, exitstatus: int) -> None:
    """Let a shard without a test, of a suite that has some, end well."""
    if asked(session.config) and exitstatus == NO_TESTS_COLLECTED:
        try:
            shard = _read(os.path.join(os.path.dirname(session.config.option.covlane_shard), CHOSEN))
        except (OSError, ValueError):
            return
        if shard["of"] and not shard["tests"]:
            session.exitstatus = 0


def _read(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def _write(path: str, value: object) -> None:
    temporary = f"{path}.{os.getpid()}"
    with open(temporary, "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(temporary, path)
