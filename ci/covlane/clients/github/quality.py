"""GitHub Code Quality: upload the report as Cobertura and wait for the result.

It is a public preview: for repositories whose plan lacks it GitHub answers 404.
"""

from __future__ import annotations

import base64
import gzip
from typing import TYPE_CHECKING, Any

import msgspec

from covlane.clients.wording import shown
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covlane.clients.github.api import Api, Event

#: Seconds between two polls: at first, and at most.
FIRST, LONGEST = 5.0, 60.0
#: The most seconds to wait.
PATIENCE = 160.0


class _Accepted(msgspec.Struct):
    id: str = ""
    message: str = ""


class _Status(msgspec.Struct):
    processing_status: str
    errors: Any = None


def target(event: Event, environ_sha: str, environ_ref: str, repository: str) -> dict[str, object] | str:
    """Return the request fields that name the commit, or a sentence why no report is sent.

    Args:
        event: the one that triggered the run.
        environ_sha: GITHUB_SHA, which for a pull request is a temporary merge commit.
        environ_ref: GITHUB_REF.
        repository: GITHUB_REPOSITORY.
    """
    if event.merge_group is not None:
        return "a merge queue's commits are not reported to GitHub Code Quality"
    if pull := event.pull_request:
        if pull.head.repo is None or pull.head.repo.full_name != repository:
            return "a fork's pull request is not reported to GitHub Code Quality: its token may not write"
        return {"commit_oid": pull.head.sha, "pull_request_number": pull.number}
    return {"commit_oid": environ_sha, "ref": environ_ref}


def send(
    api: Api,
    commit: dict[str, object],
    report: bytes,
    *,
    label: str,
    sleep: Callable[[float], None],
    patience: float = PATIENCE,
) -> str:
    """Send a report, wait until it is processed, and return a sentence on the result.

    Args:
        api: the repository.
        commit: the fields from `target`.
        report: Cobertura XML.
        label: GitHub keeps the last report of each label.
        sleep: waits for a number of seconds.
        patience: the most seconds to wait.

    Raises:
        DeliveryError: GitHub refused it, could not process it, or did not answer.
    """
    body = {
        **commit,
        "coverage_report": base64.b64encode(gzip.compress(report, mtime=0)).decode(),
        "language_name": "Python",
        "label": label,
    }
    answer = api.send("PUT", f"repos/{api.repository}/code-coverage/report", body)
    if answer.status == 404:  # noqa: PLR2004 - the plan lacks it, or the repository has it disabled
        return "skipped: this repository has no GitHub Code Quality (HTTP 404)"
    if answer.status == 500:  # noqa: PLR2004 - seen where the plan lacks it, too
        raise DeliveryError(
            "GitHub Code Quality cannot take the report (HTTP 500)",
            "set github.code-quality = false if this repository's plan lacks it; else try again later",
        )
    accepted = api.read(answer, _Accepted)
    if not accepted.id:
        return f"skipped by GitHub: {shown(accepted.message, token=api.token) or 'it did not say why'}"
    wait, waited = FIRST, 0.0
    while True:
        status = api.get(f"code-coverage/reports/{accepted.id}", _Status)
        if status.processing_status == "succeeded":
            return f"GitHub Code Quality has the report as {label!r}"
        if status.processing_status == "failed":
            errors = shown(msgspec.json.encode(status.errors).decode(), token=api.token)
            raise DeliveryError(
                f"GitHub Code Quality could not process the report: {errors}", "fix what it names"
            )
        if waited >= patience:
            return f"GitHub Code Quality accepted the report and is still processing it after {patience:g} seconds"
        sleep(wait)
        wait, waited = min(2 * wait, LONGEST), waited + wait
