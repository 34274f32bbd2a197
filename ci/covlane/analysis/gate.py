"""The gates: a report, the changed code and a baseline against thresholds."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from covlane.analysis.patch import patch
from covlane.analysis.ratchet import minimums
from covlane.analysis.threshold import Check, Threshold, unit
from covlane.analysis.uncovered import ratio, suggestions
from covlane.model.globs import glob
from covlane.model.report import Ratio, total
from covlane.model.rules import MinimumCoverage, digits, exact
from covlane.model.verdict import Missing, Patch, Total, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.analysis.ratchet import Minimum
    from covlane.analysis.threshold import Metric
    from covlane.model.evidence import Evidence
    from covlane.model.report import FileCoverage, Report
    from covlane.model.rules import Gate
    from covlane.model.verdict import GateResult, Identity, Outcome

    _Files = Mapping[str, FileCoverage]


class Provenance(NamedTuple):
    """What a verdict records about its making: default gates or not, tool versions, and digests of its inputs."""

    defaults: bool
    tools: Mapping[str, str]
    diff: str
    artifacts: Identity


def judge(report: Report, evidence: Evidence, gate: Gate, provenance: Provenance) -> Verdict:
    """Return the verdict. It depends on the arguments alone."""
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
    """Combine the gates' outcomes; anything incomplete decides first, since a partial report may fail gates that the full one passes."""
    if incomplete:
        return "incomplete"
    return "fail" if "fail" in outcomes else "incomplete" if "incomplete" in outcomes else "pass"


class _Judging:
    """One report and its evidence, judged gate by gate."""

    def __init__(self, report: Report, evidence: Evidence) -> None:
        self._report = report
        self._evidence = evidence
        diff = evidence.diff
        self._changed = {file.path: file.changed for file in diff.files} if diff else {}
        self._added = {file.path for file in diff.files if file.kind == "added"} if diff else set()
        self.patch = (
            patch(report, diff, evidence.statements, evidence.notes)
            if diff
            else Patch(note="the changed code is unknown")
        )

    def gates(self, gate: Gate) -> Iterator[GateResult]:
        """Yield each gate's results, in the order of the settings."""
        files = self._report.files
        if gate.total is not None:
            yield self._total(gate.total)
        yield from self._as_one("total-line", "", files, MinimumCoverage(line=gate.total_line))
        yield from self._as_one("total-branch", "", files, MinimumCoverage(branch=gate.total_branch))
        if gate.patch is not None:
            check = self._patch_check("patch", Threshold.of(gate.patch))
            yield self._unjudged(check) or check.judge(lambda _: self._uncovered())
        if gate.patch_missing is not None:
            yield self._patch_missing(gate.patch_missing)
        if gate.new_files is not None:
            new = {path: file for path, file in files.items() if path in self._added}
            yield from self._each("new-files", "", new, MinimumCoverage(line=gate.new_files))
        if gate.ratchet is not False:
            yield from self._ratchet(0 if gate.ratchet is True else gate.ratchet)
        yield from self._patterns(gate.files)
        parts = {component.name: component for component in self._report.components}
        for name, given in gate.components.items():
            if part := parts.get(name):
                inside = self._report.part(part).files
                yield from self._as_one("components", name, inside, MinimumCoverage.of(given))
            else:
                yield from self._unmerged(name, MinimumCoverage.of(given))

    def _as_one(
        self, name: str, subject: str, files: _Files, wanted: MinimumCoverage
    ) -> Iterator[GateResult]:
        """Judge the total of all files."""
        for metric, percent in wanted.items():
            measured = total(ratio(file, metric) for file in files.values())
            check = Check(name, metric, subject, measured, Threshold.of(percent))
            if metric == "branch" and not self._report.branch:
                yield check.result(
                    "incomplete", "branches were not measured; set `branch`, or remove the gate"
                )
            else:
                yield check.judge(partial(suggestions, files, self._changed, metric))

    def _total(self, percent: float) -> GateResult:
        """Judge lines and branches as one figure; lines alone where branches were not measured."""
        report = self._report
        measured = total([report.lines, report.branches] if report.branch else [report.lines])
        check = Check("total", "both", "", measured, Threshold.of(percent))
        return check.judge(partial(suggestions, report.files, self._changed, "both"))

    def _unmerged(self, component: str, wanted: MinimumCoverage) -> Iterator[GateResult]:
        for metric, percent in wanted.items():
            check = Check("components", metric, component, Ratio(0, 0), Threshold.of(percent))
            yield check.result("incomplete", "the report has no such component; run `invoke merge` again")

    def _each(self, name: str, subject: str, files: _Files, wanted: MinimumCoverage) -> Iterator[GateResult]:
        """Judge each file: a result for each that does not pass, and one for all that do."""
        judged = [
            one for path, file in files.items() for one in self._as_one(name, path, {path: file}, wanted)
        ]
        yield from (one for one in judged if one.outcome not in {"pass", "skipped"})
        for metric, percent in wanted.items():
            mine = [one for one in judged if one.metric == metric]
            good = [one.measured for one in mine if one.outcome == "pass"]
            check = Check(name, metric, subject, total(good), Threshold.of(percent))
            if good:
                files_ = f"{len(good):,} file has" if len(good) == 1 else f"each of {len(good):,} files has"
                yield check.result("pass", f"{files_} at least {check.threshold.label}")
            elif not mine or {one.outcome for one in mine} == {"skipped"}:
                yield check.result("skipped", "no file matches, or those that match have nothing to measure")

    def _patterns(self, patterns: Mapping[str, float | MinimumCoverage]) -> Iterator[GateResult]:
        """Judge each file by the first pattern that matches it."""
        matchers = [(pattern, glob(pattern)) for pattern in patterns]
        matching: dict[str, dict[str, FileCoverage]] = defaultdict(dict)
        for path, file in self._report.files.items():
            if found := [pattern for pattern, matcher in matchers if matcher.fullmatch(path)]:
                matching[found[0]][path] = file
        for pattern, given in patterns.items():
            wanted = MinimumCoverage.of(given)
            judge_files = self._as_one if wanted.together else self._each
            yield from judge_files("files", pattern, matching[pattern], wanted)

    def _patch_check(self, name: str, threshold: Threshold) -> Check:
        return Check(name, "statement", "", self.patch.statements, threshold)

    def _unjudged(self, check: Check) -> GateResult | None:
        if check.measured.total:
            return None
        return check.result("skipped" if self._evidence.diff else "incomplete", self.patch.note)

    def _patch_missing(self, most: int) -> GateResult:
        check = self._patch_check("patch-missing", Threshold(digits=str(most)))
        needed = check.measured.missing - most
        missed = f"{check.measured.missing:,} {unit(check.measured.missing, 'statement')} missed, at most {most:,} allowed"
        if unjudged := self._unjudged(check):
            return unjudged
        if needed <= 0:
            return check.result("pass", missed)
        return check.result("fail", f"{missed}: cover {needed:,} more", self._uncovered(), needed)

    def _uncovered(self) -> Iterator[Missing]:
        for file in self.patch.files:
            if file.missing:
                yield Missing(path=file.path, lines=file.missing)

    def _ratchet(self, tolerance: float) -> Iterator[GateResult]:
        before, state, report = self._evidence.baseline, self._evidence.state, self._report
        if before is None:
            check = Check("ratchet", "line", "", report.lines)
            yield check.result("skipped" if state.state == "none" else "incomplete", state.sentence)
            return
        lines, branches = minimums(before, report.files, self._evidence.following, self._evidence.unfollowed)
        yield self._ratcheted("line", report.lines, lines, tolerance)
        if before.branch:
            yield self._ratcheted("branch", report.branches, branches, tolerance)

    def _ratcheted(self, metric: Metric, measured: Ratio, minimum: Minimum, tolerance: float) -> GateResult:
        ratio = minimum.ratio
        if not ratio.total:
            return Check("ratchet", metric, "", measured).result(
                "skipped", "the baseline has nothing to compare with"
            )
        part = max(Fraction(ratio.covered, ratio.total) - exact(tolerance), Fraction(0))
        less = f" less the tolerance of {digits(tolerance)} points" if tolerance else ""
        words = f"the baseline's {ratio.text} ({ratio.covered:,}/{ratio.total:,}){less}"
        text = Ratio(part.numerator, part.denominator).text.rstrip("%")
        files = {path: self._report.files[path] for path in self._report.files if path in minimum.regressed}
        check = Check("ratchet", metric, "", measured, Threshold(part, text, words))
        result = check.judge(partial(suggestions, files, minimum.regressed, metric))
        if result.outcome == "fail" and self._evidence.unfollowed:
            return check.result("incomplete", f"{result.reason}; {_unknown(self._evidence.unfollowed)}")
        return result


def _unknown(files: tuple[str, ...]) -> str:
    more = f" and {len(files) - 1:,} more" if len(files) > 1 else ""
    return (
        f"cannot tell what was deleted from {files[0]}{more}, as this clone lacks the content that the baseline "
        "measured: run `git fetch --unshallow origin`, or write a new baseline on the default branch"
    )
