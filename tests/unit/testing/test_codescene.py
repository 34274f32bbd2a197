"""The stand-in of CodeScene holds a client to the documented protocol."""

from __future__ import annotations

import gzip
import json
import random
from typing import TYPE_CHECKING

import pytest

from covlane.testing.codescene import Request, StandIn

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACE = "/v2/code-coverage/upload"
ACCEPT = {"accept": "application/json"}
FIELDS = {
    "commit-sha": "0" * 40,
    "repo-url": "https://example.com/o/r",
    "repo-path": "/checkout",
    "format": "lcov",
    "metric": "branch-coverage",
}
REPORT = gzip.compress(b"SF:a.py\nend_of_record\nSF:b.py\nend_of_record\n")


@pytest.fixture
def codescene() -> Iterator[StandIn]:
    with StandIn("t0k3n") as standin:
        yield standin


def announce(fields: object = FIELDS, **headers: str) -> Request:
    kind = {"content-type": "application/json"}
    return Request("POST", PLACE, ACCEPT | kind | headers, json.dumps(fields).encode())


def put(body: bytes = REPORT, number: int = 65, **headers: str) -> Request:
    renamed = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request("PUT", f"{PLACE}/{number}", ACCEPT | {"content-type": "text/plain"} | renamed, body)


def test_the_documented_answers(codescene: StandIn) -> None:
    ref = "/api/v2/code-coverage/upload/65"
    assert codescene.answer(announce(), "Bearer t0k3n") == (
        200,
        {"ok": "upload request accepted", "ref": ref, "id": 65},
    )
    assert codescene.answer(put(), "Bearer t0k3n") == (
        200,
        {"ok": "Successfully parsed lcov data for 2 files."},
    )


def test_an_analysis_is_scheduled_and_noted(codescene: StandIn) -> None:
    started = Request("POST", "/v2/projects/42/run-analysis", ACCEPT, b"")
    assert codescene.answer(started, "Bearer t0k3n")[0] == 200
    assert codescene.analyses == [42]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (Request("POST", "/v2/projects/mine/run-analysis", ACCEPT, b""), 404),
        (Request("GET", "/v2/projects/42/run-analysis", ACCEPT, b""), 404),
        (announce(accept="text/html"), 406),
        (announce(**{"content-type": "text/plain"}), 415),
        (announce([]), 400),
        (announce(FIELDS | {"subpath": "x"}), 400),
        (announce({name: FIELDS[name] for name in FIELDS if name != "repo-path"}), 400),
        (announce(FIELDS | {"commit-sha": 7}), 400),
        (announce(FIELDS | {"format": "cobertura"}), 400),
        (Request("GET", PLACE, ACCEPT, b""), 404),
        (put(number=66), 404),
        (put(content_type="application/gzip"), 415),
        (put(content_encoding="gzip"), 400),
        (put(b"SF:a.py\n"), 400),
        (put(REPORT[:-4]), 400),
        (put(gzip.compress(random.Random(0).randbytes(10_000_000))), 413),
    ],
    ids=str,
)
def test_what_is_not_documented_is_refused(codescene: StandIn, request_: Request, status: int) -> None:
    codescene.answer(announce(), "Bearer t0k3n")
    assert codescene.answer(request_, "Bearer t0k3n")[0] == status


@pytest.mark.parametrize("authorization", ["", "t0k3n", "Bearer other", "Basic t0k3n"])
def test_only_the_bearer_of_the_token_is_let_in(codescene: StandIn, authorization: str) -> None:
    assert codescene.answer(announce(), authorization)[0] == 401
