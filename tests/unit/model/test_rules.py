"""Gates as a person writes them: a threshold that is likely to be meant otherwise is questioned."""

from __future__ import annotations

import pytest

from covlane.model.rules import DEFAULT, Gate, MinimumCoverage, questions


@pytest.mark.parametrize(
    ("gate", "sentence"),
    [
        (Gate(total_line=0.85), "gate.total-line is 0.85, which means 0.85 %; if 85 % is meant, write 85"),
        (Gate(total_branch=0.5), "gate.total-branch is 0.5, which means 0.5 %; if 50 % is meant, write 50"),
        (Gate(patch=0.999), "gate.patch is 0.999, which means 0.999 %; if 99.9 % is meant, write 99.9"),
        (Gate(new_files=0.01), "gate.new-files is 0.01, which means 0.01 %; if 1 % is meant, write 1"),
        (
            Gate(files={"a/**": 0.9}),
            "gate.files.'a/**' is 0.9, which means 0.9 %; if 90 % is meant, write 90",
        ),
        (
            Gate(components={"api": MinimumCoverage(line=90, branch=0.8)}),
            "gate.components.api is 0.8, which means 0.8 %; if 80 % is meant, write 80",
        ),
    ],
)
def test_a_threshold_between_0_and_1_is_questioned(gate: Gate, sentence: str) -> None:
    assert list(questions(gate)) == [sentence]


def test_other_thresholds_and_a_tolerance_are_not_questioned() -> None:
    assert list(questions(DEFAULT)) == []
    given = Gate(
        total_line=0, total_branch=1, patch=1.5, new_files=100, ratchet=0.1, files={"*": MinimumCoverage()}
    )
    assert list(questions(given)) == []
