"""One comment per lane: found by its marker, updated in place, never deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covlane.clients.github.api import Pull, Repository, limited
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from covlane.clients.github.api import Api
    from covlane.model.verdict import Verdict

#: GitHub refuses longer comments.
MOST = 65_536
#: The author of comments made with a job's token, which cannot query its own user.
ACTIONS = "github-actions[bot]"
#: Characters reserved for the marker.
RESERVED = 256
_CUT = "\n\n_The rest does not fit into a comment; see the job summary for all of it._\n"


class _User(msgspec.Struct):
    login: str


class _Comment(msgspec.Struct):
    id: int
    body: str | None = None
    user: _User | None = None


def marker(lane: str) -> str:
    """Return the line that identifies a lane's comment; Markdown hides it."""
    return f"<!-- covlane: {lane} -->"


def publish(api: Api, number: int, lane: str, text: str, *, begin: bool = True) -> str:
    """Create or update the lane's comment on a pull request; return a sentence on what was done.

    Args:
        api: the repository.
        number: the pull request.
        lane: the name of the lane; each lane has its own comment.
        text: Markdown.
        begin: whether to create a comment if there is none.

    Raises:
        DeliveryError: GitHub refused it or did not answer.
    """
    body = _fit(f"{marker(lane)}\n{text}")
    author = _author(api)
    for comment in api.pages(f"issues/{number}/comments", _Comment):
        marked = (comment.body or "").partition("\n")[0].strip() == marker(lane)
        if not (marked and comment.user and comment.user.login == author):
            continue
        if _same(comment.body or "", body):
            return f"the comment on #{number} is up to date"
        path = f"repos/{api.repository}/issues/comments/{comment.id}"
        api.read(api.send("PATCH", path, {"body": body}), _Comment)
        return f"updated the comment on #{number}"
    if not begin:
        return f"no change to report, so #{number} gets no comment"
    api.read(api.send("POST", f"repos/{api.repository}/issues/{number}/comments", {"body": body}), _Comment)
    return f"commented on #{number}"


def changed(verdict: Verdict) -> bool:
    """Whether there is something to report: changed statements, a changed total, or a verdict other than pass."""
    total = verdict.total
    moved = total.line_before not in (None, total.line) or total.branch_before not in (None, total.branch)
    return bool(verdict.patch.statements.total) or moved or verdict.outcome != "pass"


def _author(api: Api) -> str:
    answer = api.send("GET", "user")
    if answer.status == 403 and not limited(answer):  # noqa: PLR2004 - "Resource not accessible by integration"
        return ACTIONS
    return api.read(answer, _User).login


def _fit(text: str) -> str:
    if len(text) <= MOST:
        return text
    return text[: MOST - len(_CUT)].rpartition("\n")[0] + _CUT


def _same(old: str, new: str) -> bool:
    return old.replace("\r\n", "\n").strip() == new.strip()


class _Owner(msgspec.Struct):
    login: str


class _Head(msgspec.Struct):
    full_name: str
    owner: _Owner


class _Run(msgspec.Struct):
    """https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run."""

    id: int
    event: str
    head_sha: str
    head_branch: str | None
    repository: Repository
    head_repository: _Head | None


def pulls_of_run(api: Api, run_id: int) -> tuple[int, ...]:
    """Return the open pull requests that a run measured; empty if they have newer commits.

    One branch may have pull requests to several bases, each with the measured commit. Only GitHub's API is asked:
    the run's artifact is controlled by the fork.

    Raises:
        DeliveryError: the run belongs to another repository, or was not for a pull request.
    """
    run = api.get(f"actions/runs/{run_id}", _Run)
    head = run.head_repository
    if (
        run.id != run_id
        or run.repository.full_name.lower() != api.repository.lower()
        or run.event != "pull_request"
    ):
        raise DeliveryError(
            f"run {run_id} is not for a pull request of {api.repository}",
            "run this in a workflow that such a run triggers",
        )
    if head is None or run.head_branch is None:
        return ()
    candidates = api.pages("pulls", Pull, state="open", head=f"{head.owner.login}:{run.head_branch}")
    return tuple(
        pull.number
        for pull in candidates
        if pull.head.sha == run.head_sha
        and pull.head.repo is not None
        and pull.head.repo.full_name == head.full_name
        and pull.base.repo is not None
        and pull.base.repo.full_name.lower() == api.repository.lower()
    )
