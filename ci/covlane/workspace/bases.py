"""The commit that a change is compared with: --base, what CI names, the settings, or the remote's default branch."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from covlane.adapters.environment import in_ci
from covlane.config.settings import DEFAULT
from covlane.errors import CovlaneError, ReportError, UsageError
from covlane.model.services import SERVICES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from covlane.adapters.git import Git
    from covlane.config.settings import Configured
    from covlane.model.diff import Diff

_USUAL = ("main", "master")


class Base(NamedTuple):
    """The base of a diff: the commit, its name for a person, and whether it is HEAD itself off the default branch."""

    commit: str
    label: str
    itself: bool = False


class _Named(NamedTuple):
    """A candidate for the base: the revision, its name for a person, and its branch of the remote, if it is one."""

    revision: str
    label: str
    branch: str = ""


def find(configured: Configured, git: Git, environ: Mapping[str, str], named: str | None = None) -> Base:
    """Return the merge base of HEAD with the first that is known: `named`, CI's base, the settings, the remote.

    Raises:
        UsageError: `named` is not a commit.
        ReportError: there is no commit, the base is not known, or this clone lacks it.
    """
    head = git.commit()
    if head is None:
        raise git.no_commit()
    if named:
        return Base(_merge_base(git, _Named(named, named), UsageError), named)
    event = _event(environ)
    default = default_branch(configured, git, environ)
    current = branch(git, environ)
    change = [
        *_github(git, environ, event),
        *_requested(git, environ),
        *_pushed(environ, event, current, default),
    ]
    found = next((one for one in change if _commit(git, one.revision)), None) or next(iter(change), None)
    if found is None:
        found = _default(git, default)
    commit = _merge_base(git, found, ReportError)
    on_default = current == default if current else _commit(git, found.revision) == head
    return Base(commit, found.label, itself=commit == head and not on_default)


def refuse_itself(base: Base, diff: Diff, known: Collection[str], environ: Mapping[str, str]) -> None:
    """Refuse a base that is HEAD on another branch than the default one, where no work in progress is judged.

    Raises:
        ReportError: nothing would be judged.
    """
    if base.itself and (in_ci(environ) or not any(file.path in known for file in diff.files)):
        raise ReportError(
            f"HEAD is its own merge base with {base.label}, so there is no change to judge",
            "check out the change's last commit, or name the revision before it: `--base HEAD~1`",
        )


def branch(git: Git, environ: Mapping[str, str]) -> str | None:
    """Return the branch that is checked out, from CI or else git; None for a tag or a detached HEAD.

    A pull request with a reference of its own is named by that.
    """
    head = git.commit()
    for service in SERVICES:
        if (name := environ.get(service.branch)) and environ.get(service.commit, head) == head:
            return None if name.startswith("refs/tags/") else name.removeprefix("refs/heads/")
    return git.branch()


def default_branch(configured: Configured, git: Git, environ: Mapping[str, str]) -> str | None:
    """Return the default branch from CI, the settings, the remote or the usual names; None if not known.

    Raises:
        UsageError: the event that CI names cannot be read.
    """
    from_event = _at(_event(environ), "repository", "default_branch")
    names = [
        from_event if isinstance(from_event, str) else "",
        *(environ.get(service.default, "") for service in SERVICES),
    ]
    names += [
        environ.get(service.branch, "") for service in SERVICES if environ.get(service.primary) == "true"
    ]
    if configured.origins.get("github.default-branch", DEFAULT) != DEFAULT:
        names.append(configured.settings.github.default_branch)
    remote = git.remote()
    if remote:
        head = git.ask("symbolic-ref", "--quiet", "--short", f"refs/remotes/{remote}/HEAD") or ""
        names.append(head.removeprefix(f"{remote}/"))
    names += [name for name in _USUAL if _commit(git, f"refs/remotes/{remote}/{name}")]
    if not _fetched(git, remote):
        # A repository that a person has just begun.
        local = git.branches()
        names += [name for name in _USUAL if name in local]
    return next(filter(None, names), None)


def delivered_branch(configured: Configured, git: Git, environ: Mapping[str, str]) -> str | None:
    """Return the branch whose pushes are delivered: the one that is set, as the workflow has it, or the default one.

    Raises:
        UsageError: the event that CI names cannot be read.
    """
    if configured.origins.get("github.default-branch", DEFAULT) != DEFAULT:
        return configured.settings.github.default_branch
    return default_branch(configured, git, environ)


def _default(git: Git, default: str | None) -> _Named:
    """Return the default branch as the remote has it; ReportError where it is not known."""
    if default is None:
        remote = git.remote()
        fetch = f"git fetch{_deeper(git)} {remote} '+refs/heads/*:refs/remotes/{remote}/*'"
        known = f"run `{fetch} && git remote set-head {remote} --auto`, " if remote else ""
        raise ReportError(
            "no base to compare the changes with: neither CI nor the settings nor this clone names one",
            f"{known}set github.default-branch, or name a revision with --base",
        )
    return _of_remote(git, default)


def _of_remote(git: Git, name: str) -> _Named:
    """Return a branch of the remote, or the local one where there is no remote, or nothing of it."""
    remote = git.remote()
    if not _fetched(git, remote) and name in git.branches():
        return _Named(f"refs/heads/{name}", name)
    remote = remote or "origin"
    return _Named(f"refs/remotes/{remote}/{name}", f"{remote}/{name}", name)


def _github(git: Git, environ: Mapping[str, str], event: object) -> Iterator[_Named]:
    """Yield what the event of a GitHub runner is against, if it is a pull request's or a merge queue's."""
    if sha := _sha(event, "pull_request", "base", "sha"):
        # The merge that was made for the run may hold later commits of the base than the event knew.
        merge = environ.get("GITHUB_REF", "").endswith("/merge") and _commit(git, "HEAD^2")
        yield _Named("HEAD^1" if merge else sha, "the pull request's base")
    if sha := _sha(event, "merge_group", "base_sha"):
        yield _Named(sha, "the merge queue's base")


def _requested(git: Git, environ: Mapping[str, str]) -> Iterator[_Named]:
    """Yield the base of a pull request from CI's variables."""
    for service in SERVICES:
        for variable in service.bases:
            if re.fullmatch("[0-9a-f]{7,64}", sha := environ.get(variable, "")):
                yield _Named(sha, f"the pull request's base ({variable})")
        if target := environ.get(service.target, "").removeprefix("refs/heads/"):
            yield _of_remote(git, target)


def _pushed(
    environ: Mapping[str, str], event: object, current: str | None, default: str | None
) -> Iterator[_Named]:
    """Yield the commit before a push to the default branch."""
    if current is None or current != default:
        return
    for sha in (_sha(event, "before"), *(environ.get(service.before, "") for service in SERVICES)):
        if sha.strip("0") and re.fullmatch("[0-9a-f]{40,64}", sha):
            yield _Named(sha, "the commit before the push")


def _event(environ: Mapping[str, str]) -> object:
    """Return what GITHUB_EVENT_PATH names; UsageError where it cannot be read."""
    path = environ.get("GITHUB_EVENT_PATH")
    try:
        return json.loads(Path(path).read_bytes()) if path else {}
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"GITHUB_EVENT_PATH names a file that cannot be read: {error}", "unset it") from None


def _at(value: Any, *keys: str) -> object:
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _sha(event: object, *keys: str) -> str:
    found = _at(event, *keys)
    return found if isinstance(found, str) and re.fullmatch("[0-9a-f]{40,64}", found) else ""


def _fetched(git: Git, remote: str | None) -> bool:
    return bool(remote and git.ask("for-each-ref", "--count=1", f"refs/remotes/{remote}"))


def _commit(git: Git, revision: str) -> str | None:
    return git.ask("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def _deeper(git: Git) -> str:
    return " --unshallow" if git.is_shallow() else ""


def _merge_base(git: Git, named: _Named, error: type[CovlaneError]) -> str:
    """Return the merge base of HEAD with a revision; the error with the command that helps where there is none."""
    commit = _commit(git, named.revision)
    if commit and (found := git.ask("merge-base", commit, "HEAD")):
        return found
    remote = git.remote() or "origin"
    if not commit and named.branch:
        refs = f"+refs/heads/{named.branch}:refs/remotes/{remote}/{named.branch}"
        raise error(
            f"{named.label} is not in this clone",
            f"run `git fetch{_deeper(git)} {remote} {refs}`, then try again",
        )
    if git.is_shallow():
        raise ReportError(
            f"the clone is shallow and does not reach the merge base with {named.label}",
            f"run `git fetch --unshallow {remote}`; in a workflow, give actions/checkout `fetch-depth: 0`",
        )
    what = "and HEAD have no common ancestor" if commit else "is not a commit of this clone"
    raise error(f"{named.label} {what}", f"run `git fetch {remote}`, or name another revision with --base")
