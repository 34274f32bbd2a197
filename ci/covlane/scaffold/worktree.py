"""The repository's files as init touches them: read and written inside the checkout, never beside it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.scaffold.change import Change


def reader(root: Path) -> Callable[[str], bytes | None]:
    """Return a function from a path below `root`, the top of a checkout, to the content; None where there is no file.

    The function raises:
        UsageError: the path leaves the repository through a symbolic link, or cannot be read as a file.
    """

    def read(path: str) -> bytes | None:
        target = _inside(root, path)
        if target.is_file():
            return files.read_bytes(target)
        if target.exists():
            raise UsageError(f"{path} exists and is not a file", "move it; nothing was changed")
        return None

    return read


def apply(changes: Iterable[Change], root: Path) -> None:
    """Write the changes, through symbolic links that stay in the repository; all are checked before any.

    Raises:
        UsageError: a path leaves the repository through a symbolic link; nothing was written.
        ReportError: a file cannot be written; those before it are, and a second run adds the rest.
    """
    for target, new in [(_inside(root, change.path), change.new) for change in changes]:
        files.write_whole(target, new)


def hidden(paths: Iterable[str], git: Git) -> Iterator[str]:
    """Yield a note on each path, from the top of the checkout, that git ignores and so would not be committed."""
    for path in paths:
        if rule := git.ignored_by(path):
            command = f"git add --force {shlex.quote(f':/{path}')}"
            yield f"{path}: git ignores it, by {rule}; change that line, or run `{command}`"


def _inside(root: Path, path: str) -> Path:
    """Return where a path leads once every symbolic link is followed."""
    try:
        target = (root / path).resolve()
    except (OSError, RuntimeError):  # a loop of links
        target = root.parent
    if not target.is_relative_to(root.resolve()):
        raise UsageError(
            f"{path} leads out of the repository through a symbolic link",
            "replace the link with a file; nothing was changed",
        )
    return target
