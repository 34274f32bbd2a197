"""The verdict for a terminal: one line for each gate, and what would have to be covered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.model.rules import digits
from covlane.render import words
from covlane.render.terminal import console
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from covlane.model.verdict import GateResult, Missing, Verdict

_MARKS = {"pass": "ok", "fail": "FAIL", "incomplete": "??", "skipped": "--"}
_STYLES = {"pass": "green", "fail": "red", "incomplete": "yellow", "skipped": "dim"}
#: Files that are named below a gate; verdict.json has them all.
MOST_FILES = 10


def show(verdict: Verdict, out: TextIO, *, plain: bool) -> None:
    """Print the verdict to a stream: coloured on a terminal, plain in a pipe."""
    to = console(out, plain=plain)
    for gate in verdict.gates:
        to.print(
            f"{_MARKS[gate.outcome]:<4} {title(gate)}: ", style=_STYLES[gate.outcome], end="", markup=False
        )
        to.print(printable(gate.reason), markup=False, soft_wrap=True)
        for line in missing(gate.missing):
            to.print(f"       {printable(line)}", markup=False, soft_wrap=True)
    for line in remarks(verdict):
        to.print(printable(line), markup=False, soft_wrap=True, style="dim")
    for line in verdict.incomplete:
        to.print(f"incomplete: {printable(line)}", markup=False, soft_wrap=True, style="yellow")
    style = {"pass": "bold green", "fail": "bold red"}.get(verdict.outcome, "bold yellow")
    to.print(f"verdict: {verdict.outcome}", style=style)


def title(gate: GateResult) -> str:
    """Return a gate's name with its metric and subject."""
    what = f"{gate.name} ({gate.metric})" if gate.name in {"ratchet", "files", "components"} else gate.name
    return f"{what} {printable(gate.subject)}".rstrip()


def remarks(verdict: Verdict) -> Iterator[str]:
    """Yield what the verdict rests on: the base, the baseline, and whether the gates are covlane's own."""
    if verdict.base:
        yield f"changes since {verdict.base[:12]}, the merge base with {verdict.base_ref}"
    if verdict.baseline.sentence:
        yield f"baseline: {verdict.baseline.sentence}"
    if verdict.defaults:
        gates = ", ".join(
            name if value is True else f"{name} = {digits(value)}" for name, value in verdict.settings.items()
        )
        yield f"no gate is set, so these are judged: {gates}; [tool.covlane.gate] sets your own"


def missing(files: tuple[Missing, ...]) -> Iterator[str]:
    """Yield what would have to be covered, a line for each file, and how many more there are."""
    for file in files[:MOST_FILES]:
        parts = [words.span(*one) for one in file.lines] + [words.jump(*one) for one in file.branches]
        yield f"{file.path}: {', '.join(parts)}"
    if folded := files[MOST_FILES:]:
        yield f"and {len(folded):,} more files; verdict.json has them all"
