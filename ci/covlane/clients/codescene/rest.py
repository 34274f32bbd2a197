"""CodeScene's REST API: announce an upload, put the report where it says, and start an analysis."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import msgspec

from covlane.clients.codescene.submission import Delivered, measured
from covlane.clients.wording import shown
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covlane.adapters.http import Answer, Http
    from covlane.clients.codescene.outbox import Entry

#: "The compressed data must not exceed 10 MB" (CodeScene's REST documentation); the smaller reading of MB.
MOST_COMPRESSED = 10_000_000
#: Statuses for an upload id that is no longer valid.
_GONE = {404, 409, 410}
#: JSON values of `error` that mean no error.
_NOTHING = {b"", b"null", b"false", b'""', b"[]", b"{}"}
#: Bytes of an unexpected answer that an error may quote.
_QUOTED = 1_000

_REFUSALS = {
    401: ("does not accept the token", "set CS_ACCESS_TOKEN to an unexpired token of this CodeScene"),
    403: (
        "does not allow this for the token's owner",
        "grant that user the right, or use another token",
    ),
    404: (
        "does not know this address",
        "check codescene.url: it ends with /v2 on cloud and with /api/v2 elsewhere",
    ),
    413: ("finds the report too large", "leave generated code out with `omit`"),
    429: ("received too many requests", "wait some minutes"),
}


class _Reply(msgspec.Struct):
    """The answer to every step; the announcement's has an `id`. Fields may be of any type and are kept as text."""

    id: msgspec.Raw = msgspec.Raw()
    ok: msgspec.Raw = msgspec.Raw()
    error: msgspec.Raw = msgspec.Raw()
    errors: msgspec.Raw = msgspec.Raw()

    @property
    def complaint(self) -> str:
        """CodeScene's error message, whatever the status; empty if there is none."""
        return next(
            (_text(raw) for raw in (self.error, self.errors) if bytes(raw).strip() not in _NOTHING), ""
        )

    @property
    def number(self) -> int | None:
        """The id, if it is a number."""
        digits = bytes(self.id)
        return int(digits) if re.fullmatch(b"[0-9]{1,18}", digits) else None

    @property
    def sentence(self) -> str:
        """The text of `ok`, which every documented success has; else empty."""
        return _text(self.ok) if bytes(self.ok).startswith(b'"') else ""


def send(
    http: Http, *, token: str, entry: Entry, report: bytes, announced: Callable[[int], object]
) -> Delivered:
    """Upload one report. `announced` gets the new id before the report is sent; an entry that has an id reuses it.

    Raises:
        DeliveryError: it is too large, was refused, or CodeScene found no file in it.
        UsageError: a token may not be sent to the entry's address.
    """
    packed = gzip.compress(report, mtime=0)
    if len(packed) > MOST_COMPRESSED:
        raise DeliveryError(
            f"the report has {len(packed):,} bytes when compressed; CodeScene takes {MOST_COMPRESSED:,}",
            "leave generated code out with `omit`, then measure and merge again",
        )
    accept = {"Accept": "application/json"}
    address = f"{entry.url.rstrip('/')}/code-coverage/upload"

    def put(number: int) -> Answer:
        headers = accept | {"Content-Type": "text/plain"}
        return http.send("PUT", f"{address}/{number}", token=token, headers=headers, body=packed)

    answer = None if entry.id is None else put(entry.id)
    if answer is None or answer.status in _GONE:
        headers, body = accept | {"Content-Type": "application/json"}, msgspec.json.encode(entry.submission)
        # Repeating the announcement is harmless.
        slot = http.send("POST", address, token=token, headers=headers, body=body, repeatable=True)
        reply = _checked(slot, token)
        number = reply.number
        if number is None and bytes(reply.id) in _NOTHING:
            raise DeliveryError("CodeScene announced no upload id", "check codescene.url")
        if number is None:
            raise _foreign(slot, token)
        announced(number)
        # `ref` cannot be used: on cloud it begins with /api/v2, where the API does not answer.
        answer = put(number)
    message = _success(answer, token)
    count = re.search(r"\bfor (\d{1,9}) files?\b", message)
    _enough(int(count[1]) if count else None, entry, report)
    return Delivered(entry.submission.metric, "rest", message, int(count[1]) if count else None)


def _enough(count: int | None, entry: Entry, report: bytes) -> None:
    """Fail if CodeScene parsed fewer files than were sent, not counting files without lines or branches to measure."""
    if count == 0:
        raise DeliveryError("CodeScene found no files in the report", "check that the report is not empty")
    sent = measured(entry.submission, report)
    if count is not None and count < sent:
        raise DeliveryError(
            f"CodeScene parsed {count:,} of the {sent:,} files that were sent",
            "check that all of them are in the commit under these names",
        )


def analyse(http: Http, *, url: str, token: str, project: str) -> str:
    """Start an analysis of a project and return a sentence on the result; a reached daily limit is not an error.

    Raises:
        DeliveryError: CodeScene did not start one for another reason.
    """
    address = f"{url.rstrip('/')}/projects/{project}/run-analysis"
    answer = http.send("POST", address, token=token, headers={"Accept": "application/json"})
    reply = _reply(answer)
    words = shown(reply.complaint, token=token) if reply else ""
    if re.search(r"(?i)rate limit.*analys|daily", words):
        return f"CodeScene did not start an analysis: {words}; the next one reads the reports"
    return f"CodeScene starts an analysis: {_success(answer, token)}"


def _success(answer: Answer, token: str) -> str:
    """Return the success message; DeliveryError if the answer has none."""
    if sentence := shown(_checked(answer, token).sentence, token=token):
        return sentence
    raise _foreign(answer, token)


def _checked(answer: Answer, token: str) -> _Reply:
    """Return an answer's object; DeliveryError if it is a refusal or undocumented."""
    reply = _reply(answer)
    words = shown(reply.complaint, token=token) if reply else ""
    if not answer.accepted:
        raise _refusal(answer.status, words)
    if words:
        raise DeliveryError(f"CodeScene refused this: {words}", "fix what it names")
    if reply is None:
        raise _foreign(answer, token)
    return reply


def _foreign(answer: Answer, token: str) -> DeliveryError:
    """Return the error for a 2xx without a success message, which may not come from CodeScene."""
    kind = shown(answer.content_type, token=token) or "something else"
    body = shown(answer.body[:_QUOTED].decode("utf-8", "replace"), token=token)
    if not body:
        what = f"with an empty body (HTTP {answer.status}) instead of JSON"
    elif _reply(answer) is None and "json" not in kind:
        what = f"with {kind} instead of JSON"
    else:
        what = f"{body} instead of JSON with a success message"
    return DeliveryError(
        f"CodeScene answered {what}", "check codescene.url, and that no proxy answers in its place"
    )


def _reply(answer: Answer) -> _Reply | None:
    """Decode an answer; None if it is not a JSON object."""
    try:
        return msgspec.json.decode(answer.body.decode(), type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _text(raw: msgspec.Raw) -> str:
    """Return a JSON string's text, or another value's JSON."""
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return bytes(raw).decode("utf-8", "replace")


def _refusal(status: int, words: str) -> DeliveryError:
    if status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        cause, remedy = "has a server error", "try again later"
    else:
        cause, remedy = _REFUSALS.get(status, ("refused this", "check the report and codescene.url"))
    return DeliveryError(f"CodeScene {cause} (HTTP {status}{': ' + words if words else ''})", remedy)
