"""The gates: a report, the changed code and a baseline against thresholds."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covlane.analysis.bar import Bar, Case, unit
from covlane.analysis.gains import gains, ratio
from covlane.analysis.patch import patch
from covlane.analysis.ratchet import floors
from covlane.model.globs import glob
from covlane.model.report import Ratio, total
from covlane.model.rules import Threshold, digits, exact
from covlane.model.verdict import Missing, Patch, Total, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.analysis.bar import Metric
    from covlane.analysis.ratchet import Floor
    from covlane.model.evidence import Evidence
    from covlane.model.report import FileCoverage, Report
    from covlane.model.rules import Gate
    from covlane.model.verdict import GateResult, Identity, Outcome

    _Files = Mapping[str, FileCoverage]


class Provenance(NamedTuple):
    """What a verdict says of itself: whether nothing was set, versions of the tools, and what was read."""

    defaults: bool
    tools: Mapping[str, str]
    diff: str
    artifacts: Identity


def judge(report: Report, evidence: Evidence, gate: Gate, provenance: Provenance) -> Verdict:
    """Return the verdict; the same arguments give the same one, on every machine."""
    judging = _Judging(report, evidence)
    gates = tuple(judging.gates(gate))
    incomplete = (*report.incomplete, *evidence.incomplete)
    before = evidence.baseline
    return Verdict(
        outcome=outcome(incomplete, {one.outcome for one in gates}),
        commit=evidence.commit,
        dirty=evidence.dirty,
        base=evidence.diff.base if evidence.diff else None,
        base_ref=evidence.base_ref,
        diff=provenance.diff,
        legs={stamp.leg: stamp.python for stamp in report.legs},
        defaults=provenance.defaults,
        settings=msgspec.to_builtins(gate),
        tools=dict(provenance.tools),
        total=Total(
            line=report.lines,
            branch=report.branches if report.branch else None,
            line_before=before.lines if before else None,
            branch_before=before.branches if before and before.branch else None,
        ),
        gates=gates,
        patch=judging.patch,
        baseline=evidence.state,
        incomplete=incomplete,
        artifacts=provenance.artifacts,
    )


def outcome(incomplete: tuple[str, ...], outcomes: set[str]) -> Outcome:
    """Draw the sum of what is missing and of the gates' outcomes; a report that lacks something may fail what it would pass as a whole, so it is neither."""
    if incomplete:
        return "incomplete"
    return "fail" if "fail" in outcomes else "incomplete" if "incomplete" in outcomes else "pass"


class _Judging:
    """One report with its evidence, asked by one gate after another."""

    def __init__(self, report: Report, evidence: Evidence) -> None:
        self._report = report
        self._evidence = evidence
        diff = evidence.diff
        self._changed = {file.path: file.changed for file in diff.files} if diff else {}
        self._added = {file.path for file in diff.files if file.kind == "added"} if diff else set()
        self.patch = (
            patch(report, diff, evidence.statements, evidence.notes)
            if diff
            else Patch(note="what changed is not known")
        )

    def gates(self, gate: Gate) -> Iterator[GateResult]:
        """Yield what each gate says, in the order of the settings."""
        files = self._report.files
        yield from self._as_one("total-line", "", files, Threshold(line=gate.total_line))
        yield from self._as_one("total-branch", "", files, Threshold(branch=gate.total_branch))
        if gate.patch is not None:
            case = self._patch_case("patch", Bar.of(gate.patch))
            yield self._unjudged(case) or case.compared(lambda _: self._uncovered())
        if gate.patch_missing is not None:
            yield self._patch_missing(gate.patch_missing)
        if gate.new_files is not None:
            new = {path: file for path, file in files.items() if path in self._added}
            yield from self._each("new-files", "", new, Threshold(line=gate.new_files))
        if gate.ratchet is not False:
            yield from self._ratchet(0 if gate.ratchet is True else gate.ratchet)
        yield from self._patterns(gate.files)
        parts = {component.name: component for component in self._report.components}
        for name, given in gate.components.items():
            if part := parts.get(name):
                inside = self._report.part(part).files
                yield from self._as_one("components", name, inside, Threshold.of(given))
            else:
                yield from self._unmerged(name, Threshold.of(given))

    def _as_one(self, name: str, subject: str, files: _Files, wanted: Threshold) -> Iterator[GateResult]:
        """Judge files by their sum."""
        for metric, percent in wanted.items():
            measured = total(ratio(file, metric) for file in files.values())
            case = Case(name, metric, subject, measured, Bar.of(percent))
            if metric == "branch" and not self._report.branch:
                yield case.says("incomplete", "no branches were measured; set `branch`, or remove the gate")
            else:
                yield case.compared(partial(gains, files, self._changed, metric))

    def _unmerged(self, component: str, wanted: Threshold) -> Iterator[GateResult]:
        for metric, percent in wanted.items():
            case = Case("components", metric, component, Ratio(0, 0), Bar.of(percent))
            yield case.says("incomplete", "the report knows no such component; run `invoke merge` again")

    def _each(self, name: str, subject: str, files: _Files, wanted: Threshold) -> Iterator[GateResult]:
        """Judge file by file: each that does not pass, and the others as one."""
        judged = [
            one for path, file in files.items() for one in self._as_one(name, path, {path: file}, wanted)
        ]
        yield from (one for one in judged if one.outcome not in {"pass", "skipped"})
        for metric, percent in wanted.items():
            mine = [one for one in judged if one.metric == metric]
            good = [one.measured for one in mine if one.outcome == "pass"]
            case = Case(name, metric, subject, total(good), Bar.of(percent))
            if good:
                files_ = f"{len(good):,} file has" if len(good) == 1 else f"each of {len(good):,} files has"
                yield case.says("pass", f"{files_} at least {case.bar.words}")
            elif not mine or {one.outcome for one in mine} == {"skipped"}:
                yield case.says("skipped", "there is no such file, or nothing in it")

    def _patterns(self, patterns: Mapping[str, float | Threshold]) -> Iterator[GateResult]:
        """Judge files by the first pattern that matches each."""
        matchers = [(pattern, glob(pattern)) for pattern in patterns]
        matching: dict[str, dict[str, FileCoverage]] = defaultdict(dict)
        for path, file in self._report.files.items():
            if found := [pattern for pattern, matcher in matchers if matcher.fullmatch(path)]:
                matching[found[0]][path] = file
        for pattern, given in patterns.items():
            wanted = Threshold.of(given)
            way = self._as_one if wanted.together else self._each
            yield from way("files", pattern, matching[pattern], wanted)

    def _patch_case(self, name: str, bar: Bar) -> Case:
        return Case(name, "statement", "", self.patch.statements, bar)

    def _unjudged(self, case: Case) -> GateResult | None:
        if case.measured.total:
            return None
        return case.says("skipped" if self._evidence.diff else "incomplete", self.patch.note)

    def _patch_missing(self, most: int) -> GateResult:
        case = self._patch_case("patch-missing", Bar(text=str(most)))
        needed = case.measured.missing - most
        missed = f"{case.measured.missing:,} {unit(case.measured.missing, 'statement')} missed, at most {most:,} may be"
        if unjudged := self._unjudged(case):
            return unjudged
        if needed <= 0:
            return case.says("pass", missed)
        return case.says("fail", f"{missed}: cover {needed:,} more", self._uncovered(), needed)

    def _uncovered(self) -> Iterator[Missing]:
        for file in self.patch.files:
            if file.missing:
                yield Missing(path=file.path, lines=file.missing)

    def _ratchet(self, tolerance: float) -> Iterator[GateResult]:
        before, state, report = self._evidence.baseline, self._evidence.state, self._report
        if before is None:
            case = Case("ratchet", "line", "", report.lines)
            yield case.says("skipped" if state.state == "none" else "incomplete", state.sentence)
            return
        lines, branches = floors(before, report.files, self._evidence.following, self._evidence.unfollowed)
        yield self._ratcheted("line", report.lines, lines, tolerance)
        if before.branch:
            yield self._ratcheted("branch", report.branches, branches, tolerance)

    def _ratcheted(self, metric: Metric, measured: Ratio, floor: Floor, tolerance: float) -> GateResult:
        ratio = floor.ratio
        if not ratio.total:
            return Case("ratchet", metric, "", measured).says(
                "skipped", "the baseline has none to compare with"
            )
        part = max(Fraction(ratio.covered, ratio.total) - exact(tolerance), Fraction(0))
        less = f" less the tolerance of {digits(tolerance)} points" if tolerance else ""
        words = f"the baseline's {ratio.text} ({ratio.covered:,}/{ratio.total:,}){less}"
        text = Ratio(part.numerator, part.denominator).text.rstrip("%")
        files = {path: self._report.files[path] for path in self._report.files if path in floor.lost}
        case = Case("ratchet", metric, "", measured, Bar(part, text, words))
        result = case.compared(partial(gains, files, floor.lost, metric))
        if result.outcome == "fail" and self._evidence.unfollowed:
            return case.says("incomplete", f"{result.reason}; {_unknown(self._evidence.unfollowed)}")
        return result


def _unknown(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return (
        f"what was deleted from {files[0]}{more} is not known, as this clone lacks the content that the baseline "
        "measured: run `git fetch --unshallow origin`, or write the baseline anew on the default branch"
    )
