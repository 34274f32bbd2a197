"""What a job tells later steps and jobs: five words and figures, none of which can hold a line break."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covlane.model.report import Ratio
    from covlane.model.verdict import Verdict


def outputs(verdict: Verdict) -> str:
    """Return lines for GITHUB_OUTPUT: percentages as in every report, without the sign, empty of nothing."""
    values = {
        "line": _percent(verdict.total.line),
        "branch": _percent(verdict.total.branch),
        "patch": _percent(verdict.patch.statements),
        "verdict": verdict.outcome,
        "complete": "false" if verdict.incomplete else "true",
    }
    return "".join(f"{name}={value}\n" for name, value in values.items())


def _percent(ratio: Ratio | None) -> str:
    return ratio.text.rstrip("%-") if ratio else ""
