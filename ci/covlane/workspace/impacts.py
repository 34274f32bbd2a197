"""The working tree, or a commit, against what the tests ran and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis.impact import Impact
from covlane.errors import ReportError, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.model.testmap import TestMap


def impact(configured: Configured, git: Git, known: TestMap, base: str | None) -> Impact:
    """Return what the changes since the tests ran can affect, or those since a commit.

    Raises:
        UsageError: `base` is no commit.
    """
    root = configured.root
    if base is not None and git.ask("rev-parse", "--verify", "--quiet", f"{base}^{{commit}}") is None:
        raise UsageError(f"{base} is not a commit of this repository", "fetch it, or name another")

    def before(name: str) -> str | None:
        if base is None:
            return known.sources.get(name)
        content = git.content(base, name)
        return None if content is None else _text(content)

    def now(name: str) -> str | None:
        try:
            return _text(files.read_bytes(root / name))
        except ReportError:
            return None

    return Impact(known, before, now, lambda name: fingerprint(root / name, known.ignored))


def _text(content: bytes) -> str | None:
    import importlib.util  # noqa: PLC0415 - needed for changed files alone

    try:
        return importlib.util.decode_source(content)
    except (SyntaxError, UnicodeDecodeError):
        return None


def fingerprint(path: Path, ignored: set[str]) -> str:
    """Return the digest of a file, or of the names in a folder, as a leg notes it; "" where there is neither."""
    try:
        if path.is_dir():
            names = sorted(each.name for each in path.iterdir() if each.name not in ignored)
            return "/" + files.digest("\0".join(names).encode("utf-8", "surrogateescape"))
        return files.digest(path.read_bytes())
    except OSError:
        return ""
