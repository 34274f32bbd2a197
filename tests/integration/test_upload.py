"""The upload over real HTTP and with a real child process: each failure is one sentence without the token."""

from __future__ import annotations

import json
import logging
import socket
import sys
import threading
import time
import traceback
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pytest

from covlane.adapters import files, process
from covlane.adapters.http import Http
from covlane.clients.codescene import rest
from covlane.clients.codescene.delivery import Lane as Client
from covlane.clients.codescene.outbox import Entry, Outbox
from covlane.clients.codescene.submission import Delivered, Part, Submission
from covlane.errors import CovlaneError, DeliveryError, ReportError, ToolError, UsageError
from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t0k3n-of-the-test"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
COBERTURA = b'<coverage><class filename="a.py"/><class filename="b.py"/></coverage>'
LCOV = b"SF:a.py\nend_of_record\nSF:b.py\nend_of_record\n"
LINES = Part("cobertura", "line-coverage", COBERTURA)
BRANCHES = Part("lcov", "branch-coverage", LCOV)
JSON = (("Content-Type", "application/json"),)
DONE = "Uploaded code coverage data done."


@dataclass(frozen=True)
class Call:
    """How cs-coverage was called."""

    argv: list[str]
    environ: dict[str, str]
    cwd: str


@dataclass
class Lane:
    """A repository with a report; `said` is what the upload told while it went."""

    root: Path
    said: list[str] = field(default_factory=list)

    @property
    def calls(self) -> list[Call]:
        """Each run of the program that `has_cs_coverage` put on PATH."""
        lines = (self.root / "bin" / "calls").read_text().splitlines()
        return [Call(**json.loads(line)) for line in lines]

    def has_cs_coverage(self, *outcomes: tuple[int, str]) -> None:
        """Put a program on PATH that notes its call, and ends the n-th time as the n-th outcome says."""
        program = self.root / "bin" / "cs-coverage"
        program.parent.mkdir()
        program.write_text(
            f"#!{sys.executable} -I\n"
            "import json, os, pathlib, sys, time\n"
            "log = pathlib.Path(__file__).with_name('calls')\n"
            "past = log.read_text() if log.exists() else ''\n"
            "call = {'argv': sys.argv[1:], 'environ': dict(os.environ), 'cwd': os.getcwd()}\n"
            "log.write_text(past + json.dumps(call) + '\\n')\n"
            f"outcomes = {list(outcomes)!r}\n"
            "code, text = outcomes[past.count('\\n') % len(outcomes)]\n"
            "print(text, flush=True)\n"
            "time.sleep(60 if code == 99 else 0)\n"
            "sys.exit(code)\n"
        )
        program.chmod(0o755)

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.root / "reports" / "outbox", files.read_bytes, files.write_whole)

    def upload(
        self,
        url: str,
        via: Literal["auto", "cli", "rest"],
        *,
        token: str | None = TOKEN,
        parts: tuple[Part, ...] = (LINES,),
        head: str | None = COMMIT,
        seconds: float = 60,
        timeouts: tuple[float, float] = (5, 60),
        deadline: float = 60,
    ) -> tuple[Delivered, ...]:
        """Put parts into the outbox and deliver what waits there."""
        for part in parts:
            told = Submission(
                commit_sha=COMMIT,
                repo_url="https://example.com/o/r.git",
                repo_path="/checkout",
                format=part.format,
                metric=part.metric,
            )
            self.outbox.put(Entry(url=url, submission=told, files=2, digest=""), part.content)
        with closing(Http(timeouts=timeouts, backoff=0, deadline=deadline)) as http:
            client = Client(
                url=url,
                via=via,
                token=token,
                environ={"PATH": str(self.root / "bin"), "GITHUB_TOKEN": "another-secret"},
                root=self.root,
                head=head,
                outbox=self.outbox,
                http=http,
                stream=process.stream,
                seconds=seconds,
                say=self.said.append,
            )
            return client.deliver(self.outbox.waiting())


@pytest.fixture
def lane(tmp_path: Path) -> Lane:
    return Lane(tmp_path)


def assert_fit_to_be_shown(error: CovlaneError) -> None:
    """One line of cause, one of remedy, and the token neither in them nor in any error behind them."""
    assert len(str(error).splitlines()) == 2
    assert TOKEN not in "".join(traceback.format_exception(error))
    behind: BaseException | None = error
    while behind is not None:
        assert TOKEN not in f"{behind!r} {behind!s} {vars(behind)!r}"
        assert not hasattr(behind, "request")
        behind = behind.__cause__ or behind.__context__


# --- REST ---------------------------------------------------------------------------------------------------


def test_the_documented_two_steps_deliver_each_metric(lane: Lane) -> None:
    with StandIn(TOKEN) as codescene:
        delivered = lane.upload(codescene.url, "rest", parts=(LINES, BRANCHES))
    assert delivered == (
        Delivered("line-coverage", "rest", "Successfully parsed cobertura data for 2 files.", 2),
        Delivered("branch-coverage", "rest", "Successfully parsed lcov data for 2 files.", 2),
    )
    assert [(request.method, request.path) for request in codescene.requests] == [
        ("POST", "/v2/code-coverage/upload"),
        ("PUT", "/v2/code-coverage/upload/65"),
        ("POST", "/v2/code-coverage/upload"),
        ("PUT", "/v2/code-coverage/upload/66"),
    ]
    assert codescene.uploads[65].report == COBERTURA
    assert codescene.uploads[66].report == LCOV
    assert codescene.uploads[65].fields == {
        "commit-sha": COMMIT,
        "repo-url": "https://example.com/o/r.git",
        "repo-path": "/checkout",
        "format": "cobertura",
        "metric": "line-coverage",
    }
    assert [line.split(":")[0] for line in lane.said] == ["line-coverage by rest", "branch-coverage by rest"]
    assert lane.outbox.waiting() == []


def announced(number: object = 65) -> Fault:
    return Fault(body=json.dumps({"ok": "upload request accepted", "id": number}).encode())


@pytest.mark.parametrize(
    ("faults", "cause"),
    [
        pytest.param([Fault(401)], "does not accept the token (HTTP 401)", id="unauthorised"),
        pytest.param([Fault(403)], "does not allow this for the token's owner", id="forbidden"),
        pytest.param([Fault(404)], "does not know this address (HTTP 404)", id="wrong address"),
        pytest.param([announced(), Fault(413)], "too large (HTTP 413)", id="too large"),
        pytest.param([Fault(429)] * 4, "received too many requests (HTTP 429)", id="limited"),
        pytest.param([Fault(503)] * 4, "has a server error (HTTP 503)", id="unavailable"),
        pytest.param([Fault(500)], "has a server error (HTTP 500)", id="broken"),
        pytest.param([Fault(418, b'{"error": "teapot"}')], "(HTTP 418: teapot)", id="other"),
        pytest.param(
            [Fault(302, headers=(("Location", f"https://login.example.com/?{TOKEN}"),))],
            "answered 302, a redirect to login.example.com",
            id="redirect",
        ),
        pytest.param([Fault(307)], "answered 307, a redirect, which", id="redirect to nowhere"),
        pytest.param(
            [Fault(308, headers=(("Location", "/v2/elsewhere"),))],
            "a redirect, which",
            id="redirect to itself",
        ),
        pytest.param(
            [Fault(301, headers=(("Location", "file:///etc/passwd"),))],
            "a redirect, which",
            id="redirect to a file",
        ),
        pytest.param(
            [announced(), Fault(302, headers=(("Location", "https://other.example.com/"),))],
            "a redirect to other.example.com",
            id="redirected PUT",
        ),
        pytest.param(
            [Fault(body=b"<html>", headers=(("Content-Type", "text/html\x1b[2J"),))],
            "answered with text/html[2J instead of JSON",
            id="html",
        ),
        pytest.param(
            [Fault(body=b'{"error": "no\\u001b luck"}')], "refused this: no luck", id="error in 200"
        ),
        pytest.param([announced(), Fault(body=b'{"error": "bad"}')], "refused this: bad", id="error in PUT"),
        pytest.param([announced("65/../../x")], "instead of JSON", id="id no number"),
        pytest.param([announced(True)], "instead of JSON", id="id a boolean"),
        pytest.param([announced(-1)], "instead of JSON", id="id negative"),
        pytest.param([announced(None)], "announced no upload id", id="id missing"),
        pytest.param([announced(7)], "does not know this address (HTTP 404: Not found)", id="id unknown"),
        pytest.param([Fault(kind="reset")] * 4, "broke the connection off", id="reset"),
        pytest.param([Fault(kind="early")] * 4, "broke the connection off", id="reset early"),
        pytest.param([Fault(kind="half")], "broke the connection off", id="half an answer"),
        pytest.param([announced(), Fault(kind="half")], "broke the connection off", id="half at the end"),
        pytest.param([announced()] + [Fault(kind="reset")] * 4, "broke the connection off", id="reset PUT"),
        pytest.param(
            [announced(), Fault(body=b'{"ok": "Successfully parsed lcov data for 0 files."}')],
            "found no files in the report",
            id="nothing parsed",
        ),
        pytest.param(
            [Fault(400, f'{{"error": "{TOKEN}"}}'.encode())], "HTTP 400: <hidden>", id="token echoed"
        ),
        pytest.param([Fault(400, b"\xff\x00" * 100_000)], "refused this (HTTP 400)", id="long rubbish"),
        pytest.param([Fault(body=b" " * 20_000_000)], "instead of JSON", id="huge answer"),
    ],
)
def test_each_fault_of_the_api_is_one_sentence(
    lane: Lane, faults: list[Fault], cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with StandIn(TOKEN, tuple(faults)) as codescene, pytest.raises(DeliveryError) as caught:
        lane.upload(codescene.url, "rest")
    assert cause in caught.value.cause
    assert caught.value.cause.startswith("line-coverage was not delivered: ")
    assert caught.value.remedy.endswith("; it is kept in reports/outbox/: `invoke upload --resume` sends it")
    assert_fit_to_be_shown(caught.value)
    assert TOKEN not in caplog.text + "".join(lane.said)
    assert not codescene.faults
    assert [lane.outbox.content(waiting) for waiting in lane.outbox.waiting()] == [COBERTURA]


REAL = (("Retry-After", "86400"), *JSON)


@pytest.mark.parametrize("stage", ["POST", "PUT"])
@pytest.mark.parametrize(
    "faults",
    [
        *(pytest.param([Fault(status)] * 3, id=str(status)) for status in (429, 502, 503, 504)),
        pytest.param([Fault(429, headers=REAL)], id="429 until tomorrow"),
        pytest.param(
            [Fault(503, headers=(("Retry-After", "soon"), *JSON))], id="503 with an odd Retry-After"
        ),
        *(pytest.param([Fault(kind=kind)] * 2, id=kind) for kind in ("reset", "early", "lost")),
    ],
)
def test_a_passing_fault_is_outlasted(lane: Lane, stage: str, faults: list[Fault]) -> None:
    if stage == "PUT":
        faults = [announced(), *faults]
    with StandIn(TOKEN) as codescene:
        first = LINES._replace(content=b'<class filename="z.py"/>')
        lane.upload(codescene.url, "rest", parts=(first,))  # so that id 65 exists
        codescene.faults.extend(faults)
        assert lane.upload(codescene.url, "rest")[0].files == 2
    assert [upload.report for upload in codescene.uploads.values()].count(COBERTURA) == 1


@pytest.mark.parametrize("fault", [Fault(401), Fault(403), Fault(400), Fault(404), Fault(500)], ids=str)
def test_a_refusal_is_not_asked_again(lane: Lane, fault: Fault) -> None:
    with StandIn(TOKEN, (fault,)) as codescene, pytest.raises(DeliveryError):
        lane.upload(codescene.url, "rest")
    assert len(codescene.requests) == 1


def test_an_analysis_that_may_have_been_started_is_not_asked_for_again() -> None:
    with StandIn(TOKEN, (Fault(kind="lost"),)) as codescene, closing(Http(backoff=0)) as http:
        with pytest.raises(DeliveryError, match="broke the connection off"):
            rest.analyse(http, url=codescene.url, token=TOKEN, project="42")
        assert codescene.analyses == [42]


@pytest.mark.parametrize(
    "beginning",
    [b"", b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"],
    ids=["status", "headers", "body"],
)
def test_an_answer_that_drips_is_given_up_although_each_byte_is_in_time(lane: Lane, beginning: bytes) -> None:
    with StandIn(TOKEN, (Fault(kind="drip", body=beginning),)) as codescene:
        with pytest.raises(DeliveryError, match=r"did not end its answer within 0\.5 seconds") as caught:
            lane.upload(codescene.url, "rest", deadline=0.5)
        assert_fit_to_be_shown(caught.value)


def test_a_report_may_take_longer_to_send_than_a_connection_to_make() -> None:
    """A line of some Mbit/s takes that long for 10 MB; urllib3 counts the sending of a body as connecting."""
    body, came = bytes(16_000_000), 0
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def take() -> None:
            nonlocal came
            peer, _ = listener.accept()
            with peer:
                while came < len(body):
                    came += len(peer.recv(262_144))
                    time.sleep(0.02)
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=take, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with closing(Http(timeouts=(1, 60), retries=0)) as http:
            assert http.send("PUT", url, token=TOKEN, headers={}, body=body).accepted


def test_fewer_files_read_than_sent_are_said(lane: Lane) -> None:
    fewer = Fault(body=b'{"ok": "Successfully parsed cobertura data for 1 files."}')
    with StandIn(TOKEN, (announced(), fewer)) as codescene:
        assert lane.upload(codescene.url, "rest")[0].files == 1
    assert lane.said[-1] == "line-coverage: CodeScene read only 1 of 2 files"


def test_a_server_that_does_not_answer_is_given_up(lane: Lane) -> None:
    with StandIn(TOKEN, (Fault(kind="slow"),) * 4) as codescene:
        with pytest.raises(DeliveryError, match="did not answer in time") as caught:
            lane.upload(codescene.url, "rest", timeouts=(5, 0.2))
        assert_fit_to_be_shown(caught.value)


def test_a_server_that_is_not_there_is_one_sentence(lane: Lane) -> None:
    with StandIn(TOKEN) as gone:
        pass
    with pytest.raises(DeliveryError, match=r"http://127\.0\.0\.1:\d+ cannot be reached") as caught:
        lane.upload(gone.url, "rest")
    assert_fit_to_be_shown(caught.value)


def test_a_server_that_speaks_no_tls_is_one_sentence(lane: Lane) -> None:
    with StandIn(TOKEN) as codescene, pytest.raises(DeliveryError, match="no TLS connection") as caught:
        lane.upload(codescene.url.replace("http:", "https:"), "rest")
    assert_fit_to_be_shown(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/v2",
        "ftp://127.0.0.1/v2",
        "https://user:pw@example.com/v2",
        "https://[::1/v2",
        "example.com/v2",
        "",
    ],
)
def test_the_token_is_sent_to_no_doubtful_address(lane: Lane, url: str) -> None:
    with pytest.raises(UsageError, match="a token is not sent to") as caught:
        lane.upload(url, "rest")
    assert "pw" not in str(caught.value)


def test_the_token_is_used_although_netrc_knows_the_host(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = lane.root / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with StandIn(TOKEN) as codescene:
        assert lane.upload(codescene.url, "rest")


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("https_proxy", "http://user:pw@127.0.0.1:9", "cannot be reached through the proxy"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/ca.pem", "cannot be asked"),
    ],
)
def test_proxy_and_certificates_of_the_environment_are_honoured(
    lane: Lane, monkeypatch: pytest.MonkeyPatch, name: str, value: str, cause: str
) -> None:
    for other in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, value)
    with pytest.raises(DeliveryError, match=cause) as caught:
        lane.upload("https://codescene.invalid/v2", "rest")
    assert "pw" not in str(caught.value)
    assert_fit_to_be_shown(caught.value)


def test_loopback_is_asked_without_the_proxy(lane: Lane, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    with StandIn(TOKEN) as codescene:
        assert lane.upload(codescene.url, "rest")


def test_a_second_metric_that_fails_is_named_and_waits_alone(lane: Lane) -> None:
    empty = BRANCHES._replace(content=b"")
    with StandIn(TOKEN) as codescene, pytest.raises(DeliveryError, match=r"^branch-coverage was not"):
        lane.upload(codescene.url, "rest", parts=(LINES, empty))
    assert len(lane.said) == 1
    assert [waiting.entry.submission.metric for waiting in lane.outbox.waiting()] == ["branch-coverage"]


def test_a_report_that_was_damaged_in_the_outbox_is_not_sent(lane: Lane) -> None:
    with pytest.raises(UsageError):
        lane.upload("https://example.com", "rest", token="")
    (waiting,) = lane.outbox.waiting()
    waiting.report.write_bytes(COBERTURA[:-1])
    with StandIn(TOKEN) as codescene, pytest.raises(ReportError, match="is missing or was changed"):
        lane.upload(codescene.url, "rest", parts=())
    assert not codescene.requests


def test_what_waits_for_another_codescene_is_not_sent_to_this_one(lane: Lane) -> None:
    with pytest.raises(UsageError):
        lane.upload("https://codescene.example.com", "rest", token="")
    with StandIn(TOKEN) as codescene:
        with pytest.raises(DeliveryError, match=r"made for https://codescene\.example\.com") as caught:
            lane.upload(codescene.url, "rest", parts=())
        assert_fit_to_be_shown(caught.value)
    assert not codescene.requests


@pytest.mark.parametrize("token", [None, "", " \n"])
def test_a_missing_token_is_named_and_nothing_is_sent(lane: Lane, token: str | None) -> None:
    with StandIn(TOKEN) as codescene, pytest.raises(UsageError, match="CS_ACCESS_TOKEN is not set"):
        lane.upload(codescene.url, "rest", token=token)
    assert not codescene.requests


@pytest.mark.parametrize("token", [f"{TOKEN}\nX: y", f"{TOKEN} x", f"{TOKEN}é", f"{TOKEN}\x00"])
def test_what_cannot_be_a_token_is_refused_unseen(lane: Lane, token: str) -> None:
    with pytest.raises(UsageError, match="CS_ACCESS_TOKEN contains") as caught:
        lane.upload("https://example.com", "rest", token=token)
    assert_fit_to_be_shown(caught.value)


def test_the_newline_at_a_secret_s_end_is_no_part_of_the_token(lane: Lane) -> None:
    with StandIn(TOKEN) as codescene:
        assert lane.upload(codescene.url, "rest", token=TOKEN + "\n")


# --- cs-coverage --------------------------------------------------------------------------------------------


def test_cs_coverage_is_called_as_documented_with_the_token_in_its_environment_only(lane: Lane) -> None:
    lane.has_cs_coverage((0, DONE))
    delivered = lane.upload("https://api.codescene.io/v2", "cli", parts=(LINES, BRANCHES))
    assert delivered == (
        Delivered("line-coverage", "cli", DONE),
        Delivered("branch-coverage", "cli", DONE),
    )
    folder = lane.root / "reports" / "outbox"
    xml = str(folder / "000001-0123456789-line-coverage.xml")
    lcov = str(folder / "000002-0123456789-branch-coverage.info")
    assert [call.argv for call in lane.calls] == [
        ["upload", "--format", "cobertura", "--metric", "line-coverage", xml],
        ["upload", "--format", "lcov", "--metric", "branch-coverage", lcov],
    ]
    first = lane.calls[0]
    assert first.cwd == str(lane.root)
    assert first.environ["CS_ACCESS_TOKEN"] == TOKEN
    assert first.environ["CS_DISABLE_VERSION_CHECK"] == "1"
    assert "another-secret" not in first.environ.values()


@pytest.mark.parametrize(
    ("code", "output", "cause"),
    [
        (
            0,
            f'Usage error: No. CodeScene only analyse the following branches: ("main")\n{DONE}',
            'not counted: CodeScene analyses only "main"',
        ),
        (0, "The coverage data does not contains any records related to the current repo", "finds no path"),
        (1, f"401 Unauthorized: {TOKEN}", "does not accept the token: 401 Unauthorized: <hidden>"),
        (2, "\x1b[31mfell over", "exit code 2: [31mfell over"),
        (1, "No matching field found: close for class java.io.InputStreamReader", "cannot read the report"),
    ],
)
def test_each_message_of_cs_coverage_is_one_sentence(lane: Lane, code: int, output: str, cause: str) -> None:
    lane.has_cs_coverage((code, output))
    with pytest.raises(DeliveryError) as caught:
        lane.upload("https://api.codescene.io/v2", "cli")
    assert cause in caught.value.cause
    assert caught.value.remedy.endswith("; it is kept in reports/outbox/: `invoke upload --resume` sends it")
    assert_fit_to_be_shown(caught.value)


def test_the_token_in_a_success_s_words_is_hidden(lane: Lane) -> None:
    lane.has_cs_coverage((0, f"{DONE} Bearer {TOKEN}"))
    assert lane.upload("https://api.codescene.io/v2", "cli")[0].message == f"{DONE} Bearer <hidden>"
    assert lane.said[0] == f"  cs-coverage: {DONE} Bearer <hidden>"
    assert TOKEN not in "".join(lane.said)


def test_cs_coverage_that_does_not_end_is_stopped(lane: Lane) -> None:
    lane.has_cs_coverage((99, TOKEN))
    with pytest.raises(DeliveryError, match="did not end within 1 seconds") as caught:
        lane.upload("https://api.codescene.io/v2", "cli", seconds=1)
    assert_fit_to_be_shown(caught.value)


def test_cs_coverage_that_is_demanded_and_missing_is_a_missing_tool(lane: Lane) -> None:
    with pytest.raises(ToolError, match="cs-coverage is not on PATH"):
        lane.upload("https://api.codescene.io/v2", "cli")


# --- "auto" -------------------------------------------------------------------------------------------------


def test_auto_takes_cs_coverage_where_it_is(lane: Lane) -> None:
    lane.has_cs_coverage((0, DONE))
    assert lane.upload("https://api.codescene.io/v2", "auto")[0].via == "cli"


def test_auto_takes_rest_where_cs_coverage_is_not(lane: Lane) -> None:
    with StandIn(TOKEN) as codescene:
        assert lane.upload(codescene.url, "auto")[0].via == "rest"


def test_auto_turns_to_rest_where_cs_coverage_cannot_read_the_report_and_says_so(lane: Lane) -> None:
    lane.has_cs_coverage((1, "No matching field found: close for class java.io.InputStreamReader"), (0, DONE))
    with StandIn(TOKEN) as codescene:
        delivered = lane.upload(codescene.url, "auto", parts=(LINES, BRANCHES))
    assert [done.via for done in delivered] == ["rest", "cli"]
    assert lane.said[1].endswith("; sending it by REST instead")


def test_auto_takes_rest_for_a_commit_that_is_not_checked_out(lane: Lane) -> None:
    lane.has_cs_coverage((0, DONE))
    with StandIn(TOKEN) as codescene:
        assert lane.upload(codescene.url, "auto", head="f" * 40)[0].via == "rest"


def test_cs_coverage_is_not_run_for_a_commit_that_is_not_checked_out(lane: Lane) -> None:
    lane.has_cs_coverage((0, DONE))
    with pytest.raises(DeliveryError, match="which is not 0123456789"):
        lane.upload("https://api.codescene.io/v2", "cli", head="f" * 40)


def test_auto_does_not_ask_twice_what_codescene_refused(lane: Lane) -> None:
    lane.has_cs_coverage((1, "401 Unauthorized"))
    with StandIn(TOKEN) as codescene, pytest.raises(DeliveryError):
        lane.upload(codescene.url, "auto")
    assert not codescene.requests
