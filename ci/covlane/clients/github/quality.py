"""GitHub Code Quality: the report as Cobertura, for a commit, and what became of it.

It is a public preview: repositories whose plan lacks it are answered 404.
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

#: Seconds between two questions: the first, and the longest.
FIRST, LONGEST = 5.0, 60.0
#: Seconds after which nobody waits any longer.
PATIENCE = 160.0


class _Accepted(msgspec.Struct):
    id: str = ""
    message: str = ""


class _Status(msgspec.Struct):
    processing_status: str
    errors: Any = None


def target(event: Event, environ_sha: str, environ_ref: str, repository: str) -> dict[str, object] | str:
    """Return the fields that say what a report is of, or in words why there is none to send.

    Args:
        event: the one that the runner works for.
        environ_sha: GITHUB_SHA, which for a pull request is a merge that is nowhere else.
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
    told: dict[str, object],
    report: bytes,
    *,
    label: str,
    sleep: Callable[[float], None],
    patience: float = PATIENCE,
) -> str:
    """Send a report, wait until it is processed, and return in words what became of it.

    Args:
        api: the repository.
        told: as `target` gives it.
        report: Cobertura's XML.
        label: of several reports with one label, GitHub keeps the last.
        sleep: waits for so many seconds.
        patience: how many seconds at most.

    Raises:
        DeliveryError: GitHub refused it, could not process it, or no answer came.
    """
    body = {
        **told,
        "coverage_report": base64.b64encode(gzip.compress(report, mtime=0)).decode(),
        "language_name": "Python",
        "label": label,
    }
    answer = api.send("PUT", f"repos/{api.repository}/code-coverage/report", body)
    if answer.status == 404:  # noqa: PLR2004 - the plan lacks it, or the repository has it off
        return "skipped: this repository has no GitHub Code Quality (HTTP 404)"
    if answer.status == 500:  # noqa: PLR2004 - seen where the plan lacks it, too
        raise DeliveryError(
            "GitHub Code Quality cannot take the report (HTTP 500)",
            "if this repository's plan lacks it, set github.code-quality = false; else try again later",
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
                f"GitHub Code Quality could not process the report: {errors}", "mend what it names"
            )
        if waited >= patience:
            return f"GitHub Code Quality took the report and still works on it after {patience:g} seconds"
        sleep(wait)
        wait, waited = min(2 * wait, LONGEST), waited + wait
