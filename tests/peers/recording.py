"""A pytest plugin for coverage.py's own tests: keep each program with what is expected of it, in place of measuring it.

It is loaded by name into pytest in coverage.py's checkout, on the Python that the expectations are for: many of them
differ by version. The programs and their expectations go as JSON to the file that COVLANE_PEERS names.
"""

from __future__ import annotations

import importlib
import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

#: One call: `program`, `test`, `lines` and `missing` (None where the test does not say), `branches`, `untaken`.
CALLS: list[dict[str, Any]] = []


@pytest.fixture(autouse=True)
def keep_instead_of_measuring(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Replace `CoverageTest.check_coverage`, which compiles, runs and compares, by one that keeps what it is given."""
    coveragetest, helpers = (importlib.import_module(f"tests.{name}") for name in ("coveragetest", "helpers"))

    def keep(_self: object, text: str, **expected: Any) -> None:
        branches, untaken = expected.get("branchz"), expected.get("branchz_missing")
        if expected.get("excludes") or expected.get("partials"):  # settings of this call, which a leg has not
            branches = untaken = None
        CALLS.append(
            {
                "test": request.node.nodeid,
                "program": textwrap.dedent(text),
                "lines": expected.get("lines"),
                "missing": _numbers(expected.get("missing", "")) if expected.get("lines") else None,
                "branches": None if branches is None else helpers.arcz_to_arcs(branches),
                "untaken": None if untaken is None else helpers.arcz_to_arcs(untaken),
            }
        )

    monkeypatch.setattr(coveragetest.CoverageTest, "check_coverage", keep)


def _numbers(text: str) -> list[int]:
    """Return the lines of "1-3, 5"; of "5->exit" none, as it is a branch."""
    found: list[int] = []
    for part in filter(None, text.replace(" ", "").split(",")):
        if "->" not in part:
            first, _, last = part.partition("-")
            found += range(int(first), int(last or first) + 1)
    return found


def pytest_sessionfinish() -> None:
    """Write what was kept."""
    Path(os.environ["COVLANE_PEERS"]).write_text(json.dumps(CALLS), "utf-8")
