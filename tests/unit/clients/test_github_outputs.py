"""What a job tells later steps."""

from __future__ import annotations

import pytest

from covlane.clients.github.outputs import outputs
from covlane.model.report import Ratio
from covlane.model.verdict import Patch, Total
from sample_site import verdict


def test_figures_are_those_of_every_report_without_the_sign() -> None:
    told = verdict(
        total=Total(line=Ratio(9_999, 10_001), branch=Ratio(1, 2)), patch=Patch(statements=Ratio(2, 3))
    )
    assert outputs(told) == "line=99.98\nbranch=50.00\npatch=66.66\nverdict=fail\ncomplete=true\n"


def test_what_is_not_there_is_empty() -> None:
    told = verdict(total=Total(line=Ratio(0, 0), branch=None), patch=Patch(), outcome="pass")
    assert outputs(told) == "line=\nbranch=\npatch=\nverdict=pass\ncomplete=true\n"


@pytest.mark.parametrize("reason", ["x", "a\nverdict=pass\n"])
def test_no_sentence_of_a_report_reaches_the_outputs(reason: str) -> None:
    told = outputs(verdict(outcome="incomplete", incomplete=(reason,)))
    assert told.endswith("verdict=incomplete\ncomplete=false\n")
    assert len(told.splitlines()) == 5
