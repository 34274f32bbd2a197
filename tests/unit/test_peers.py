"""What the comparison with coverage.py's own tests makes of their expectations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from leg import Leg
from peers import peers, recording

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "lines"),
    [("", []), ("3", [3]), ("1-3, 5", [1, 2, 3, 5]), ("2->exit, 7", [7])],
)
def test_what_is_missing_is_read_as_lines(text: str, lines: list[int]) -> None:
    assert recording._numbers(text) == lines


def test_what_both_know_is_compared_and_the_rest_is_counted(tmp_path: Path) -> None:
    report = tmp_path / "leg.json"
    report.write_text(
        """{"files": {"programs/program_000.py": {
            "executed_lines": [1, 3], "missing_lines": [2, 9],
            "executed_branches": [[1, 0]], "missing_branches": [[1, 2]]}}}""",
        "utf-8",
    )
    call = {
        "test": "t.py::test_a",
        "lines": [1, 2, 3, 4],
        "missing": [3],
        "branches": [[1, -1], [1, 2], [4, 5]],
    }
    compared = peers.compare("3.12", "serial", [{**call, "untaken": [[1, 2]]}], Leg(0, "", report))
    assert compared.both == {"lines": 3, "branches": 2}
    assert compared.theirs == {"lines": 1, "branches": 1}
    assert compared.ours == {"lines": 1, "branches": 0}
    assert compared.wrong == [("test_a", "lines: 2 did not run, 3 ran (program 0)")]
