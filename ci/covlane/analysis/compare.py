"""Two legs that ran the same tests under two engines: each line and branch on which they differ, and why, if known."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from covlane.model.lines import unpack
from covlane.model.report import FileCoverage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from covlane.model.report import Branch, Measured, Stamp

#: The engines that count SlipCover's lines and branches.
SLIPCOVERS = {"slipcover", "slipcover-cli"}
RAN, MISSED, NONE = "ran", "missed", "not counted"
MODEL = "SlipCover and coverage.py count other lines and branches"
ASSERT = "from Python 3.12 on, SlipCover counts `assert (` as missed although it ran"
EXCLUDED = "SlipCover keeps a branch to an excluded line"
HEAD = "SlipCover's branch leaves a line without code; covlane's leaves the first line of the condition that has some"
MARKED = "on Python 3.10 the only code of this line is SlipCover's own mark"
EXPRESSION = "SlipCover takes a jump between the parts of an expression for a run of one"
FINALLY = "SlipCover misses a `finally` of one line that an exception leads to"
SUBJECT = "SlipCover takes `match NAME:` for an annotation"
SIGNATURE = "SlipCover counts the annotations of a signature in files that were not imported"
_EXPRESSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp)


class Difference(NamedTuple):
    """A line, or a branch from one line to another, of which two legs say different things."""

    path: str
    line: int
    #: Where the branch leads; None for a line.
    target: int | None
    first: str
    second: str
    #: Why, or an empty string where that is not known.
    reason: str


def compare(first: Measured, second: Measured, sources: Mapping[str, bytes]) -> Iterator[Difference]:
    """Yield what two legs differ on, file by file; `sources` are the files' contents, by name."""
    ours, theirs = first.files, second.files
    for path in sorted(ours.keys() | theirs.keys()):
        pair = ours.get(path, FileCoverage()), theirs.get(path, FileCoverage())
        if pair[0] == pair[1]:
            continue
        reasons = _Reasons((first.stamp, second.stamp), path, pair, sources.get(path, b""))
        lines = pair[0].executable ^ pair[1].executable | pair[0].executed ^ pair[1].executed
        for line in unpack(lines):
            said = _of_line(pair[0], line), _of_line(pair[1], line)
            yield Difference(path, line, None, *said, reasons.of_line(line, said))
        for branch in sorted(pair[0].branches ^ pair[1].branches | pair[0].taken ^ pair[1].taken):
            said = _of_branch(pair[0], branch), _of_branch(pair[1], branch)
            yield Difference(path, *branch, *said, reasons.of_branch(branch, said))


def _of_line(file: FileCoverage, line: int) -> str:
    if not file.executable >> line & 1:
        return NONE
    return RAN if file.executed >> line & 1 else MISSED


def _of_branch(file: FileCoverage, branch: Branch) -> str:
    if branch not in file.branches:
        return NONE
    return RAN if branch in file.taken else MISSED


class _Reasons:
    """What docs/engines.md knows of the differences in one file."""

    def __init__(
        self,
        stamps: tuple[Stamp, Stamp],
        path: str,
        files: tuple[FileCoverage, FileCoverage],
        source: bytes,
    ) -> None:
        self._stamps, self._files = stamps, files
        self._engines = [stamp.engine for stamp in stamps]
        self._notes = [{**stamp.unbranched, **stamp.unparsable}.get(path, "") for stamp in stamps]
        self._source = source
        self._known: dict[str, set[int]] | None = None

    def of_line(self, line: int, said: tuple[str, str]) -> str:
        if reason := self._of_leg(said):
            return reason
        if "coverage" in self._engines and set(self._engines) & SLIPCOVERS:
            if NONE in said:
                return MODEL
            ran = self._engines[said.index(RAN)]
            return ASSERT if ran == "coverage" and line in self._lines("assert") else ""
        if set(self._engines) != SLIPCOVERS:
            return ""
        covlane, itself = said if self._engines[0] == "slipcover" else said[::-1]
        if covlane == NONE and line in self._lines("head"):
            return MARKED
        kind, reason = {
            (MISSED, RAN): ("expression", EXPRESSION),
            (RAN, MISSED): ("finally", FINALLY),
            (RAN, NONE): ("subject", SUBJECT),
            (MISSED, NONE): ("subject", SUBJECT),
            (NONE, MISSED): ("signature", SIGNATURE),
        }.get((covlane, itself), ("", ""))
        return reason if line in self._lines(kind) else ""

    def of_branch(self, branch: Branch, said: tuple[str, str]) -> str:
        if reason := self._of_leg(said):
            return reason
        if "coverage" in self._engines and set(self._engines) & SLIPCOVERS:
            return MODEL if NONE in said else ""
        if set(self._engines) != SLIPCOVERS:
            return ""
        covlane, itself = said if self._engines[0] == "slipcover" else said[::-1]
        executable = self._files[0].executable | self._files[1].executable
        if covlane == NONE and branch[1] and not executable >> branch[1] & 1:
            return EXCLUDED
        moved = (self._starts(branch[1], index) for index in (0, 1))
        ways = [each for starts in moved for each in starts if each != branch[0]]
        return HEAD if NONE in (covlane, itself) and ways else ""

    def _starts(self, target: int, index: int) -> set[int]:
        """Return where the branches to a line leave in one leg and not in the other."""
        ours, theirs = self._files[index].branches, self._files[1 - index].branches
        return {line for line, to in ours - theirs if to == target}

    def _of_leg(self, said: tuple[str, str]) -> str:
        """Return why a leg does not have it, where the leg itself says so."""
        for engine, stamp, note, one, other in zip(
            self._engines, self._stamps, self._notes, said, said[::-1], strict=True
        ):
            if one == NONE and note:
                return f"{engine}: {note}"
            if one == MISSED and other == RAN and not stamp.complete:
                return f"{engine} lost it: its leg is incomplete"
        return ""

    def _lines(self, kind: str) -> set[int]:
        if self._known is None:
            try:
                self._known = dict(_kinds(ast.parse(self._source)))
            except (SyntaxError, ValueError, RecursionError):
                self._known = {}
        return self._known.get(kind, set())


def _kinds(tree: ast.Module) -> Iterator[tuple[str, set[int]]]:
    """Yield the lines of the statements and expressions of which something is known."""
    nodes = list(ast.walk(tree))
    yield "assert", {node.lineno for node in nodes if isinstance(node, ast.Assert)}
    heads = (node for node in nodes if isinstance(node, (ast.If, ast.While)))
    yield "head", {node.lineno for node in heads if node.test.lineno > node.lineno}
    yield "expression", _rows(node for node in nodes if isinstance(node, _EXPRESSIONS))
    yield "finally", _rows(part for node in nodes if isinstance(node, ast.Try) for part in node.finalbody)
    yield (
        "subject",
        {
            line
            for node in nodes
            if isinstance(node, ast.Match)
            for line in range(node.lineno, (node.subject.end_lineno or 0) + 1)
        },
    )
    functions = (node for node in nodes if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    yield "signature", {line for node in functions for line in range(node.lineno, node.body[0].lineno)}


def _rows(nodes: Iterable[ast.expr | ast.stmt]) -> set[int]:
    return {line for node in nodes for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
