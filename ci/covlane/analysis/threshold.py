"""One figure against one threshold: compared exactly, never rounded, and explained in one sentence."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING, Literal, NamedTuple

from covlane.model.rules import digits, exact
from covlane.model.verdict import GateResult

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from covlane.model.report import Ratio
    from covlane.model.verdict import Missing

Metric = Literal["line", "branch", "both", "statement"]
_PLURAL = {
    "line": "lines",
    "branch": "branches",
    "both": "lines and branches",
    "statement": "changed statements",
}


class Threshold(NamedTuple):
    """A minimum: as a fraction of 1, as the digits of the result, and as the reason names it."""

    fraction: Fraction = Fraction(0)
    digits: str = ""
    label: str = ""

    @classmethod
    def of(cls, percent: float) -> Threshold:
        """Return the threshold for a percentage."""
        text = digits(percent)
        return cls(exact(percent), text, f"{text}%")


class Check(NamedTuple):
    """What a gate compares: its metric, its subject, the measured figure and the threshold."""

    name: str
    metric: Metric
    subject: str
    measured: Ratio
    threshold: Threshold = Threshold()

    def result(
        self,
        outcome: Literal["pass", "fail", "incomplete", "skipped"],
        reason: str,
        missing: Iterable[Missing] = (),
        needed: int = 0,
    ) -> GateResult:
        """Return the gate's result."""
        return GateResult(
            name=self.name,
            metric=self.metric,
            subject=self.subject,
            measured=self.measured,
            threshold=self.threshold.digits,
            outcome=outcome,
            reason=reason,
            missing=tuple(missing),
            needed=needed,
        )

    def judge(self, missing: Callable[[int], Iterable[Missing]]) -> GateResult:
        """Compare the figure with the threshold; `missing(n)` lists code to cover to gain n lines or branches."""
        measured = self.measured
        if not measured.total:
            return self.result("skipped", f"there are no {_PLURAL[self.metric]}")
        figure = f"{measured.text} of {_PLURAL[self.metric]} ({measured.covered:,}/{measured.total:,})"
        needed = ceil(self.threshold.fraction * measured.total) - measured.covered
        if needed <= 0:
            return self.result("pass", f"{figure}, at least {self.threshold.label}")
        reason = (
            f"{figure} is below {self.threshold.label}: cover {needed:,} more {unit(needed, self.metric)}"
        )
        return self.result("fail", reason, missing(needed), needed)


def unit(count: int, metric: Metric) -> str:
    """Return the metric's unit in singular or plural, to follow a count."""
    if metric == "both":
        return "line or branch" if count == 1 else "lines or branches"
    return metric if count == 1 else _PLURAL[metric].rpartition(" ")[2]
