"""git, asked through its command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Git:
    """The repository that holds `root`; every answer is None where git has none (no repository, no commit)."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        # A repository named by the caller's environment (in a git hook, say) is not the one asked about.
        self._environ = {name: value for name, value in environ.items() if not name.startswith("GIT_")}

    def ask(self, *arguments: str) -> str | None:
        """Return what `git ARGUMENTS` printed, stripped, or None where it failed or git is missing."""
        try:
            done = process.run(["git", *arguments], cwd=self._root, environ=self._environ)
        except ToolError:
            return None
        return done.stdout.strip() if done.code == 0 else None

    def commit(self) -> str | None:
        """Return the 40 hex digits of HEAD."""
        return self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def dirty(self) -> bool:
        """Say whether tracked files differ from HEAD."""
        return bool(self.ask("status", "--porcelain", "--untracked-files=no"))

    def files(self) -> list[str]:
        """Return the names below `root` of all files that are not ignored; none where git has none."""
        names = self.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
        return [name for name in names.split("\0") if name]

    def branch(self) -> str | None:
        """Return the branch that is checked out; None on a detached HEAD."""
        return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def default_branch(self) -> str | None:
        """Return the remote's default branch; without a remote `main` or `master`, else what is checked out."""
        if head := self.ask("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD"):
            return head.removeprefix("origin/")
        local = (self.ask("for-each-ref", "--format=%(refname:short)", "refs/heads") or "").splitlines()
        return next((name for name in ("main", "master") if name in local), None) or self.branch()

    def remote_url(self, remote: str = "origin") -> str | None:
        """Return the remote's URL as configured; it may hold credentials."""
        return self.ask("remote", "get-url", remote)
