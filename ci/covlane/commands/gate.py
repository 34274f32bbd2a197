"""`gate`: the verdict on the merged report and the changed code is drawn and written, or drawn again and compared."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec

import covlane
from covlane.adapters import files
from covlane.analysis.gate import Provenance, judge
from covlane.clients.github.outputs import outputs
from covlane.errors import GateError, ReportError, UsageError
from covlane.formats import evidence as written
from covlane.formats import slipcover
from covlane.model.rules import DEFAULT, Gate
from covlane.model.verdict import Identity
from covlane.render import verdict as words
from covlane.result import Result, say
from covlane.workspace import evidence, runner

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import TextIO

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.model.evidence import Evidence
    from covlane.model.report import Report
    from covlane.model.verdict import Verdict

EXIT_CODES = {"pass": 0, "fail": GateError.exit_code, "incomplete": ReportError.exit_code}
_BRING = (
    "a replay needs verdict.json, evidence.json and coverage.json in one folder, as `invoke gate` left them"
)
#: At most so many differences are listed.
MOST_DIFFERENCES = 20


@dataclass(frozen=True, slots=True)
class Judged(Result):
    """A verdict.

    Attributes:
        replayed: the verdict.json that it was drawn again from, if any.
        differences: where that one differs.
    """

    verdict: Verdict
    replayed: str = ""
    differences: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """4 for fail, 3 for incomplete."""
        return EXIT_CODES[self.verdict.outcome]

    @property
    def error(self) -> ReportError | None:
        """The error where a replay came to something else."""
        if not self.differences:
            return None
        return ReportError(
            f"{self.replayed} does not match its artifacts:\n  - " + "\n  - ".join(self.differences),
            "judge again with `invoke gate`, or restore the files that were judged",
        )

    def show(self, out: TextIO, *, plain: bool) -> None:
        """Write a line for each gate."""
        words.show(self.verdict, out, plain=plain)
        if self.replayed and not self.differences:
            say(f"{self.replayed} is the same, byte for byte", out)

    def data(self) -> object:
        """Return the verdict."""
        return self.verdict

    def notes(self, *, json: bool) -> Iterable[str]:
        """Return what is doubtful about the gates; the text has it already."""
        return words.questioned(self.verdict) if json else ()


def gates(configured: Configured) -> tuple[Gate, bool]:
    """Return the gates, and whether they are covlane's defaults because none is set.

    Raises:
        UsageError: one is for a component that is not there.
    """
    gate = configured.settings.gate
    for name in gate.components:
        if name not in configured.settings.components:
            raise UsageError(
                f"[tool.covlane.gate.components] names {name!r}, which is not a component",
                "add it to [tool.covlane.components], or remove the gate",
            )
    return (DEFAULT, True) if gate == Gate() else (gate, False)


def run(
    configured: Configured, clients: Local, base: str | None = None, *, github_output: bool = False
) -> Judged:
    """Judge the merged report since a revision; with `github_output`, append the figures to a runner's file.

    Raises:
        CovlaneError: as of `draw`; UsageError where GITHUB_OUTPUT is not set.
    """
    verdict = draw(configured, clients.git, clients.environ, base)
    if github_output:
        runner.append(clients.environ, "GITHUB_OUTPUT", outputs(verdict))
    return Judged(verdict)


def run_replay(path: Path, environ: Mapping[str, str], *, github_output: bool = False) -> Judged:
    """Draw a verdict again from the files beside it; errors as of `replay`."""
    verdict, differences = replay(path)
    if github_output:
        runner.append(environ, "GITHUB_OUTPUT", outputs(verdict))
    return Judged(verdict, str(path), tuple(differences))


def draw(configured: Configured, git: Git, environ: Mapping[str, str], named: str | None) -> Verdict:
    """Judge the merged report, and write `verdict.json` with its `evidence.json` beside it.

    Args:
        configured: the settings.
        git: the repository.
        environ: names the event that a runner works for.
        named: the revision that the diff is against, if one was named.

    Raises:
        ReportError: there is no report.
        UsageError: a gate is invalid, or `named` is not a commit.
    """
    gate, defaults = gates(configured)
    content, report = _report(configured.reports, configured.first)
    found = evidence.evidence(configured, git, environ, report, named, ratchet=gate.ratchet)
    beside = written.write_evidence(found)
    tools = {"covlane": covlane.__version__, "python": platform.python_version(), "git": git.version()}
    verdict = _judged(content, report, beside, found, Gated(gate, defaults, tools))
    files.write_whole(configured.reports / "evidence.json", beside)
    files.write_whole(configured.reports / "verdict.json", written.write_verdict(verdict))
    return verdict


class Gated(NamedTuple):
    """The rules of a verdict, and the versions that applied them."""

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


def replay(path: Path) -> tuple[Verdict, list[str]]:
    """Draw a verdict again from the `coverage.json` and `evidence.json` beside it.

    Returns:
        the verdict as computed now, and where the written one differs: nothing, if it has the same bytes.

    Raises:
        ReportError: one of the three is missing or cannot be read.
    """
    content = files.read_bytes(path, remedy=_BRING)
    former = written.read_verdict(content, str(path))
    beside = files.read_bytes(path.parent / "evidence.json", remedy=_BRING)
    found = written.read_evidence(beside, "evidence.json")
    try:
        gate = msgspec.convert(former.settings, Gate)
    except msgspec.ValidationError as error:
        raise ReportError(f"{path} has invalid gates: {error}", "run `invoke gate` again") from None
    now = _judged(*_report(path.parent, _BRING), beside, found, Gated(gate, former.defaults, former.tools))
    if written.write_verdict(now) == content:
        return now, []
    differing = list(_differences(msgspec.to_builtins(former), msgspec.to_builtins(now), ""))
    if folded := differing[MOST_DIFFERENCES:]:
        differing[MOST_DIFFERENCES:] = [f"and {len(folded):,} more"]
    return now, differing or ["the bytes differ, but the content is the same"]


def _differences(former: object, now: object, at: str) -> Iterator[str]:
    """Yield each place where two values differ, deepest first."""
    if isinstance(former, dict) and isinstance(now, dict):
        for key in sorted({*former, *now}):
            yield from _differences(former.get(key), now.get(key), f"{at}.{key}".lstrip("."))
    elif isinstance(former, list | tuple) and isinstance(now, list | tuple) and len(former) == len(now):
        for number, (one, other) in enumerate(zip(former, now, strict=True)):
            yield from _differences(one, other, f"{at}[{number}]")
    elif former != now:
        yield f"{at}: the file has {_short(former)}, the artifacts give {_short(now)}"


def _short(value: object, most: int = 80) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= most else text[: most - 3] + "..."
