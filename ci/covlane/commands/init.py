"""`init`: noxfile.py, tasks.py, settings and workflows are written, or completed where they exist."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.config import coveragepy, foreign, installed, suites
from covlane.config.settings import keys, read_pyproject
from covlane.errors import UsageError
from covlane.result import Result
from covlane.scaffold import change, workflow, worktree
from covlane.scaffold.plan import facts, outdated, paths, plan
from covlane.workspace import bases

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Literal, TextIO

    from covlane.config.settings import Configured
    from covlane.connections.local import Local
    from covlane.scaffold.change import Change


@dataclass(frozen=True, slots=True)
class Initialized(Result):
    """What was changed, or would be.

    Attributes:
        changes: of files.
        remarks: for stderr.
        written: whether the changes were made.
        session: the session to run next.
    """

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]
    written: bool
    session: str

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write a line for each file, or a diff of what would change."""
        if not self.written:
            out.write(change.diff(self.changes))
            return
        out.writelines(
            f"{'changed' if item.old is not None else 'wrote'} {item.path}: {item.why}\n"
            for item in self.changes
        )

    def notes(self, *, json: bool) -> Iterator[str]:  # noqa: ARG002 - as above
        """Yield what was left alone and why, and what to do next."""
        yield from (f"note: {remark}" for remark in self.remarks)
        if not self.changes:
            yield "nothing to do"
        elif self.written:
            yield f"now run: nox -s {self.session}"


@dataclass(frozen=True, slots=True)
class WorkflowsChecked(Result):
    """The workflows compared with what init would write."""

    changes: tuple[Change, ...]
    remarks: tuple[str, ...]

    @property
    def error(self) -> UsageError | None:
        """The error where a workflow is out of date."""
        if not self.changes:
            return None
        names = ", ".join(item.path for item in self.changes)
        return UsageError(f"out of date with [tool.covlane]: {names}", "run `covlane init --force`")

    def show(self, out: TextIO, *, plain: bool) -> None:  # noqa: ARG002 - the base class's
        """Write a diff, or that everything is up to date."""
        out.write(change.diff(self.changes) or "the workflows are up to date with [tool.covlane]\n")

    def notes(self, *, json: bool) -> Iterator[str]:  # noqa: ARG002 - as above
        """Yield which of them git ignores."""
        return (f"note: {remark}" for remark in self.remarks)


def run(
    configured: Configured,
    clients: Local,
    reload: Callable[[Mapping[str, str]], Configured],
    *,
    show_only: bool = False,
    force: bool = False,
    codescene: bool = False,
) -> Initialized:
    """Write what a project lacks.

    Args:
        configured: the project's settings.
        clients: with git at the top of the checkout.
        reload: returns the settings anew, with overrides by environment variable.
        show_only: write nothing.
        force: replace workflows that were changed or written by hand.
        codescene: have the workflow upload to CodeScene.

    Raises:
        UsageError: the settings refuse uploads, or a file cannot take the addition; nothing was written.
        ReportError: a file cannot be written.
    """
    found = configured.root != Path.cwd()
    remarks = [f"the project is {configured.root}, the nearest folder that looks like one"] if found else []
    read, git = worktree.reader(configured.top), clients.git
    branch = bases.default_branch(configured, git, clients.environ) or git.branch()
    known: dict[str, str | bool] = {
        **facts(configured, read, branch, installed.requirement(installed.record()))
    }
    if codescene and not configured.settings.codescene.upload:
        known["codescene.upload"] = _uploads(configured)
    overrides = {key.variable: known[key.name] for key in keys() if key.name in known}
    configured = reload(
        {name: value if isinstance(value, str) else "true" for name, value in overrides.items()}
    )
    outcome = plan(configured, read, force=force, facts=known)
    if not show_only:
        worktree.apply(outcome.changes, configured.top)
    remarks += coveragepy.said(
        configured.root, read_pyproject(configured.root), configured.settings.source
    ).aside
    if remark := suites.read(configured.root, read_pyproject(configured.root)).remark:
        remarks.append(remark)
    remarks += foreign.remarks(configured.root, configured.settings.source, configured.settings.omit)
    remarks += [*outcome.notes, *worktree.hidden(paths(configured, outcome), git)]
    return Initialized(outcome.changes, tuple(remarks), not show_only, configured.session)


def _uploads(configured: Configured) -> Literal[True]:
    """Return the value of `codescene.upload` for --codescene, unless the settings refuse uploads."""
    if configured.settings.codescene.upload is False:
        origin = configured.origins["codescene.upload"]
        raise UsageError(f"{origin}: codescene.upload is false", "remove it, or leave out --codescene")
    return True


def check(configured: Configured, clients: Local) -> WorkflowsChecked:
    """Compare the workflows with what the settings would write.

    Raises:
        UsageError: pyproject.toml is broken, or a path leaves the repository.
    """
    names = workflow.workflows(configured.settings, "", configured.folder)
    remarks = tuple(worktree.hidden(names, clients.git))
    changes = outdated(configured, worktree.reader(configured.top))
    return WorkflowsChecked(tuple(changes), remarks)
