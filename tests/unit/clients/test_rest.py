"""What REST refuses before it sends, and how it uses the id that an upload has already."""

from __future__ import annotations

import json
import random
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from covlane.adapters.http import Answer, Http
from covlane.clients.codescene import rest
from covlane.clients.codescene.outbox import Entry
from covlane.clients.codescene.submission import Submission
from covlane.errors import DeliveryError, UsageError
from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD = Submission(
    commit_sha="0" * 40,
    repo_url="https://example.com/o/r",
    repo_path="/checkout",
    format="lcov",
    metric="branch-coverage",
)
#: Objects with the keys that are looked at, and values of all kinds.
JSON_OBJECTS = st.dictionaries(
    st.sampled_from(["ok", "error", "errors", "id", "x"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda part: st.lists(part, max_size=2) | st.dictionaries(st.text(max_size=3), part, max_size=2),
        max_leaves=4,
    ),
).map(lambda value: json.dumps(value).encode())
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
            "CodeScene did not start an analysis: rate limit for daily analysis jobs exceeded; the next one reads",
        ),
        (
            Fault(400, b'{"error": "rate limit for daily analysis jobs"}'),
            "CodeScene did not start an analysis",
        ),
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
        (Fault(404), "does not know this address"),
        (Fault(body=b'{"error": "no such project"}'), "refused this: no such project"),
        (Fault(body=b"<html>"), "instead of JSON"),
    ],
)
def test_an_analysis_that_does_not_start_is_a_failure(codescene: StandIn, fault: Fault, cause: str) -> None:
    codescene.faults.append(fault)
    with closing(Http(backoff=0)) as http, pytest.raises(DeliveryError, match=cause):
        rest.analyse(http, url=codescene.url, token="t0k3n", project="42")


NO_SUCCESS = [
    Fault(204, b"", ()),
    Fault(200, b"", ()),
    Fault(200, b"", (("Content-Type", "text/html"),)),
    Fault(202, b" \n"),
    *(
        Fault(body=body)
        for body in (
            b"{}",
            b"[]",
            b"null",
            b"true",
            b'"ok"',
            b"ok",
            b'{"ok": false}',
            b'{"ok": true}',
            b'{"ok": null}',
            b'{"ok": ""}',
            b'{"ok": " "}',
            b'{"ok": 1}',
            b'{"ok": {"ok": "yes"}}',
            b'{"OK": "yes"}',
            b'{"errors": ["bad"]}',
            b'{"error": {"code": 7}}',
            b'{"error": 7}',
            b'{"ok": "done", "error": "bad"}',
            b'{"ok": "done", "errors": ["bad"]}',
            b'{"ok": "done"',
            b'{"ok": "\xff"}',
            b"\xff\xfe{\x00}\x00",
            b'\xef\xbb\xbf{"ok": "done"}',
            b"[" * 60_000,
            b'{"ok": ' + b"[" * 60_000,
            b'{"error": ' + b"[" * 900 + b"]" * 900 + b"}",
            b'{"id": 1e999, "ok": NaN}',
            b"<html>login</html>",
        )
    ),
]


@pytest.mark.parametrize("fault", NO_SUCCESS, ids=lambda fault: repr(fault.body[:30]))
def test_what_is_not_documented_as_a_success_is_none(codescene: StandIn, fault: Fault) -> None:
    codescene.faults.extend([Fault(body=b'{"ok": "upload request accepted", "id": 65}'), fault])
    with pytest.raises(DeliveryError, match=r"CodeScene (answered|refused)") as caught:
        send(codescene)
    assert len(str(caught.value)) < 600
    assert str(caught.value).replace("\n", "").isprintable()
    codescene.faults.append(fault)
    with closing(Http(backoff=0)) as http, pytest.raises(DeliveryError):
        rest.analyse(http, url=codescene.url, token="t0k3n", project="42")


@pytest.mark.parametrize(
    "number", [b'"65"', b"1.5", b"1e3", b"-1", b"true", b"[65]", b"9" * 30, b"{}", b"null", b'"../x"']
)
def test_an_id_that_is_no_number_is_put_into_no_address(codescene: StandIn, number: bytes) -> None:
    codescene.faults.append(Fault(body=b'{"ok": "upload request accepted", "id": ' + number + b"}"))
    with pytest.raises(DeliveryError, match=r"announced no upload id|instead of JSON"):
        send(codescene)
    assert len(codescene.requests) == 1


@given(
    st.integers(200, 599).filter(lambda status: status // 100 != 3), st.binary(max_size=100) | JSON_OBJECTS
)
def test_any_answer_is_the_documented_success_or_a_sentence(status: int, body: bytes) -> None:
    class Answering(Http):
        def send(self, *_: object, **__: object) -> Answer:
            return Answer(status, "application/json", body)

    entry = Entry(url="https://example.com", submission=TOLD, files=1, digest="", id=7)
    said = ""
    with suppress(DeliveryError):
        said = rest.send(Answering(), token="t0k3n", entry=entry, report=REPORT, announced=id).message
    assert not said or (status < 300 and json.loads(body)["ok"].strip())


def test_fewer_files_than_had_something_to_measure_are_no_success(codescene: StandIn) -> None:
    record = "SF:{}.py\nBRDA:1,0,0,1\nend_of_record\n"
    report = "".join(map(record.format, "abc")) + "SF:empty.py\nend_of_record\n"
    announced = Fault(body=b'{"ok": "upload request accepted", "id": 65}')
    fewer = Fault(body=b'{"ok": "Successfully parsed lcov data for 2 files."}')
    codescene.faults.extend([announced, fewer])
    with pytest.raises(DeliveryError, match="CodeScene parsed 2 of the 3 files"):
        send(codescene, report=report.encode())
    codescene.faults.extend([announced, Fault(body=b'{"ok": "Successfully parsed lcov data for 3 files."}')])
    send(codescene, report=report.encode())


def test_an_entry_cannot_send_the_token_to_a_doubtful_address() -> None:
    entry = Entry(url="http://example.com/v2", submission=TOLD, files=1, digest="")
    with closing(Http()) as http, pytest.raises(UsageError, match="a token is not sent to"):
        rest.send(http, token="t", entry=entry, report=REPORT, announced=print)


def test_an_announcement_has_the_documented_names() -> None:
    assert set(msgspec.to_builtins(TOLD)) == {"commit-sha", "repo-url", "repo-path", "format", "metric"}
