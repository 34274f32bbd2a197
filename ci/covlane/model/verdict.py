"""The verdict: what `reports/verdict.json` says, with every figure's counts and all that decided."""

from __future__ import annotations

import posixpath
from typing import Any, Literal

import msgspec

from covlane.model.diff import Kind  # noqa: TC001 - msgspec resolves it at run time
from covlane.model.report import Branch, Ratio

#: The version of a verdict's shape.
SCHEMA = 1
Outcome = Literal["pass", "fail", "incomplete"]
#: First and last line.
Range = tuple[int, int]


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What of a file would have to be covered: ranges of lines, and jumps (to line 0: out of the function)."""

    path: str
    lines: tuple[Range, ...] = ()
    branches: tuple[Branch, ...] = ()


class GateResult(msgspec.Struct, frozen=True, kw_only=True):
    """One gate.

    Attributes:
        name: the key in `[tool.covlane.gate]`: total, total-line, total-branch, patch, patch-missing, new-files, ratchet,
            files, components.
        metric: what is counted; statements are those of changed code.
        subject: the file, pattern or component; empty for the whole.
        measured: so many of so many are covered.
        threshold: the percentage to reach, as decimal digits; of patch-missing the most that may be missed; of the
            ratchet the baseline's percentage, rounded down as all figures are.
        outcome: `skipped` where there is nothing to judge by: no baseline yet, nothing changed, no branches.
        reason: one sentence, for a person.
        missing: the lines of which enough have to be covered to pass; empty unless it failed.
        needed: how many of them are enough.
    """

    name: str
    metric: Literal["line", "branch", "both", "statement"]
    subject: str
    measured: Ratio
    threshold: str
    outcome: Literal["pass", "fail", "incomplete", "skipped"]
    reason: str
    missing: tuple[Missing, ...] = ()
    needed: int = 0

    def below(self, folder: str) -> GateResult:
        """Return it with its files named from the top of the checkout, where its project is `folder`."""
        missing = tuple(
            msgspec.structs.replace(one, path=posixpath.join(folder, one.path)) for one in self.missing
        )
        is_path = self.subject and self.name in {"new-files", "files"}
        subject = posixpath.join(folder, self.subject) if is_path else self.subject
        return msgspec.structs.replace(self, subject=subject, missing=missing)


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """All files as one, now and in the baseline; branch is None where none were measured."""

    line: Ratio
    branch: Ratio | None
    line_before: Ratio | None = None
    branch_before: Ratio | None = None


class PatchFile(msgspec.Struct, frozen=True, kw_only=True):
    """One changed file.

    Attributes:
        path: its repo-relative name.
        old_path: the former one, if it was renamed.
        kind: what happened to it.
        statements: the changed ones that can run, and how many of them did.
        changed: the lines that were changed, moved ones left out.
        missing: the lines of statements that did not run.
        missing_branches: jumps of changed statements that were never taken, though their line ran.
        note: why it owes nothing, or how it was counted; empty where there is nothing to say.
    """

    path: str
    old_path: str | None = None
    kind: Kind = "modified"
    statements: Ratio = Ratio(0, 0)
    changed: tuple[Range, ...] = ()
    missing: tuple[Range, ...] = ()
    missing_branches: tuple[Branch, ...] = ()
    note: str = ""


class Patch(msgspec.Struct, frozen=True, kw_only=True):
    """The changed code.

    Attributes:
        statements: of all files.
        files: all that changed, in order of their names.
        note: one sentence where nothing is owed: no change, only deletions, nothing measured.
    """

    statements: Ratio = Ratio(0, 0)
    files: tuple[PatchFile, ...] = ()
    note: str = ""

    def below(self, folder: str) -> Patch:
        """Return it with its files named from the top of the checkout, where its project is `folder`."""
        files = tuple(
            msgspec.structs.replace(
                file,
                path=posixpath.join(folder, file.path),
                old_path=file.old_path and posixpath.join(folder, file.old_path),
            )
            for file in self.files
        )
        return msgspec.structs.replace(self, files=files)


class BaselineState(msgspec.Struct, frozen=True, kw_only=True):
    """What the ratchet compares with, in one sentence; `off` where no gate asks for it."""

    state: Literal["found", "accepted", "none", "not comparable", "corrupt", "off"] = "off"
    sentence: str = ""
    commit: str | None = None


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which files the verdict came from: SHA-256 of the report, and of the evidence (diff, statements, baseline)."""

    report: str
    evidence: str


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The whole.

    Attributes:
        outcome: `incomplete` where the report, the diff or a gate's measure could not be seen as a whole; a gate
            that failed on what was seen as a whole comes before a gate that could not be judged.
        commit: the commit judged; None outside of git.
        dirty: whether there is work that is not committed.
        base: the commit that the diff is against; None without one.
        base_ref: what named it: a revision, a branch, the pull request.
        diff: SHA-256 of the changed lines.
        legs: the Python of each leg by its name.
        defaults: nothing was set, so covlane's own gates decided.
        settings: the gates that decided, as `[tool.covlane.gate]` has them.
        tools: versions by name.
        incomplete: a sentence for all that is missing.
    """

    schema: int = SCHEMA
    outcome: Outcome
    commit: str | None
    dirty: bool
    base: str | None
    base_ref: str
    diff: str
    legs: dict[str, str]
    defaults: bool
    settings: dict[str, Any]
    tools: dict[str, str]
    total: Total
    gates: tuple[GateResult, ...]
    patch: Patch
    baseline: BaselineState
    incomplete: tuple[str, ...]
    artifacts: Identity

    def below(self, folder: str) -> Verdict:
        """Return it with its files named from the top of the checkout, where its project is `folder`."""
        gates = tuple(gate.below(folder) for gate in self.gates)
        return msgspec.structs.replace(self, gates=gates, patch=self.patch.below(folder))
