"""A job's outputs for later steps and jobs: five values, none of which can contain a line break."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from covlane.model.report import Ratio
    from covlane.model.verdict import Verdict


def outputs(verdict: Verdict) -> str:
    """Return lines for GITHUB_OUTPUT; percentages are without the sign, and empty if there is nothing to measure."""
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
