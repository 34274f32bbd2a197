"""The verdict for a terminal: one line per gate, and what to cover."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covlane.model.rules import Gate, digits, questions
from covlane.render import lines, words
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TextIO

    from covlane.model.verdict import GateResult, Missing, Verdict

_MARKS = {"pass": "ok", "fail": "FAIL", "incomplete": "??", "skipped": "--"}
_STYLES = {"pass": "green", "fail": "red", "incomplete": "yellow", "skipped": "dim"}
#: The most files listed below a gate; verdict.json has all.
MOST_FILES = 10


def show(verdict: Verdict, out: TextIO, *, plain: bool) -> None:
    """Print the verdict to a stream."""
    lines.show(_lines(verdict), out, plain=plain)


def _lines(verdict: Verdict) -> Iterator[lines.Line]:
    for gate in verdict.gates:
        yield (
            _STYLES[gate.outcome],
            f"{_MARKS[gate.outcome]:<4} {title(gate)}: {printable(gate.reason)}",
            False,
        )
        yield from (("", f"       {printable(line)}", False) for line in missing(gate.missing))
    yield from (("dim", printable(line), False) for line in remarks(verdict))
    yield from (("yellow", line, False) for line in questioned(verdict))
    yield from (("yellow", f"incomplete: {printable(line)}", False) for line in verdict.incomplete)
    style = {"pass": "bold green", "fail": "bold red"}.get(verdict.outcome, "bold yellow")
    yield style, f"verdict: {verdict.outcome}", False


def title(gate: GateResult) -> str:
    """Return a gate's name with its metric and subject."""
    what = f"{gate.name} ({gate.metric})" if gate.name in {"ratchet", "files", "components"} else gate.name
    return f"{what} {printable(gate.subject)}".rstrip()


def remarks(verdict: Verdict) -> Iterator[str]:
    """Yield the verdict's inputs: the base, the baseline, and whether the gates are covlane's defaults."""
    if verdict.base:
        yield f"changes since {verdict.base[:12]}, the merge base with {verdict.base_ref}"
    # If the ratchet could not be judged, its reason says so already.
    if verdict.baseline.sentence and verdict.baseline.sentence not in {gate.reason for gate in verdict.gates}:
        yield f"baseline: {verdict.baseline.sentence}"
    if verdict.defaults:
        gates = ", ".join(
            name if value is True else f"{name} = {digits(value)}" for name, value in verdict.settings.items()
        )
        yield f"no gates are set, so the defaults apply: {gates}; set your own in [tool.covlane.gate]"


def questioned(verdict: Verdict) -> list[str]:
    """Return a note for each threshold that is probably a mistake."""
    return [f"note: {printable(line)}" for line in questions(msgspec.convert(verdict.settings, Gate))]


def missing(files: tuple[Missing, ...]) -> Iterator[str]:
    """Yield what to cover, a line per file, and the number of further files."""
    for file in files[:MOST_FILES]:
        parts = [words.span(*one) for one in file.lines] + [words.jump(*one) for one in file.branches]
        yield f"{file.path}: {', '.join(parts)}"
    if folded := files[MOST_FILES:]:
        yield f"and {len(folded):,} more files; verdict.json lists all"
