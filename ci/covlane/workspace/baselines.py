"""Where baselines are kept: a committed file, git notes, or a folder that a CI service keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis.baseline import differences
from covlane.config import checkout
from covlane.errors import ReportError, ToolError
from covlane.formats.evidence import read_baseline, write_baseline
from covlane.model.verdict import BaselineState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.model.baseline import Baseline

NOTES = "refs/notes/covlane"
#: At most so many earlier commits are searched.
MOST_COMMITS = 500


@dataclass(frozen=True, slots=True)
class Baselines:
    """The baselines of one repository."""

    configured: Configured
    git: Git

    @property
    def _store(self) -> str:
        return self.configured.settings.baseline.store

    @property
    def path(self) -> Path:
        """The file, or the folder."""
        return self.configured.root / self._name

    @property
    def _name(self) -> str:
        plain = (
            "coverage-baseline.json"
            if self._store == "file"
            else f"{self.configured.settings.reports}/baselines"
        )
        return self.configured.settings.baseline.path or plain

    @property
    def where(self) -> str:
        """Where they are, in words."""
        return self._notes if self._store == "notes" else self._name

    @property
    def _notes(self) -> str:
        """The notes' reference. A commit has one note in each reference, so each project of a repository has one."""
        slug = checkout.slug(self.configured.folder)
        return NOTES.replace("covlane", f"{slug}.covlane") if slug else NOTES

    @property
    def _fetch(self) -> str:
        return f"`git fetch origin {self._notes}:{self._notes}` fetches the team's"

    def write(self, baseline: Baseline) -> None:
        """Write a baseline under its commit, in place of an earlier one."""
        content = write_baseline(baseline)
        if self._store == "notes":
            self.git.annotate(self._notes, baseline.commit, content)
        elif self._store == "folder":
            files.write_whole(self.path / f"{baseline.commit}.json", content)
        else:
            files.write_whole(self.path, content)

    def at(self, commit: str) -> tuple[Baseline | None, int]:
        """Return the baseline of a commit or of the nearest before it, and how many commits before that is.

        Raises:
            ReportError: the nearest cannot be read.
        """
        if self._store == "file":
            content = self.git.content(commit, self._name)
            return (self._read(content, commit), 0) if content is not None else (None, 0)
        for before, (_, content) in enumerate(self._history(commit, MOST_COMMITS)):
            if content is not None:
                return self._read(content, commit), before
        return None, 0

    def log(self, commit: str, most: int) -> Iterator[Baseline]:
        """Yield the baselines of the last so many commits that have one, latest first; ReportError as `at`."""
        found = 0
        for name, content in self._history(commit, MOST_COMMITS):
            if content is not None and found < most:
                found += 1
                yield self._read(content, name)

    def accepted(self, base: str, commit: str) -> Baseline | None:
        """Return the latest baseline with a reason that the work since `base` brings; ReportError as `at`."""
        if self._store == "file":
            content = self.path.read_bytes() if self.path.is_file() else None
            if content is None or content == self.git.content(base, self._name):
                return None
            found = self._read(content, commit)
            return found if found.reason.strip() else None
        for name, content in self._history(f"{base}..{commit}", MOST_COMMITS):
            if content is not None and (found := self._read(content, name)).reason.strip():
                return found
        return None

    def state(self, now: Baseline, base: str) -> tuple[Baseline | None, BaselineState]:
        """Return the baseline that `now` is compared with, since the commit `base`, and its state."""
        try:
            accepted = self.accepted(base, now.commit)
            found, before = (accepted, 0) if accepted else self.at(base)
        except ReportError as error:
            sentence = f"the baseline is corrupt: {error.cause}; write it again on the default branch"
            return None, BaselineState(state="corrupt", sentence=sentence)
        if found is None:
            more = f"; {self._fetch}" if self._store == "notes" else ""
            sentence = f"no baseline yet: {self.where} has none for {base[:12]} or before{more}"
            return None, BaselineState(state="none", sentence=sentence)
        if reasons := "; ".join(differences(found, now)):
            sentence = f"not comparable: {reasons}; `invoke baseline accept --reason TEXT` starts a new one"
            return None, BaselineState(state="not comparable", sentence=sentence, commit=found.commit)
        if accepted:
            sentence = f"accepted at {found.commit[:12]}: {found.reason}"
            return found, BaselineState(state="accepted", sentence=sentence, commit=found.commit)
        distance = f", {before} commits before the base" if before else ""
        sentence = f"measured at {found.commit[:12]}{distance}"
        return found, BaselineState(state="found", sentence=sentence, commit=found.commit)

    def committed(self, base: str) -> list[str]:
        """Return the commit that brought the baseline of `base`, where baselines are a file."""
        return self.git.revisions(base, 1, self._name) if self._store == "file" else []

    def _history(self, revisions: str, most: int) -> Iterator[tuple[str, bytes | None]]:
        """Yield commits, latest first, each with its baseline's bytes."""
        if self._store == "file":
            for commit in self.git.revisions(revisions, most, self._name):
                yield commit, self.git.content(commit, self._name)
            return
        noted = self.git.noted(self._notes) if self._store == "notes" else {}
        for commit in self.git.revisions(revisions, most):
            path = self.path / f"{commit}.json"
            if self._store == "notes":
                yield commit, self.git.blob(noted[commit]) if commit in noted else None
            else:
                yield commit, files.read_bytes(path) if path.is_file() else None

    def _read(self, content: bytes, commit: str) -> Baseline:
        return read_baseline(content, f"the baseline in {self.where} at {commit[:12]}")

    def push(self) -> None:
        """Send the notes to the remote; ToolError where it refuses them."""
        if self.git.ask("push", "--quiet", "origin", self._notes) is None:
            raise ToolError(f"the remote refused {self._notes}", f"{self._fetch}; then push again")
