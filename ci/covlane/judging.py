"""The gate with the real repository: what is read, what is written, and how a verdict is drawn again."""

from __future__ import annotations

import platform
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import covlane
from covlane import bases, changes
from covlane.adapters import files
from covlane.analysis import baseline
from covlane.analysis.gate import Provenance, judge
from covlane.analysis.patch import patch
from covlane.baselines import Baselines
from covlane.errors import CovlaneError, GateError, ReportError, UsageError
from covlane.formats import evidence as written
from covlane.formats import slipcover, untrusted
from covlane.model.evidence import Evidence
from covlane.model.rules import DEFAULT, Gate
from covlane.model.verdict import BaselineState, Identity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.model.baseline import Baseline
    from covlane.model.report import Report
    from covlane.model.verdict import Patch, Verdict
    from covlane.settings import Configured

#: The settings that decide what is measured.
MEASURING = ("source", "omit", "branch", "subprocess", "exclude-lines", "exclude-also")
EXIT_CODES = {"pass": 0, "fail": GateError.exit_code, "incomplete": ReportError.exit_code}
_BRING = (
    "a replay needs verdict.json, evidence.json and coverage.json in one folder, as `invoke gate` left them"
)
#: Differences that are told.
MOST_DIFFERENCES = 20


def gates(configured: Configured) -> tuple[Gate, bool]:
    """Return the gates, and whether they are covlane's own because none is set.

    Raises:
        UsageError: one is for a component that is not there.
    """
    gate = configured.settings.gate
    for name in gate.components:
        if name not in configured.settings.components:
            raise UsageError(
                f"[tool.covlane.gate.components] names {name!r}, which is no component",
                "add it to [tool.covlane.components], or remove the gate",
            )
    return (DEFAULT, True) if gate == Gate() else (gate, False)


def run(configured: Configured, git: Git, environ: Mapping[str, str], named: str | None) -> Verdict:
    """Judge the merged report, and write `verdict.json` with its `evidence.json` beside it.

    Args:
        configured: the settings.
        git: the repository.
        environ: says which event a runner works for.
        named: the revision that the diff is against, if one was named.

    Raises:
        ReportError: there is no report.
        UsageError: a gate cannot be meant, or what was named is no commit.
    """
    gate, defaults = gates(configured)
    content, report = _report(configured.reports, configured.first)
    found = evidence(configured, git, environ, report, named, ratchet=gate.ratchet)
    beside = written.write_evidence(found)
    tools = {"covlane": covlane.__version__, "python": platform.python_version(), "git": git.version()}
    verdict = _judged(content, report, beside, found, Gated(gate, defaults, tools))
    files.write_whole(configured.reports / "evidence.json", beside)
    files.write_whole(configured.reports / "verdict.json", written.write_verdict(verdict))
    return verdict


class Gated(NamedTuple):
    """What decides, apart from what was seen."""

    gate: Gate
    defaults: bool
    tools: Mapping[str, str]


def _judged(content: bytes, report: Report, beside: bytes, found: Evidence, gated: Gated) -> Verdict:
    artifacts = Identity(report=written.identity(content), evidence=written.identity(beside))
    diff = written.diff_identity(found.diff)
    return judge(report, found, gated.gate, Provenance(gated.defaults, gated.tools, diff, artifacts))


def _report(folder: Path, remedy: str) -> tuple[bytes, Report]:
    path = folder / "coverage.json"
    content = files.read_bytes(path, remedy=remedy)
    return content, slipcover.read_report(content, str(path))


def evidence(
    configured: Configured,
    git: Git,
    environ: Mapping[str, str],
    report: Report,
    named: str | None = None,
    *,
    ratchet: bool | float,
) -> Evidence:
    """Return what the repository says besides the report; what it cannot say is named in it.

    Raises:
        UsageError: what was named is no commit.
    """
    root, commit, dirty = configured.root, git.commit(), git.dirty()
    try:
        base = bases.find(configured, git, environ, named)
        with untrusted.uncollected():
            found = changes.changes(root, git, changes.diff(git, base.commit), report.files)
        bases.refuse_itself(base, found.diff, report.files, environ)
    except UsageError:
        raise
    except CovlaneError as error:
        lacking = (f"{error.cause}; {error.remedy}", *changes.stale(root, report, commit, None))
        sentence = "not comparable: the commit to compare with is not known"
        unknown = BaselineState(state="not comparable", sentence=sentence)
        return Evidence(commit, dirty, None, state=unknown, incomplete=lacking)
    known = Evidence(
        commit,
        dirty,
        found.diff,
        base.words,
        found.statements,
        found.notes,
        incomplete=tuple(changes.stale(root, report, commit, found.diff)),
    )
    if ratchet is False:
        return known
    kept = Baselines(configured, git)
    before, state = kept.state(measured(configured, report, commit or ""), base.commit)
    if before is None:
        return replace(known, state=state)
    revisions = (base.commit, before.commit, *kept.committed(base.commit))
    with untrusted.uncollected():
        following, unfollowed = changes.followed(root, git, before, report, found, revisions=revisions)
    return replace(known, baseline=before, following=following, unfollowed=unfollowed, state=state)


def patched(configured: Configured, git: Git, environ: Mapping[str, str], named: str | None) -> Patch:
    """Return what the changed code owes.

    Raises:
        ReportError: there is no report, it measured other content, or the clone is too shallow.
        UsageError: what was named is no commit.
    """
    path = configured.reports / "coverage.json"
    content = files.read_bytes(path, remedy=configured.first)
    base = bases.find(configured, git, environ, named)
    diff = changes.diff(git, base.commit)
    report = slipcover.read_report(content, str(path), {file.path for file in diff.files})
    bases.refuse_itself(base, diff, report.files, environ)
    found = changes.changes(configured.root, git, diff, report.files)
    for sentence in changes.stale(configured.root, report, git.commit(), found.diff):
        cause, _, remedy = sentence.partition("; ")
        raise ReportError(cause, remedy)
    return patch(report, found.diff, found.statements, found.notes)


def measured(configured: Configured, report: Report, commit: str, reason: str = "") -> Baseline:
    """Return what the report comes to at a commit, as a baseline."""
    decided = {key: getattr(configured.settings, key.replace("-", "_")) for key in MEASURING}
    return baseline.measured(report, commit, decided, reason)


def replay(path: Path) -> tuple[Verdict, list[str]]:
    """Draw a verdict again from the `coverage.json` and `evidence.json` beside it.

    Returns:
        what it is now, and where the written one differs from it: nothing, if it is the same to the byte.

    Raises:
        ReportError: one of the three is missing, or is none.
    """
    content = files.read_bytes(path, remedy=_BRING)
    said = written.read_verdict(content, str(path))
    beside = files.read_bytes(path.parent / "evidence.json", remedy=_BRING)
    found = written.read_evidence(beside, "evidence.json")
    try:
        gate = msgspec.convert(said.settings, Gate)
    except msgspec.ValidationError as error:
        raise ReportError(f"{path} has gates that are none: {error}", "run `invoke gate` again") from None
    now = _judged(*_report(path.parent, _BRING), beside, found, Gated(gate, said.defaults, said.tools))
    if written.write_verdict(now) == content:
        return now, []
    differing = list(_differences(msgspec.to_builtins(said), msgspec.to_builtins(now), ""))
    if folded := differing[MOST_DIFFERENCES:]:
        differing[MOST_DIFFERENCES:] = [f"and {len(folded):,} more"]
    return now, differing or ["the bytes differ, and say the same"]


def _differences(said: object, now: object, at: str) -> Iterator[str]:
    """Yield each place where two values differ, deepest first."""
    if isinstance(said, dict) and isinstance(now, dict):
        for key in sorted({*said, *now}):
            yield from _differences(said.get(key), now.get(key), f"{at}.{key}".lstrip("."))
    elif isinstance(said, list | tuple) and isinstance(now, list | tuple) and len(said) == len(now):
        for number, (one, other) in enumerate(zip(said, now, strict=True)):
            yield from _differences(one, other, f"{at}[{number}]")
    elif said != now:
        yield f"{at}: it says {_short(said)}, the artifacts say {_short(now)}"


def _short(value: object, most: int = 80) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= most else text[: most - 3] + "..."
