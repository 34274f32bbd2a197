"""Verdicts from words: a report, a diff, thresholds and a baseline, without git or files."""

from __future__ import annotations

import difflib
import re
import textwrap
from typing import TYPE_CHECKING, Any

import data_words
from covlane.analysis import baseline
from covlane.analysis.gate import Provenance, judge
from covlane.model.diff import Diff, FileDiff, Piece
from covlane.model.evidence import Evidence
from covlane.model.lines import pack
from covlane.model.rules import Gate
from covlane.model.verdict import BaselineState, Identity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.model.baseline import Baseline
    from covlane.model.diff import Kind
    from covlane.model.report import Report
    from covlane.model.verdict import GateResult, Verdict

PROVENANCE = Provenance(False, {"covlane": "0"}, "", Identity(report="", evidence=""))
SETTINGS = {"source": ["src"], "omit": []}


def evidence(
    changed: Mapping[str, list[int]] | None = None, *, before: Baseline | None = None, **fields: Any
) -> Evidence:
    """Return evidence of changed lines, each a statement, or of no known diff."""
    found = {path: tuple(1 << line for line in lines) for path, lines in (changed or {}).items()}
    files = tuple(FileDiff(path, added=pack(lines)) for path, lines in (changed or {}).items())
    given: dict[str, Any] = {
        "commit": data_words.COMMIT,
        "dirty": False,
        "diff": None if changed is None else Diff("b" * 40, files),
        "statements": found,
        "baseline": before,
        "state": BaselineState(state="found" if before else "none", sentence="as the test says"),
    }
    return Evidence(**(given | fields))


def following(*words: str) -> dict[str, tuple[Piece, ...]]:
    """Return where lines stand now: `a.py: 1..4 b.py:11 5..5 a.py:1`, of each changed file."""
    found = {}
    for text in words:
        path, _, went = text.partition(":")
        pieces = re.findall(r"(\d+)\.\.(\d+) (\S+):(\d+)", went)
        found[path] = tuple(Piece(int(first), int(last), to, int(start)) for first, last, to, start in pieces)
    return found


def measured(report: Report, **changes: Any) -> Baseline:
    """Return what a report comes to as a baseline."""
    return baseline.measured(report, changes.pop("commit", "c" * 40), SETTINGS | changes)


def verdict(report: Report, found: Evidence | None = None, **gates: Any) -> Verdict:
    """Judge a report by gates given by the names of their fields."""
    return judge(report, found or evidence({}), Gate(**gates), PROVENANCE)


def only(report: Report, found: Evidence | None = None, **gates: Any) -> GateResult:
    """Return the one gate's result."""
    (result,) = verdict(report, found, **gates).gates
    return result


def source(text: str) -> bytes:
    """Return a file's content."""
    return textwrap.dedent(text).lstrip("\n").encode()


def diff(before: Mapping[str, str], now: Mapping[str, str]) -> list[FileDiff]:
    """Return what a diff says of files, each a text by its name."""
    files = []
    for path in sorted({*before, *now}):
        old, new = (source(side.get(path, "")).split(b"\n")[:-1] for side in (before, now))
        removed: list[int] = []
        added: list[int] = []
        for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if kind != "equal":
                removed += range(a + 1, b + 1)
                added += range(c + 1, d + 1)
        what: Kind = "added" if path not in before else "deleted" if path not in now else "modified"
        files.append(FileDiff(path, what, added=pack(added), removed=pack(removed)))
    return files
