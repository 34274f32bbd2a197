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


def test_the_line_model_is_compared_and_not_the_release_of_the_engine() -> None:
    assert told(tools={"slipcover": "1.2.0"}) == ""
    assert measured(ONE).engine == "slipcover 1.1.0"
    other = told(engine="coverage", tools={"coverage": "7.14.0"})
    assert other == "another line model (slipcover 1, now coverage 7.14)"


def test_coverage_py_keeps_its_line_model_in_patch_releases() -> None:
    legs = [
        stamp("coverage-3.12", engine="coverage", tools={"coverage": f"7.{it}"})
        for it in ("14.0", "14.3", "15.0")
    ]
    before, patch, minor = (measured(replace(ONE, legs=(leg,))) for leg in legs)
    assert list(differences(before, patch)) == []
    assert list(differences(before, minor)) == ["another line model (coverage 7.14, now coverage 7.15)"]


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
