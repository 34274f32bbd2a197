"""git, asked through its command line."""

from __future__ import annotations

import re
import shlex
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import process
from covlane.errors import ReportError, ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Says what is asked of `git diff` whatever its configuration says: the same diff for everybody.
_DIFF = (
    *("-c", "core.quotePath=true", "-c", "core.safecrlf=false"),
    *("diff", "--raw", "-z", "--patch", "--unified=0", "--inter-hunk-context=0", "--no-function-context"),
    *("--no-color", "--ws-error-highlight=none"),
    *(
        "--no-ext-diff",
        "--no-textconv",
        "--ignore-cr-at-eol",
        "--diff-algorithm=default",
        "--indent-heuristic",
    ),
    *("--find-renames=50%", "-l2000", "--submodule=short", "--ignore-submodules=dirty", "-O/dev/null"),
    *("--no-abbrev", "--src-prefix=a/", "--dst-prefix=b/", "--relative"),
)


class Git:
    """The repository that holds `root`; every answer is None if git has none (no repository, no commit)."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self._root = root
        # A repository named by the caller's environment (in a git hook, say) is not the one asked about.
        # GITHUB_TOKEN may be what a push needs; git and its hooks need nothing else that is secret.
        self._environ = {
            name: value
            for name, value in environ.items()
            if not name.startswith(("GIT_", "ACTIONS_", "CS_ACCESS_TOKEN"))
        }

    def ask(self, *arguments: str) -> str | None:
        """Return what `git ARGUMENTS` printed, stripped, or None if it failed or git is missing."""
        try:
            done = process.run(["git", *arguments], cwd=self._root, environ=self._environ)
        except ToolError:
            return None
        return done.stdout.strip() if done.code == 0 else None

    def commit(self) -> str | None:
        """Return the 40 hex digits of HEAD."""
        return self.ask("rev-parse", "--verify", "--quiet", "HEAD^{commit}")

    def no_commit(self) -> ReportError:
        """Return why there is no commit: no repository, no commit yet, or a repository that git refuses to read."""
        output = process.run(
            ["git", "rev-parse", "HEAD"], cwd=self._root, environ={**self._environ, "LC_ALL": "C"}
        ).stderr
        if refused := re.search("dubious ownership in repository at '(.*)'", output):
            return ReportError(
                f"git refuses to read {refused[1]}, which belongs to another user",
                f"run `git config --global --add safe.directory {shlex.quote(refused[1])}`",
            )
        return ReportError("there is no git repository with a commit here", "run it in a clone")

    def dirty(self) -> bool:
        """Whether tracked files differ from HEAD."""
        return bool(self.ask("status", "--porcelain", "--untracked-files=no"))

    def files(self) -> list[str]:
        """Return the names below `root` of all files that are not ignored; empty without a repository."""
        names = self.ask("ls-files", "-z", "--cached", "--others", "--exclude-standard") or ""
        return [name for name in names.split("\0") if name]

    def ignored_by(self, path: str) -> str | None:
        """Return what makes git ignore a file that is not tracked, as `FILE line N (PATTERN)`; or None."""
        output = self.ask("check-ignore", "--verbose", "--", path) or ""
        found = re.match(r"(.+?):(\d+):(?!!)([^\t]*)\t", output)
        return f"{found[1]} line {found[2]} ({found[3]})" if found else None

    def branch(self) -> str | None:
        """Return the branch that is checked out; None on a detached HEAD."""
        return self.ask("symbolic-ref", "--quiet", "--short", "HEAD")

    def branches(self) -> list[str]:
        """Return the local branches."""
        return (self.ask("for-each-ref", "--format=%(refname:short)", "refs/heads") or "").splitlines()

    def remote(self) -> str | None:
        """Return the remote's name: `origin`, or the only one."""
        remotes = (self.ask("remote") or "").splitlines()
        return "origin" if "origin" in remotes else remotes[0] if len(remotes) == 1 else None

    def remote_url(self, remote: str = "origin") -> str | None:
        """Return the remote's URL as configured, before `insteadOf` rewrites it; it may hold credentials."""
        return self.ask("config", "--get", f"remote.{remote}.url")

    def diff(self, base: str, texts: Sequence[str] = ()) -> bytes:
        """Return what differs from the commit `base` now: committed, staged, unstaged and untracked work below root.

        Args:
            base: the commit.
            texts: ask about these files alone, and show their lines even if git takes them for binary.

        Returns:
            `git diff --raw -z --patch` without context.

        Raises:
            ToolError: git cannot tell.
        """
        text = ("--text",) if texts else ()
        command = ("--literal-pathspecs", *_DIFF, *text, base, "--", *(texts or "."))
        untracked = self._output("ls-files", "-z", "--others", "--exclude-standard")
        names = [name for name in untracked.split(b"\0") if name and not name.endswith(b"/")]
        if not names:
            return self._output(*command)
        with tempfile.TemporaryDirectory(prefix="covlane-") as folder:
            # As if each was about to be added, in an index of our own.
            index, own = (
                Path(folder, "index"),
                self._root / (self.ask("rev-parse", "--git-path", "index") or ""),
            )
            if own.is_file():
                # With its time, by which git knows which files it has to read to see whether they changed.
                shutil.copy2(own, index)
            add = ("--literal-pathspecs", "add", "--intent-to-add", "--pathspec-from-file=-")
            self._output(*add, "--pathspec-file-nul", stdin=b"\0".join(names), index=index)
            return self._output(*command, index=index)

    def content(self, revision: str, path: str) -> bytes | None:
        """Return a file, by its name below root, as it is in a revision; or None."""
        try:
            return self._output("cat-file", "blob", f"{revision}:./{path}")
        except ToolError:
            return None

    def contents(self, revision: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return files, by their names below root, as they are in a revision; missing ones are left out."""
        names = [path for path in paths if "\n" not in path]
        asked = "".join(f"{revision}:./{name}\n" for name in names).encode("utf-8", "surrogateescape")
        try:
            out = self._output("cat-file", "--batch", stdin=asked) if names else b""
        except ToolError:
            return {}
        found, at = {}, 0
        for name in names:
            end = out.index(b"\n", at)
            kind, _, size = out[at:end].rpartition(b" ")
            at = end + 1
            if size.isdigit() and kind.endswith(b" blob"):
                found[name] = out[at : at + int(size)]
            at += int(size) + 1 if size.isdigit() else 0
        return found

    def _output(self, *arguments: str, stdin: bytes = b"", index: Path | None = None) -> bytes:
        environ = {**self._environ, **({"GIT_INDEX_FILE": str(index)} if index else {})}
        code, out, err = process.output(["git", *arguments], cwd=self._root, environ=environ, stdin=stdin)
        if code != 0:
            output = (err.strip().splitlines() or ["it output nothing"])[0]
            raise ToolError(
                f"git cannot tell what changed: {output}", "run `git status` to see what it lacks"
            )
        return out

    def blob(self, name: str) -> bytes:
        """Return an object's content; ToolError if it is missing."""
        return self._output("cat-file", "blob", name)

    def revisions(self, revisions: str, most: int, *paths: str) -> list[str]:
        """Return the commits of a range, latest first, of the first parents' line; with paths, those that touch them."""
        listed = self.ask("rev-list", "--first-parent", f"--max-count={most}", revisions, "--", *paths)
        return (listed or "").split()

    def log(self, most: int, days: int = 365) -> bytes:
        """Return which files below root each commit of the days before HEAD changed, latest first, merges left out.

        Returns:
            `git log -z --name-status --format=%x01`, with at most so many commits.

        Raises:
            ToolError: git cannot tell.
        """
        last = int(self._output("log", "-1", "--no-show-signature", "--format=%ct", "HEAD"))
        since = f"--since={max(last - days * 86_400, 0)}"
        # A partial clone would fetch the contents that tell a renamed file which changed as well.
        partial = self.ask("config", "--get-regexp", r"^remote\..*\.promisor$")
        renames = f"--find-renames={'100%' if partial else '50%'}"
        what = ("-z", "--no-show-signature", "--no-merges", "--name-status", renames, "--relative")
        return self._output(
            "-c", "log.showRoot=true", "log", *what, "--format=%x01", since, f"--max-count={most}", "--", "."
        )

    def noted(self, ref: str) -> dict[str, str]:
        """Return the blobs of the notes under `ref` by the commits that they are of."""
        lines = (self.ask("notes", f"--ref={ref}", "list") or "").splitlines()
        return {commit: blob for blob, _, commit in (line.partition(" ") for line in lines)}

    def annotate(self, ref: str, commit: str, content: bytes) -> None:
        """Write a commit's note under `ref`, replacing a former one; ToolError if git refuses."""
        blob = self._output("hash-object", "-w", "--stdin", stdin=content).decode().strip()
        who = ("-c", "user.name=covlane", "-c", "user.email=covlane@localhost")
        self._output(*who, "notes", f"--ref={ref}", "add", "--force", f"--reuse-message={blob}", commit)

    def is_shallow(self) -> bool:
        """Whether the clone lacks history."""
        return self.ask("rev-parse", "--is-shallow-repository") == "true"

    def version(self) -> str:
        """Return git's version."""
        return (self.ask("--version") or "").removeprefix("git version ")
