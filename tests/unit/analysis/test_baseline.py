"""When two measurements may be compared, and the sentence where they may not."""

from __future__ import annotations

from dataclasses import replace

from covlane.analysis.baseline import differences
from data_words import report, stamp
from judged import measured

ONE = report("a.py: 1+ 2- 1>2-")


def told(**changes: object) -> str:
    return "; ".join(
        differences(measured(ONE), measured(replace(ONE, legs=(stamp("coverage-3.12", **changes),))))
    )


def test_the_same_measure_is_comparable() -> None:
    assert told() == ""
    assert told(python="3.12.9", commit="d" * 40, workers=4) == ""


def test_other_pythons_are_named() -> None:
    other = replace(ONE, legs=(stamp("coverage-3.12"), stamp("coverage-3.13", python="3.13.0")))
    found = "; ".join(differences(measured(ONE), measured(other)))
    assert found == "other Pythons (coverage-3.12, now coverage-3.12, coverage-3.13)"


def test_another_engine_and_another_release_of_it_are_named() -> None:
    assert told(tools={"slipcover": "1.2.0"}) == "another engine (slipcover 1.1.0, now slipcover 1.2.0)"
    assert "coverage" in told(engine="coverage", tools={"coverage": "7.14"})


def test_branches_that_were_not_measured_are_named() -> None:
    found = list(differences(measured(ONE), measured(replace(ONE, branch=False))))
    assert found == ["branches were measured then"]


def test_other_settings_are_named_but_sources_may_grow() -> None:
    before = measured(ONE)
    assert list(differences(before, measured(ONE, source=["src", "more"]))) == []
    assert list(differences(before, measured(ONE, source=["more"]))) == [
        'another \'source\' (["src"], now ["more"])'
    ]
    assert list(differences(before, measured(ONE, omit=["a"]))) == ["another 'omit' ([], now [\"a\"])"]
