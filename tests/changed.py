"""A git repository before and after a change, with a report made of its sources: `# missed` did not run."""

from __future__ import annotations

import io
import os
import textwrap
from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

from covlane.adapters.git import Git
from covlane.config import settings
from covlane.formats import slipcover
from covlane.model.lines import pack
from covlane.model.report import FileCoverage, Report
from covlane.render import patch as rendered
from covlane.workspace import evidence
from data_words import WHEN, stamp
from repository import Repository

if TYPE_CHECKING:
    from types import CodeType

    from covlane.model.verdict import Patch

#: A git that knows nothing of the person who runs the tests.
ALONE = {
    "PATH": os.environ.get("PATH", ""),
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
}


class Changed(Repository):
    """A repository whose first commit is the base of what changes."""

    environment: dict[str, str] = ALONE

    def put(self, **files: str | bytes | None) -> None:
        """Write files by their stems (`a` is a.py, `lib__a` is lib/a.py), as they are; None removes one."""
        for stem, content in files.items():
            self.place(stem.replace("__", "/") + ".py", content)

    def place(self, name: str, content: str | bytes | None) -> None:
        path = self.root / name
        if content is None:
            path.unlink()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        text = textwrap.dedent(content).lstrip("\n").encode() if isinstance(content, str) else content
        path.write_bytes(text)

    def measured(self, *names: str, untaken: dict[str, set[tuple[int, int]]] | None = None) -> Report:
        """Write reports/coverage.json of these sources, by default of all Python there is, and return it."""
        paths = names or sorted(
            path.relative_to(self.root).as_posix()
            for path in self.root.rglob("*.py")
            if not path.is_symlink() and path.is_file()
        )
        files, digests = {}, {}
        for path in paths:
            source = (self.root / path).read_bytes()
            files[path] = of_source(source, (untaken or {}).get(path, set()))
            digests[path] = blake2b(source.replace(b"\r\n", b"\n"), digest_size=16).hexdigest()
        legs = (stamp("coverage-3.12", commit=self.git("rev-parse", "HEAD")),)
        report = Report(True, WHEN, files, legs, digests=digests)
        (self.root / "reports").mkdir(exist_ok=True)
        (self.root / "reports" / "coverage.json").write_bytes(slipcover.write_report(report, "1.1.0"))
        return report

    def incomplete(self, report: Report, *reasons: str) -> None:
        """Write a report that lacks something."""
        content = slipcover.write_report(replace(report, incomplete=reasons), "1.1.0")
        (self.root / "reports" / "coverage.json").write_bytes(content)

    def patch(self, base: str | None = None, **environ: str) -> Patch:
        """Return what the change owes; the report is made if there is none."""
        if not (self.root / "reports" / "coverage.json").exists():
            self.measured()
        configured = settings.load(self.root, {})
        return evidence.patched(configured, Git(self.root, self.environment), environ, base)

    def shown(self, patch: Patch) -> str:
        """Return the terminal's text for it, as in a pipe."""
        out = io.StringIO()

        def source(path: str) -> list[str]:
            return (self.root / path).read_bytes().decode("utf-8", "backslashreplace").split("\n")

        rendered.show(patch, source, out, plain=True)
        return out.getvalue()


def of_source(source: bytes, untaken: set[tuple[int, int]]) -> FileCoverage:
    """Return coverage as a leg would have it: lines with code, of which those with `# missed` did not run."""
    lines = source.split(b"\n")
    try:
        executable = _lines(compile(source, "x", "exec", dont_inherit=True))
    except (SyntaxError, ValueError):
        executable = pack([number for number, line in enumerate(lines, 1) if line.strip()])
    missed = pack([number for number, line in enumerate(lines, 1) if b"# missed" in line])
    return FileCoverage(executable, executable & ~missed, frozenset(untaken), frozenset())


def _lines(code: CodeType) -> int:
    found = pack([line for _, _, line in code.co_lines() if line])
    for const in code.co_consts:
        if hasattr(const, "co_lines"):
            found |= _lines(const)
    return found
