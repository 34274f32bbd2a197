"""The interpreter of expressions that the tests of the workflows stand on."""

from __future__ import annotations

from typing import Any

import pytest

from runner.expressions import Expressions

CONTEXTS: dict[str, Any] = {
    "github": {"event_name": "push", "ref": "refs/heads/main", "event": {"number": 7.0, "on": True}},
    "needs": {"plan": {"result": "success"}},
    "steps": {},
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("'it''s'", "it's"),
        ("github.event_name == 'PUSH'", True),
        ("github.event_name != 'push' || github.ref", "refs/heads/main"),
        ("github.event.pull_request.number || github.event.number", 7.0),
        ("!cancelled() && needs.plan.result == 'success'", True),
        ("github['event_name']", "push"),
        ("steps.gate.outcome == 'success'", False),
        ("steps.gate.outputs.line", None),
        ("null == ''", True),
        ("true == '1'", True),
        ("format('refs/heads/{0}', 'main') == github.ref", True),
        ("fromJSON('{\"a\": [1]}').a", [1]),
        ("(1 == 2 || 1 == 1) && 'x'", "x"),
        ("1 == 2 && 'x'", False),
    ],
)
def test_an_expression_has_github_s_value(expression: str, value: object) -> None:
    assert Expressions(CONTEXTS).value(expression) == value


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure"),
    [
        (None, True, False),
        ("github.event_name == 'push'", True, False),
        ("${{ github.event_name == 'push' }}", True, False),
        ("${{ !cancelled() && github.event_name == 'push' }}", True, True),
        ("${{ always() }}", True, True),
        ("failure()", False, True),
    ],
)
def test_an_if_without_a_status_means_success(
    condition: str | None, after_success: bool, after_failure: bool
) -> None:
    assert Expressions(CONTEXTS).holds(condition) is after_success
    assert Expressions(CONTEXTS, failed=True).holds(condition) is after_failure


def test_text_has_its_expressions_replaced() -> None:
    told = Expressions(CONTEXTS)
    assert told.text("a-${{ github.event.number }}-${{ github.event.on }}${{ github.none }}") == "a-7-true"
    assert told.whole("${{ github.event.number }}") == 7.0


@pytest.mark.parametrize("expression", ["nobody.knows", "hashFiles('x')", "1 +", "a b"])
def test_what_is_not_known_is_no_silent_null(expression: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        Expressions(CONTEXTS).value(expression)
