"""A question becomes a line with ✓ or ✗, its remedy and its exit code."""

from __future__ import annotations

import pytest

from covlane.clients.codescene.diagnose import Check, check, pairing
from covlane.errors import DeliveryError, ReportError, ToolError
from data_words import stamp


def test_an_answer_is_a_tick() -> None:
    found = check("paths", lambda: "3 of 3")
    assert found == Check("paths", "3 of 3")
    assert str(found) == "✓ paths: 3 of 3"


@pytest.mark.parametrize("kind", [DeliveryError, ReportError, ToolError])
def test_an_error_is_a_cross_with_its_remedy_and_its_exit_code(kind: type[DeliveryError]) -> None:
    def ask() -> str:
        raise kind("it is\n  broken\x1b[2J", "mend it")

    found = check("report", ask)
    assert str(found) == "✗ report: it is broken[2J\n  -> mend it"
    assert found.exit_code == kind.exit_code


def test_a_pairing_names_what_measured_what() -> None:
    legs = [
        stamp("coverage-3.12", tools={"slipcover": "1.1.0", "pytest": "9.2.0", "nox": "1"}),
        stamp("coverage-3.13", engine="coverage", tools={"coverage": "7.14"}, self_check="off"),
    ]
    assert pairing(legs, "1.1.0") == (
        "coverage-3.12: slipcover 1.1.0, pytest 9.2.0, self-check passed; coverage-3.13: coverage 7.14, self-check off"
    )


def test_other_tools_reports_alone_have_no_pairing() -> None:
    assert pairing([], "1.1.0") == "the report has no legs of covlane"


def test_a_slipcover_that_covlane_does_not_know_is_a_wrong_tool() -> None:
    with pytest.raises(
        ToolError, match=r"slipcover 1\.0\.17, self-check passed; covlane supports SlipCover 1\.1\.0"
    ):
        pairing([stamp("coverage-3.12"), stamp("old", tools={"slipcover": "1.0.17"})], "1.1.0")


def test_a_canary_that_did_not_sing_is_a_wrong_tool() -> None:
    with pytest.raises(ToolError, match="self-check missed: --forked"):
        pairing([stamp("coverage-3.12", self_check="missed: --forked")], "1.1.0")
