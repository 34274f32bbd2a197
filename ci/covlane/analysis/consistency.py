"""Check that a verdict is consistent: its outcome, figures and gates follow from one another."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING

import msgspec

from covlane.analysis.gate import outcome
from covlane.model.report import Ratio, total
from covlane.model.rules import DEFAULT, Gate, digits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.verdict import GateResult, Verdict

#: A ratchet's threshold is the baseline's figure, rounded down to hundredths of a percent.
_ROUNDED = Fraction(1, 10_000)
#: No exponent: a short one can mean a number that fills the memory.
_DIGITS = re.compile(r"[0-9]{1,12}(\.[0-9]{1,400})?")


def contradiction(verdict: Verdict) -> str | None:
    """Return the first inconsistency, in a sentence that quotes nothing of the verdict; None if there is none."""
    return next(_contradictions(verdict), None)


def _contradictions(verdict: Verdict) -> Iterator[str]:
    if verdict.outcome != outcome(verdict.incomplete, {gate.outcome for gate in verdict.gates}):
        yield "its outcome does not follow from its gates"
    if not all(0 <= ratio.covered <= ratio.total for ratio in _ratios(verdict)):
        yield "it counts more covered than exists"
    if verdict.patch.statements != total(file.statements for file in verdict.patch.files):
        yield "its files do not add up to its patch"
    if verdict.patch.note and verdict.patch.statements.total:
        yield "its patch has nothing to cover, yet has statements"
    if any(bool(file.missing) != bool(file.statements.missing) for file in verdict.patch.files):
        yield "the missing lines of a file contradict its figure"
    if why := _of_settings(verdict):
        yield why
    for result in verdict.gates:
        if not (_measures(result, verdict) and _judged(result)):
            yield "a gate does not follow from its figure"


def _of_settings(verdict: Verdict) -> str | None:
    try:
        gate = msgspec.convert(verdict.settings, Gate)
    except msgspec.ValidationError:
        return "its settings are not gates"
    if verdict.settings != msgspec.to_builtins(gate) or (verdict.defaults and gate != DEFAULT):
        return "its settings are not gates that covlane writes"
    return None if _named(gate, verdict.gates) else "its gates are not those of its settings"


def _ratios(verdict: Verdict) -> Iterator[Ratio]:
    whole = verdict.total
    yield from (one for one in (whole.line, whole.branch, whole.line_before, whole.branch_before) if one)
    yield verdict.patch.statements
    yield from (file.statements for file in verdict.patch.files)
    yield from (gate.measured for gate in verdict.gates)


def _named(gate: Gate, results: tuple[GateResult, ...]) -> bool:
    """Whether each gate that is set has results, and each result has its gate and threshold."""
    single = {
        "total": gate.total,
        "total-line": gate.total_line,
        "total-branch": gate.total_branch,
        "patch": gate.patch,
        "patch-missing": gate.patch_missing,
    }
    several = {
        "new-files": gate.new_files is not None,
        "ratchet": gate.ratchet is not False,
        "files": bool(gate.files),
        "components": bool(gate.components),
    }
    for name, threshold in single.items():
        wanted = [] if threshold is None else [digits(threshold)]
        found = [one.threshold for one in results if one.name == name]
        if found != wanted:
            return False
    names = {one.name for one in results}
    demanded = {name for name in ("new-files", "ratchet") if several[name]}
    return demanded <= names <= single.keys() | {name for name, is_set in several.items() if is_set}


def _measures(result: GateResult, verdict: Verdict) -> bool:
    """Whether a gate on the total judged the total's figure."""
    if result.subject:
        return True
    whole = verdict.total
    figures = {
        "total": total(one for one in (whole.line, whole.branch) if one),
        "total-line": whole.line,
        "total-branch": whole.branch,
        "patch": verdict.patch.statements,
        "patch-missing": verdict.patch.statements,
        "ratchet": whole.line if result.metric == "line" else whole.branch,
    }
    wanted = figures.get(result.name)
    return wanted is None or result.measured == wanted


def _judged(result: GateResult) -> bool:
    """Whether a gate's outcome follows from its figure and threshold."""
    measured = result.measured
    if result.outcome != "fail" and (result.missing or result.needed):
        return False
    if result.outcome not in {"pass", "fail"}:
        return True
    if not measured.total or not _DIGITS.fullmatch(result.threshold):
        return False
    threshold = Fraction(result.threshold)
    if result.name == "patch-missing":
        return (result.outcome == "pass") == (measured.missing <= threshold)
    part, minimum = Fraction(measured.covered, measured.total), threshold / 100
    if result.outcome == "pass":
        return part >= minimum
    return part < minimum + (_ROUNDED if result.name == "ratchet" else 0) and result.needed > 0
