"""What changed, by the real git: since which commit, in which statements, and whether the report still fits."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from covlane.adapters import files
from covlane.analysis.statements import by_lines, touched
from covlane.errors import ReportError, UsageError
from covlane.formats import gitdiff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from covlane.adapters.git import Git
    from covlane.model.diff import Diff, FileDiff
    from covlane.model.report import Report

_PYTHON = (".py", ".pyw")
_WITHOUT_LINES = {"deleted", "symlink", "submodule"}


class Base(NamedTuple):
    """What a diff is against: the commit, and what named it."""

    commit: str
    words: str


class Changes(NamedTuple):
    """The diff, the changed statements of each file that the report knows, and how they were found if not by syntax."""

    diff: Diff
    statements: Mapping[str, tuple[int, ...]]
    notes: Mapping[str, str]


def base(git: Git, environ: Mapping[str, str], named: str | None) -> Base:
    """Return the merge base of HEAD with what was named, with the event's base, or with the remote's default branch.

    Raises:
        UsageError: what was named is no commit.
        ReportError: there is no commit, or the clone is too shallow to tell.
    """
    if git.commit() is None:
        raise git.no_commit()
    revision, words = (named, named) if named else _event_base(git, environ) or _default(git)
    commit = git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit and (found := git.ask("merge-base", commit, "HEAD")):
        return Base(found, words)
    if git.is_shallow():
        raise ReportError(
            f"the clone is shallow and does not reach the merge base with {words}",
            "run `git fetch --unshallow origin`; in a workflow, give actions/checkout `fetch-depth: 0`",
        )
    what = "and HEAD have no common commit" if commit else "is no commit of this clone"
    raise UsageError(f"{words} {what}", "run `git fetch origin`, or name another revision with --base")


def _event_base(git: Git, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Return what the event of a GitHub runner is against, and its name; None outside of one."""
    path = environ.get("GITHUB_EVENT_PATH")
    try:
        event = json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH names what cannot be read: {error}", "unset it") from None
    if sha := _commit(event, "pull_request", "base", "sha"):
        # The merge that was made for the run may hold later commits of the base than the event knew.
        merge = environ.get("GITHUB_REF", "").endswith("/merge") and git.ask(
            "rev-parse", "--quiet", "--verify", "HEAD^2"
        )
        return ("HEAD^1" if merge else sha), "the pull request's base"
    if sha := _commit(event, "merge_group", "base_sha"):
        return sha, "the merge queue's base"
    if branch := environ.get("GITHUB_BASE_REF"):
        return f"origin/{branch}", f"origin/{branch}"
    before = _commit(event, "before")
    default = _at(event, "repository", "default_branch")
    if before.strip("0") and _at(event, "ref") == f"refs/heads/{default}":
        return before, "the commit before the push"
    return None


def _at(value: Any, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _commit(event: object, *keys: str) -> str:
    found = _at(event, *keys)
    return found if isinstance(found, str) and re.fullmatch("[0-9a-f]{40,64}", found) else ""


def _default(git: Git) -> tuple[str, str]:
    branch = git.default_branch() or "HEAD"
    remote = f"origin/{branch}"
    name = remote if git.ask("rev-parse", "--verify", "--quiet", f"{remote}^{{commit}}") else branch
    return name, name


def diff(git: Git, since: str) -> Diff:
    """Return what changed since a commit; ToolError where git cannot tell."""
    return gitdiff.read(git.diff(since), since)


def changes(root: Path, git: Git, diff: Diff, known: Collection[str]) -> Changes:
    """Return what a diff changed in the files that a report knows.

    Raises:
        ToolError: git cannot tell.
    """
    found = [file for file in diff.files if file.path in known and file.kind not in _WITHOUT_LINES]
    if hidden := {
        name for file in found if file.kind == "binary" for name in (file.path, file.old_path) if name
    }:
        # Attributes may call code binary, so that git shows no line of it.
        texts = {
            file.path: file for file in gitdiff.read(git.diff(diff.base, sorted(hidden)), diff.base).files
        }
        diff = replace(diff, files=tuple(texts.get(file.path, file) for file in diff.files))
        found = [texts.get(file.path, file) for file in found]
    statements: dict[str, tuple[int, ...]] = {}
    notes: dict[str, str] = {}
    for file in found:
        statements[file.path], note = _statements(root / file.path, file)
        notes |= {file.path: note} if note else {}
    return Changes(diff, statements, notes)


def _statements(path: Path, file: FileDiff) -> tuple[tuple[int, ...], str]:
    """Return the changed statements of a file, and how they were found if not by syntax."""
    if not path.name.endswith(_PYTHON):
        return by_lines(file), "counted by lines: it is no Python"
    try:
        return touched(path.read_bytes(), file), ""
    except SyntaxError as error:
        return by_lines(file), f"counted by lines: this Python cannot read it ({error.msg})"
    except OSError as error:
        return by_lines(file), f"counted by lines: it cannot be read ({error.strerror})"


def stale(root: Path, report: Report, commit: str | None, diff: Diff | None) -> Iterator[str]:
    """Yield where the report measured other content than there is now: its lines would mean something else."""
    same = {stamp.commit for stamp in report.legs} == {commit}
    # Of the commit that was measured, only changed files can be other ones.
    paths = [file.path for file in diff.files] if diff and same else list(report.digests)
    other = [path for path in paths if (then := report.digests.get(path)) and _digest(root / path) != then]
    if other:
        more = f" and {len(other) - 1:,} more" if len(other) > 1 else ""
        yield f"the report measured another content of {other[0]}{more}; measure again"
    elif report.legs and not same and report.files and not report.digests:
        yield "the report measured another commit; measure again"


def _digest(path: Path) -> str:
    try:
        return files.digest(path.read_bytes())
    except OSError:
        return ""
