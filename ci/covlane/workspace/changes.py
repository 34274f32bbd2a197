"""What changed, by the real git: which statements, where lines moved, and whether the report still fits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from covlane.adapters import files
from covlane.analysis.moves import follow
from covlane.analysis.statements import by_lines, touched
from covlane.formats import gitdiff

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.analysis.moves import Followed
    from covlane.model.baseline import Baseline
    from covlane.model.diff import Diff, FileDiff, Piece
    from covlane.model.report import Report

    Pieces = Mapping[str, tuple[Piece, ...]]

_PYTHON = (".py", ".pyw")
_NO_TEXT = {"binary", "symlink", "submodule"}
_WITHOUT_LINES = {"deleted", "symlink", "submodule"}


class Changes(NamedTuple):
    """What changed.

    Attributes:
        diff: of all files.
        statements: the changed ones of each file that the report knows.
        notes: how they were found, if not by syntax.
        pieces: of each former file where its lines are now; None where no line was removed.
    """

    diff: Diff
    statements: Mapping[str, tuple[int, ...]]
    notes: Mapping[str, str]
    pieces: Pieces | None


def diff(git: Git, since: str) -> Diff:
    """Return what changed since a commit; ToolError where git fails."""
    return gitdiff.read(git.diff(since), since)


def changes(root: Path, git: Git, diff: Diff, known: Collection[str]) -> Changes:
    """Return what a diff changed in the files that a report knows.

    Raises:
        ToolError: git fails.
    """
    diff = _shown(git, diff, known)
    followed = _follow(root, git, diff, known) if any(file.removed for file in diff.files) else None
    moved = followed.moved if followed else {}
    files = tuple(replace(file, moved=moved.get(file.path, 0)) for file in diff.files)
    statements: dict[str, tuple[int, ...]] = {}
    notes: dict[str, str] = {}
    for file in files:
        if file.path in known and file.kind not in _WITHOUT_LINES:
            statements[file.path], note = _statements(root / file.path, file)
            notes |= {file.path: note} if note else {}
    return Changes(replace(diff, files=files), statements, notes, followed.pieces if followed else None)


def _shown(git: Git, diff: Diff, known: Collection[str]) -> Diff:
    """Return a diff with the lines of code that attributes call binary, so that git shows none of it."""
    binary = [file for file in diff.files if file.kind == "binary" and file.path in known]
    if not binary:
        return diff
    hidden = {name for file in binary for name in (file.path, file.old_path) if name}
    texts = {file.path: file for file in gitdiff.read(git.diff(diff.base, sorted(hidden)), diff.base).files}
    return replace(diff, files=tuple(texts.get(file.path, file) for file in diff.files))


def _follow(root: Path, git: Git, diff: Diff, known: Collection[str]) -> Followed:
    """Follow the lines of the changed files that are of a kind with those that a report knows."""
    suffixes = {PurePosixPath(path).suffix for path in known}
    alike = [
        file
        for file in diff.files
        if file.kind not in _NO_TEXT and PurePosixPath(file.path).suffix in suffixes
    ]
    if not any(file.removed for file in alike):
        alike = [file for file in alike if file.kind != "added"]
    former = [file.old_path or file.path for file in alike if file.kind != "added"]
    now = {file.path: content for file in alike if (content := _content(root / file.path)) is not None}
    return follow(alike, git.contents(diff.base, former), now)


def followed(
    root: Path, git: Git, before: Baseline, report: Report, since: Changes, *, revisions: Iterable[str]
) -> tuple[Pieces, tuple[str, ...]]:
    """Return where the lines of a baseline's changed files are now, and the files for which that is unknown.

    Args:
        root: the repository.
        git: the same.
        before: the baseline.
        report: what is measured now.
        since: what changed since the base of the change.
        revisions: where the content that the baseline measured may be; the commit itself may be gone after a squash.

    Raises:
        ToolError: git fails.
    """
    changed = [
        path
        for path, then in before.files.items()
        if not then.digest or then.digest != report.digests.get(path)
    ]
    found: dict[str, list[str]] = {}
    for revision in dict.fromkeys(revisions):
        contents = git.contents(revision, changed)
        found[revision] = [path for path in changed if _is(contents.get(path), before, path, revision)]
        if len(found[revision]) == len(changed):
            break
    revision = max(found, key=lambda revision: len(found[revision]))
    pieces = since.pieces if revision == since.diff.base else None
    if found[revision] and pieces is None:
        then = since.diff if revision == since.diff.base else _shown(git, diff(git, revision), report.files)
        pieces = _follow(root, git, then, report.files).pieces
    following = {path: pieces[path] for path in found[revision] if path in pieces} if pieces else {}
    return following, tuple(path for path in changed if path not in found[revision])


def _is(content: bytes | None, before: Baseline, path: str, revision: str) -> bool:
    """Say whether a file's content in a revision is what a baseline measured."""
    then = before.files[path].digest
    return content is not None and (files.digest(content) == then if then else revision == before.commit)


def _statements(path: Path, file: FileDiff) -> tuple[tuple[int, ...], str]:
    """Return the changed statements of a file, and how they were found if not by syntax."""
    if not path.name.endswith(_PYTHON):
        return by_lines(file), "counted by lines: not a Python file"
    try:
        return touched(path.read_bytes(), file), ""
    except SyntaxError as error:
        return by_lines(file), f"counted by lines: this Python cannot parse it ({error.msg})"
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
        yield f"{other[0]}{more} changed after the report was measured; measure again"
    elif report.legs and not same and report.files and not report.digests:
        yield "the report measured another commit; measure again"


def _digest(path: Path) -> str:
    content = _content(path)
    return "" if content is None else files.digest(content)


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
