"""One figure against one bar: compared in whole numbers, never rounded, and said in one sentence."""

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

Metric = Literal["line", "branch", "statement"]
_PLURAL = {"line": "lines", "branch": "branches", "statement": "changed statements"}


class Bar(NamedTuple):
    """What is to be reached: the part of 1, as digits, and in words."""

    part: Fraction = Fraction(0)
    text: str = ""
    words: str = ""

    @classmethod
    def of(cls, percent: float) -> Bar:
        """Return the bar of a percentage."""
        text = digits(percent)
        return cls(exact(percent), text, f"{text}%")


class Case(NamedTuple):
    """What is judged: a gate, its metric and subject, the figure and the bar."""

    name: str
    metric: Metric
    subject: str
    measured: Ratio
    bar: Bar = Bar()

    def says(
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
            threshold=self.bar.text,
            outcome=outcome,
            reason=reason,
            missing=tuple(missing),
            needed=needed,
        )

    def compared(self, missing: Callable[[int], Iterable[Missing]]) -> GateResult:
        """Judge it; `missing` names what can be covered to gain so much."""
        measured = self.measured
        if not measured.total:
            return self.says("skipped", f"there are no {_PLURAL[self.metric]}")
        figure = f"{measured.text} of {_PLURAL[self.metric]} ({measured.covered:,}/{measured.total:,})"
        needed = ceil(self.bar.part * measured.total) - measured.covered
        if needed <= 0:
            return self.says("pass", f"{figure}, at least {self.bar.words}")
        reason = f"{figure} is below {self.bar.words}: cover {needed:,} more {unit(needed, self.metric)}"
        return self.says("fail", reason, missing(needed), needed)


def unit(count: int, metric: Metric) -> str:
    """Return what so many are called."""
    return metric if count == 1 else _PLURAL[metric].rpartition(" ")[2]
