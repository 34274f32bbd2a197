"""Where a project is in its checkout: at the top, or in a folder beside other projects.

It is read from the file system, as git refuses to answer in a checkout of another user (`safe.directory`).
"""

from __future__ import annotations

import re
import shlex
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: Folders whose names serve as they are; a hyphen or `.lock` where a name may not have it is not among them.
_PLAIN = re.compile(r"(?=.{1,40}$)(?!.*\block$)[A-Za-z0-9_]+([-/][A-Za-z0-9_]+)*", re.ASCII)


def top(root: Path) -> Path:
    """Return the top of the checkout that holds the project at `root`; `root` itself outside of git."""
    real = root.resolve()
    return next((folder for folder in (real, *real.parents) if _is_top(folder)), real)


def _is_top(folder: Path) -> bool:
    """Say whether a folder has a repository; worktrees and submodules have a file that names it."""
    git = folder / ".git"
    return git.is_file() or (git / "HEAD").is_symlink() or (git / "HEAD").is_file()


def folder(root: Path) -> str:
    """Return where the project is in its checkout, as `a/b`; "" at the top."""
    place = root.resolve().relative_to(top(root)).as_posix()
    return "" if place == "." else place


def change_to(root: Path) -> str:
    """Return the prefix of a command that is typed at the top of the checkout and runs in `root`."""
    place = folder(root)
    return f"cd {shlex.quote(place)} && " if place else ""


def slug(folder: str) -> str:
    """Return a word for a folder that no other folder has: of ASCII letters, digits and `_.-`; "" for the top.

    It can be part of a file's name, of a cache's key and of a git reference.
    """
    if not folder or _PLAIN.fullmatch(folder):
        return folder.replace("/", ".")
    words = re.sub(r"[^A-Za-z0-9_]+", "-", folder)[-30:].strip("-")
    digest = blake2b(folder.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"{words}.{digest}".lstrip(".")


def artifacts(folder: str) -> str:
    """Return the prefix of a project's artifact names, as several projects may share a run; "" for the top."""
    return f"{slug(folder)}-" if folder else ""


def title(folder: str) -> str:
    """Return the name of a project's workflow, check and comment, beside those of other projects."""
    if not folder:
        return "coverage"
    return f"coverage of {folder if _PLAIN.fullmatch(folder) else slug(folder)}"
