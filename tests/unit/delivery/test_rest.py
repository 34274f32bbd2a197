"""What REST refuses before it sends, and how it uses the id that an upload has already."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import msgspec
import pytest

from covlane.adapters.http import Http
from covlane.delivery.codescene import rest
from covlane.delivery.codescene.outbox import Entry
from covlane.delivery.codescene.submission import Submission
from covlane.errors import DeliveryError, UsageError
from covlane.standin.codescene import StandIn
from covlane.standin.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD = Submission(
    commit_sha="0" * 40,
    repo_url="https://example.com/o/r",
    repo_path="/checkout",
    format="lcov",
    metric="branch-coverage",
)
REPORT = b"SF:a.py\nend_of_record\n"


@pytest.fixture
def codescene() -> Iterator[StandIn]:
    with StandIn("t0k3n") as standin:
        yield standin


def send(codescene: StandIn, number: int | None = None, report: bytes = REPORT) -> list[int]:
    """Send a report and return the ids that it was announced under."""
    announced: list[int] = []
    entry = Entry(url=codescene.url, submission=TOLD, files=1, digest="", id=number)
    with closing(Http(backoff=0)) as http:
        rest.send(http, token="t0k3n", entry=entry, report=report, announced=announced.append)
    return announced


def test_a_report_beyond_10_mb_compressed_is_refused_before_anything_is_sent(codescene: StandIn) -> None:
    with pytest.raises(DeliveryError, match="10,000,000") as caught:
        send(codescene, report=random.Random(0).randbytes(rest.MOST_COMPRESSED))
    assert "`omit`" in caught.value.remedy
    assert not codescene.requests


def test_an_upload_s_id_is_told_before_the_report_is_sent(codescene: StandIn) -> None:
    codescene.faults.extend([Fault(body=b'{"ok": "", "id": 65}'), Fault(401)])
    announced: list[int] = []
    entry = Entry(url=codescene.url, submission=TOLD, files=1, digest="")
    with closing(Http(backoff=0)) as http, pytest.raises(DeliveryError):
        rest.send(http, token="t0k3n", entry=entry, report=REPORT, announced=announced.append)
    assert announced == [65]


def test_an_upload_that_has_an_id_is_put_there_and_not_announced_again(codescene: StandIn) -> None:
    (number,) = send(codescene)
    assert send(codescene, number) == []
    assert [upload.puts for upload in codescene.uploads.values()] == [2]


@pytest.mark.parametrize("status", [404, 409, 410])
def test_an_id_that_codescene_does_not_take_any_more_is_given_up(codescene: StandIn, status: int) -> None:
    codescene.faults.append(Fault(status))
    assert send(codescene, 7) == [65]


def test_another_refusal_of_an_id_is_no_reason_for_a_new_one(codescene: StandIn) -> None:
    codescene.faults.append(Fault(400))
    with pytest.raises(DeliveryError, match="HTTP 400"):
        send(codescene, 7)
    assert not codescene.uploads


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (None, "CodeScene starts an analysis: Analysis scheduled"),
        (
            Fault(body=b'{"error": "rate limit for daily analysis jobs exceeded"}'),
            "CodeScene starts no analysis now: rate limit for daily analysis jobs exceeded; the next one reads",
        ),
        (Fault(400, b'{"error": "rate limit for daily analysis jobs"}'), "CodeScene starts no analysis now"),
    ],
)
def test_an_analysis_is_started_and_a_spent_daily_limit_is_a_notice(
    codescene: StandIn, fault: Fault | None, said: str
) -> None:
    codescene.faults.extend([fault] if fault else [])
    with closing(Http(backoff=0)) as http:
        assert rest.analyse(http, url=codescene.url, token="t0k3n", project="42").startswith(said)
    assert codescene.requests[0].path == "/v2/projects/42/run-analysis"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        (Fault(404), "has no such address"),
        (Fault(body=b'{"error": "no such project"}'), "refused this: no such project"),
        (Fault(body=b"<html>"), "instead of its JSON"),
    ],
)
def test_an_analysis_that_does_not_start_is_a_failure(codescene: StandIn, fault: Fault, cause: str) -> None:
    codescene.faults.append(fault)
    with closing(Http(backoff=0)) as http, pytest.raises(DeliveryError, match=cause):
        rest.analyse(http, url=codescene.url, token="t0k3n", project="42")


def test_an_entry_cannot_send_the_token_to_a_doubtful_address() -> None:
    entry = Entry(url="http://example.com/v2", submission=TOLD, files=1, digest="")
    with closing(Http()) as http, pytest.raises(UsageError, match="a token is not sent to"):
        rest.send(http, token="t", entry=entry, report=REPORT, announced=print)


def test_an_announcement_has_the_documented_names() -> None:
    assert set(msgspec.to_builtins(TOLD)) == {"commit-sha", "repo-url", "repo-path", "format", "metric"}
