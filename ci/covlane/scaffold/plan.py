"""The plan of `covlane init`: pure, from what stands in the repository to what shall."""

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
    facts: Mapping[str, str] | None = None,
) -> Outcome:
    """Return the changes that give a project the lane; none where it has it.

    The project's files are in its folder, the workflows at the top of the checkout, where GitHub looks for them.

    Args:
        configured: the project's settings.
        read: gives a file's content by its path from the top of the checkout, None where there is none.
        force: replace a workflow that stands; every other file is only ever added to.
        facts: settings of `configured` that are written down, since nothing can detect them later.
        install: how a job installs covlane; by the project's name where nothing is said.

    Raises:
        UsageError: a file that would be added to is broken, or cannot take the addition.
    """
    settings, folder = configured.settings, configured.folder
    names = (sessions_file.PATH, tasks_file.PATH, "pyproject.toml", ".gitignore")
    standing = {path: read(path) for path in (posixpath.join(folder, name) for name in names)}
    noxfile, tasks, pyproject, gitignore = standing.values()
    package = read(posixpath.join(folder, "tasks/__init__.py")) is not None
    jobs = workflows(configured, read, install=install)
    parts = (
        sessions_file.sessions_file(noxfile, settings.prefix),
        tasks_file.tasks_file(tasks, package=package),
        settings_files.pyproject(pyproject, facts or {}),
        settings_files.gitignore(gitignore, (settings.reports, ".nox")),
        *(workflow.workflow(old, new, why=why, force=force) for old, new, why in jobs.values()),
    )
    standing |= {path: old for path, (old, _, _) in jobs.items()}
    planned = list(zip(standing.items(), parts, strict=True))
    changes = [Change(path, old, part.new, part.why) for (path, old), part in planned if part.new is not None]
    notes = [f"{path}: {part.why}" for (path, _), part in planned if part.new is None and part.why]
    return Outcome(tuple(changes), (*notes, *_unread(folder, read)))


def paths(configured: Configured, outcome: Outcome) -> list[str]:
    """Return the files that are to be committed: those that change, and the workflows that stand."""
    changed = [change.path for change in outcome.changes]
    return list(dict.fromkeys([*changed, *workflow.workflows(configured.settings, "", configured.folder)]))


def _unread(folder: str, read: Callable[[str], bytes | None]) -> Iterator[str]:
    """Yield a note on each workflow of ours in the project's folder, where GitHub reads none."""
    for name in workflow.paths("") if folder else ():
        path = posixpath.join(folder, name)
        if (read(path) or b"").startswith(workflow.MARKER.encode()):
            yield f"{path}: GitHub reads workflows at the top of the repository alone; remove this one"


def facts(configured: Configured, read: Callable[[str], bytes | None], branch: str | None) -> dict[str, str]:
    """Return the settings to write down, by key: what is not set, is not the default, and can be told now alone.

    Args:
        configured: the repository's settings.
        read: as of `plan`.
        branch: the default branch, None where it is not known.

    Raises:
        UsageError: noxfile.py is no Python.
    """
    noxfile = read(posixpath.join(configured.folder, sessions_file.PATH))
    taken = sessions_file.taken(noxfile, configured.settings.prefix)
    wanted = {"github.default-branch": branch, "prefix": sessions_file.PREFIX if taken else None}
    now = {"github.default-branch": configured.settings.github.default_branch, "prefix": ""}
    return {
        key: value
        for key, value in wanted.items()
        if value and value != now[key] and configured.origins[key] == DEFAULT
    }


def workflows(
    configured: Configured, read: Callable[[str], bytes | None], *, install: str | None = None
) -> dict[str, tuple[bytes | None, str, str]]:
    """Return each workflow by its path: what stands, what the settings would write, and why it is there.

    Raises:
        UsageError: pyproject.toml is broken.
    """
    folder = configured.folder
    document = settings_files.document_of(read(posixpath.join(folder, "pyproject.toml")))
    command = install or workflow.install_command(settings_files.project_name(document))
    found = workflow.workflows(configured.settings, command, folder)
    return {path: (read(path), new, why) for path, (new, why) in found.items()}


def outdated(configured: Configured, read: Callable[[str], bytes | None]) -> tuple[Change, ...]:
    """Return the changes that make the workflows what the settings would write; none where they are."""
    return tuple(
        Change(path, old, new.encode(), why)
        for path, (old, new, why) in workflows(configured, read).items()
        if old is None or not workflow.same(old, new)
    )
