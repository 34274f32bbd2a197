"""The plan of `covlane init`: a pure function from the files of a repository to their changes."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from covlane.config.settings import DEFAULT
from covlane.scaffold import sessions_file, settings_files, tasks_file, workflow
from covlane.scaffold.change import Change, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from covlane.config.settings import Configured


def plan(
    configured: Configured,
    read: Callable[[str], bytes | None],
    *,
    force: bool = False,
    install: str | None = None,
    facts: Mapping[str, str | bool] | None = None,
) -> Outcome:
    """Return the changes that set up a project; none where it is set up.

    The project's files are in its folder, the workflows at the top of the checkout, where GitHub looks for them.

    Args:
        configured: the project's settings.
        read: gives a file's content by its path from the top of the checkout, None where there is none.
        force: replace an existing workflow; every other file is only added to.
        facts: settings of `configured` that are written down, since nothing can detect them later.
        install: how a job installs covlane; by default as the project's name requires.

    Raises:
        UsageError: a file that would be added to is broken, or cannot take the addition.
    """
    settings, folder = configured.settings, configured.folder
    names = (sessions_file.PATH, tasks_file.PATH, "pyproject.toml", ".gitignore")
    existing = {path: read(path) for path in (posixpath.join(folder, name) for name in names)}
    noxfile, tasks, pyproject, gitignore = existing.values()
    package = read(posixpath.join(folder, "tasks/__init__.py")) is not None
    jobs = workflows(configured, read, install=install)
    edits = (
        sessions_file.sessions_file(noxfile, settings.prefix),
        tasks_file.tasks_file(tasks, package=package),
        settings_files.pyproject(pyproject, facts or {}),
        settings_files.gitignore(gitignore, (settings.reports, ".nox")),
        *(workflow.workflow(old, new, why=why, force=force) for old, new, why in jobs.values()),
    )
    existing |= {path: old for path, (old, _, _) in jobs.items()}
    planned = list(zip(existing.items(), edits, strict=True))
    changes = [Change(path, old, edit.new, edit.why) for (path, old), edit in planned if edit.new is not None]
    notes = [f"{path}: {edit.why}" for (path, _), edit in planned if edit.new is None and edit.why]
    unreleased = {workflow.unreleased(new) for old, new, _ in jobs.values() if old is None} - {""}
    return Outcome(tuple(changes), (*unreleased, *notes, *_unread(folder, read)))


def paths(configured: Configured, outcome: Outcome) -> list[str]:
    """Return the files that are to be committed: those that change, and the existing workflows."""
    changed = [change.path for change in outcome.changes]
    return list(dict.fromkeys([*changed, *workflow.workflows(configured.settings, "", configured.folder)]))


def _unread(folder: str, read: Callable[[str], bytes | None]) -> Iterator[str]:
    """Yield a note on each workflow in the project's folder, where GitHub does not read it."""
    for name in workflow.paths("") if folder else ():
        path = posixpath.join(folder, name)
        if (read(path) or b"").startswith(workflow.MARKER.encode()):
            yield f"{path}: GitHub reads workflows only at the top of the repository; remove this one"


def facts(
    configured: Configured, read: Callable[[str], bytes | None], branch: str | None, requirement: str = ""
) -> dict[str, str]:
    """Return the settings to write down, by key: not set, not the default, and not detectable later.

    Args:
        configured: the repository's settings.
        read: as of `plan`.
        branch: the default branch, None where it is not known.
        requirement: what installs this very covlane, where it came from git; "" otherwise.

    Raises:
        UsageError: noxfile.py is not valid Python.
    """
    noxfile = read(posixpath.join(configured.folder, sessions_file.PATH))
    taken = sessions_file.taken(noxfile, configured.settings.prefix)
    detected = {
        "github.default-branch": branch,
        "prefix": sessions_file.PREFIX if taken else None,
        "covlane-requirement": requirement,
    }
    now = {"github.default-branch": configured.settings.github.default_branch}
    return {
        key: value
        for key, value in detected.items()
        if value and value != now.get(key) and configured.origins[key] == DEFAULT
    }


def workflows(
    configured: Configured, read: Callable[[str], bytes | None], *, install: str | None = None
) -> dict[str, tuple[bytes | None, str, str]]:
    """Return each workflow by its path: its content now, its content by the settings, and its purpose.

    Raises:
        UsageError: pyproject.toml is broken, or the hash-pinned requirements are not those of this version.
    """
    folder = configured.folder
    if pinned := configured.settings.github.requirements:
        workflow.check_requirements(pinned, read(posixpath.join(folder, pinned)))
    document = settings_files.document_of(read(posixpath.join(folder, "pyproject.toml")))
    command = install or workflow.install_command(
        settings_files.project_name(document), configured.settings.covlane_requirement
    )
    found = workflow.workflows(configured.settings, command, folder)
    return {path: (read(path), new, why) for path, (new, why) in found.items()}


def outdated(configured: Configured, read: Callable[[str], bytes | None]) -> tuple[Change, ...]:
    """Return the changes that bring the workflows up to date with the settings."""
    return tuple(
        Change(path, old, new.encode(), why)
        for path, (old, new, why) in workflows(configured, read).items()
        if old is None or not workflow.same(old, new)
    )
