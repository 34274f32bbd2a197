"""The verdict as a comment on a pull request: what is decided, the gates, and the changed lines that did not run.

All of it may come from a fork, so each word that is not ours goes through `escape`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.render import verdict as told
from covlane.render import words
from covlane.render.markdown import escape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import Ratio
    from covlane.model.verdict import PatchFile, Verdict

MOST_FILES = 50
MOST_GATES = 100
MOST_LINES = 30
_WORDS = {"pass": "passed", "fail": "failed", "incomplete": "incomplete"}


def text(verdict: Verdict) -> str:
    """Return Markdown."""
    return "\n".join(_lines(verdict)) + "\n"


def _lines(verdict: Verdict) -> Iterator[str]:
    total = verdict.total
    figures = [f"{_figure(total.line, total.line_before)} of lines"]
    if total.branch:
        figures.append(f"{_figure(total.branch, total.branch_before)} of branches")
    if verdict.patch.statements.total:
        figures.append(f"{_figure(verdict.patch.statements)} of changed statements")
    incomplete = "INCOMPLETE: " if verdict.incomplete else ""
    yield f"**Coverage {_WORDS[verdict.outcome]}: {incomplete}{', '.join(figures)}**"
    yield ""
    for reason in verdict.incomplete[:MOST_GATES]:
        yield f"- incomplete: {escape(reason)}"
    for gate in verdict.gates[:MOST_GATES]:
        yield f"- {gate.outcome}: {escape(told.title(gate))}: {escape(gate.reason)}"
    yield ""
    owing = [file for file in verdict.patch.files if file.missing or file.missing_branches]
    if owing:
        yield "| Changed file | Covered | Not covered |"
        yield "| :--- | ---: | :--- |"
    for file in owing[:MOST_FILES]:
        yield f"| {escape(file.path)} | {_figure(file.statements)} | {escape(_missing(file))} |"
    if folded := owing[MOST_FILES:]:
        yield f"\n{len(folded):,} more changed files are not covered whole."
    yield ""
    yield from (f"{escape(line)}  " for line in told.remarks(verdict))
    yield f"Legs: {escape(', '.join(sorted(verdict.legs)))}"


def _figure(now: Ratio, before: Ratio | None = None) -> str:
    was = f", was {before.text}" if before and before != now else ""
    return f"{now.text} ({now.covered:,}/{now.total:,}{was})"


def _missing(file: PatchFile) -> str:
    parts = [words.span(*one) for one in file.missing] + [words.jump(*one) for one in file.missing_branches]
    more = f" and {len(parts) - MOST_LINES:,} more" if len(parts) > MOST_LINES else ""
    return ", ".join(parts[:MOST_LINES]) + more
