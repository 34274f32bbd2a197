"""GitHub Code Quality: what a report is of, and what becomes of it."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from covlane.adapters.http import Http
from covlane.clients.github import quality
from covlane.clients.github.api import Event, Pull, Repository, Side, api, event
from covlane.errors import DeliveryError, UsageError
from covlane.testing.faults import Fault
from covlane.testing.github import GitHub

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = "team/calc"
TOLD: dict[str, object] = {"commit_oid": "a" * 40, "ref": "refs/heads/main"}
XML = b"<coverage/>"


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(REPOSITORY, {"t0k3n": {"code-quality": "write"}, "readonly": {}}) as standin:
        yield standin


def send(github: GitHub, token: str = "t0k3n", label: str = "coverage") -> tuple[str, list[float]]:
    waited: list[float] = []
    environ = {"GITHUB_TOKEN": token, "GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY}
    with closing(Http(backoff=0)) as http:
        said = quality.send(api(http, environ), TOLD, XML, label=label, sleep=waited.append)
    return said, waited


def test_a_report_is_sent_and_waited_for(github: GitHub) -> None:
    assert send(github) == ("GitHub Code Quality has the report as 'coverage'", [5.0, 10.0])
    (report,) = github.reports
    assert (report["commit_oid"], report["ref"], report["language_name"]) == (
        "a" * 40,
        "refs/heads/main",
        "Python",
    )
    assert report["coverage_report"] == XML


def test_nobody_waits_for_ever(github: GitHub) -> None:
    github.statuses = ["pending"]
    said, waited = send(github)
    assert "is still processing it after 160 seconds" in said
    assert waited == [5, 10, 20, 40, 60, 60]


def test_a_report_that_cannot_be_processed_is_an_error(github: GitHub) -> None:
    github.statuses = ["failed"]
    with pytest.raises(DeliveryError, match="no lines"):
        send(github)


def test_what_github_skips_is_said_with_its_reason(github: GitHub) -> None:
    github.skips = "merge commits\x1b[31m are skipped"
    assert send(github)[0] == "skipped by GitHub: merge commits[31m are skipped"


def test_a_repository_without_code_quality_is_skipped(github: GitHub) -> None:
    github.has_quality = False
    assert send(github)[0] == "skipped: this repository has no GitHub Code Quality (HTTP 404)"


def test_an_error_that_a_plan_without_it_gives_is_told_with_both_remedies(github: GitHub) -> None:
    github.faults.append(Fault(500, b'{"message": "Internal Server Error"}'))
    with pytest.raises(DeliveryError, match="cannot take the report") as caught:
        send(github)
    assert "set github.code-quality = false" in caught.value.remedy


def test_a_token_without_the_permission_is_refused(github: GitHub) -> None:
    with pytest.raises(DeliveryError, match="not authorized"):
        send(github, "readonly")


def pull(repository: str | None) -> Event:
    repo = Repository(repository) if repository else None
    return Event(pull_request=Pull(7, Side("b" * 40, repo), Side("c" * 40, Repository(REPOSITORY))))


def test_a_pull_request_is_reported_for_its_head_and_not_for_the_merge() -> None:
    told = quality.target(pull(REPOSITORY), "a" * 40, "refs/pull/7/merge", REPOSITORY)
    assert told == {"commit_oid": "b" * 40, "pull_request_number": 7}


@pytest.mark.parametrize("fork", ["dev/calc", None])
def test_a_fork_s_pull_request_is_skipped(fork: str | None) -> None:
    assert "fork" in str(quality.target(pull(fork), "a" * 40, "refs/pull/7/merge", REPOSITORY))


def test_a_merge_queue_is_skipped() -> None:
    assert "merge queue" in str(quality.target(Event(merge_group={}), "a" * 40, "refs/heads/x", REPOSITORY))


def test_a_push_is_reported_for_its_commit() -> None:
    assert quality.target(Event(), "a" * 40, "refs/heads/main", REPOSITORY) == TOLD


@pytest.mark.parametrize("content", [b"", b"[]", b'{"pull_request": 1}', b"\xff", b"[" * 100_000])
def test_an_event_that_is_none_is_one_sentence(content: bytes) -> None:
    with pytest.raises(UsageError, match="is not an event"):
        event(content)
