"""Where one more test pays: what git's history and the sources say beside the report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from covlane.adapters import files
from covlane.analysis import priority
from covlane.analysis.fingerprints import fingerprints
from covlane.analysis.functions import functions, places
from covlane.analysis.nearest import Suite, is_test
from covlane.errors import CovlaneError, ReportError
from covlane.formats import gitlog
from covlane.model.target import Target

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.analysis.functions import Function
    from covlane.analysis.priority import Uncovered
    from covlane.model.report import Report
    from covlane.model.verdict import Patch

#: The most commits that are read, test files, and bytes of a source.
MOST_COMMITS = 20_000
MOST_TESTS = 5_000
MOST_BYTES = 4 * 1024 * 1024


class History(NamedTuple):
    """How often files changed in the year before HEAD.

    Attributes:
        commits: their number by file; None where there is no history.
        note: what is wrong with it, if anything is.
    """

    commits: Mapping[str, int] | None = None
    note: str = ""

    def of(self, path: str) -> int | None:
        """Return how many commits changed a file; None without a history."""
        return None if self.commits is None else self.commits.get(path, 0)


def history(git: Git) -> History:
    """Return how often files changed; without a repository, or where git fails, that nothing is known."""
    if git.commit() is None:
        return History(note="there is no git history: how often files changed is left out")
    try:
        found = gitlog.read(git.log(MOST_COMMITS))
    except CovlaneError as error:
        return History(note=f"{error.cause}: how often files changed is left out")
    note = ""
    if found.total >= MOST_COMMITS:
        note = f"changes are counted in the last {MOST_COMMITS:,} commits"
    elif git.is_shallow():
        commits = f"{found.total:,} commit{'s' * (found.total != 1)}"
        note = (
            f"the clone is shallow: changes are counted in {commits}; `git fetch --unshallow` gets the rest"
        )
    return History(found.of, note)


def ranked(report: Report, patch: Patch | None, known: History) -> list[Uncovered]:
    """Return all uncovered code, that which pays most first."""
    return priority.ranked(report.files, patch, known.commits or {})


@dataclass(frozen=True, slots=True)
class Explorer:
    """Finds the functions of uncovered code in a project's sources."""

    root: Path
    report: Report
    known: History
    _functions: dict[str, tuple[list[Function] | None, str]] = field(default_factory=dict)

    def targets(self, found: Sequence[Uncovered]) -> tuple[Target, ...]:
        """Return uncovered code with its functions."""
        return tuple(map(self._target, found))

    def fingerprints(self, path: str, lines: Collection[int]) -> dict[int, str]:
        """Return the fingerprints of a file's lines; empty where it cannot be read as it was measured."""
        source = self._source(path)
        return fingerprints(source, lines) if isinstance(source, bytes) else {}

    def _target(self, one: Uncovered) -> Target:
        known, note = self._functions_of(one.path)
        return Target(
            path=one.path,
            changed=one.changed,
            missing=one.lines.bit_count(),
            untaken=one.untaken,
            commits=self.known.of(one.path),
            score=one.score,
            places=places(one, known, self.report.files[one.path].executed),
            note=note,
        )

    def _functions_of(self, path: str) -> tuple[list[Function] | None, str]:
        """Return the functions of a file; None, and why, where they are not known."""
        if path not in self._functions:
            self._functions[path] = self._read(path)
        return self._functions[path]

    def _read(self, path: str) -> tuple[list[Function] | None, str]:
        source = self._source(path) if path.endswith((".py", ".pyw")) else "it is not a Python file"
        if isinstance(source, str):
            return None, f"its functions are not known: {source}"
        try:
            return functions(source), ""
        except SyntaxError as error:
            return None, f"its functions are not known: this Python cannot parse it ({error.msg})"

    def _source(self, path: str) -> bytes | str:
        """Return the source that was measured, or why there is none."""
        try:
            source = files.read_bytes(self.root / path, most=MOST_BYTES)
        except (ReportError, ValueError):
            return "it is missing, unreadable or too large"
        digest = self.report.digests.get(path)
        if digest and files.digest(source) != digest:
            return "it changed after the report was measured"
        return source


def suite(root: Path, git: Git) -> tuple[Suite, str]:
    """Return the test files of a project, and what is wrong with them, if anything is."""
    names = [path for path in git.files() if is_test(path)]
    note = f"only {MOST_TESTS:,} of {len(names):,} test files were read" if names[MOST_TESTS:] else ""
    return Suite({path: _content(root / path) for path in names[:MOST_TESTS]}), note


def _content(path: Path) -> bytes:
    try:
        return files.read_bytes(path, most=MOST_BYTES)
    except (ReportError, ValueError):
        return b""
