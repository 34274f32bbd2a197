"""CodeScene's REST API: announce an upload, put the report where it says, and start an analysis."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from covlane.delivery.codescene.submission import Delivered
from covlane.delivery.wording import shown
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from covlane.adapters.http import Answer, Http
    from covlane.delivery.codescene.outbox import Entry

#: "The compressed data must not exceed 10 MB" (CodeScene's REST documentation); the smaller reading of MB.
MOST_COMPRESSED = 10_000_000
#: What may be said of an upload whose id is known but of no more use.
_GONE = {404, 409, 410}

_REFUSALS = {
    401: ("does not know the token", "set CS_ACCESS_TOKEN to a token of this CodeScene that has not expired"),
    403: (
        "does not let the token's owner do this",
        "give that user the right to, or use another token",
    ),
    404: ("has no such address", "check codescene.url: it ends with /v2 on cloud and with /api/v2 elsewhere"),
    413: ("finds the report too large", "leave generated code out with `omit`"),
    429: ("takes no more requests for now", "wait some minutes"),
}


class _Reply(msgspec.Struct):
    """The object that every step answers with; the announcement has an `id`."""

    id: Annotated[int, msgspec.Meta(ge=0)] | None = None
    ok: object = None
    error: object = None


def send(
    http: Http, *, token: str, entry: Entry, report: bytes, announced: Callable[[int], object]
) -> Delivered:
    """Upload one report; `announced` is told the id before anything is put there, and an entry's own id is used.

    Raises:
        DeliveryError: it is too large, was refused, or CodeScene found no file in it.
        UsageError: the entry's address is none that a token may be sent to.
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
        # Announced twice, an upload is announced once in vain.
        slot = http.send("POST", address, token=token, headers=headers, body=body, repeatable=True)
        number = _checked(slot, token).id
        if number is None:
            raise DeliveryError("CodeScene announced no upload id", "check codescene.url")
        announced(number)
        # `ref` is no address to use: on cloud it begins with /api/v2, where the API does not answer.
        answer = put(number)
    message = shown(str(_checked(answer, token).ok or "accepted"), token=token)
    count = re.search(r"\bfor (\d+) files?\b", message)
    if count and int(count[1]) == 0:
        raise DeliveryError("CodeScene found no file in the report", "check that the report is not empty")
    return Delivered(entry.submission.metric, "rest", message, int(count[1]) if count else None)


def analyse(http: Http, *, url: str, token: str, project: str) -> str:
    """Start an analysis of a project, and return in words what came of it; a spent daily limit is no failure.

    Raises:
        DeliveryError: CodeScene did not start one for another reason.
    """
    address = f"{url.rstrip('/')}/projects/{project}/run-analysis"
    answer = http.send("POST", address, token=token, headers={"Accept": "application/json"})
    reply = _reply(answer)
    words = shown(str(reply.error), token=token) if reply and reply.error else ""
    if re.search(r"(?i)rate limit.*analys|daily", words):
        return f"CodeScene starts no analysis now: {words}; the next one reads the reports"
    return (
        f"CodeScene starts an analysis: {shown(str(_checked(answer, token).ok or 'accepted'), token=token)}"
    )


def _checked(answer: Answer, token: str) -> _Reply:
    """Return an answer's object; DeliveryError where it is a refusal, or none of the documented ones."""
    reply = _reply(answer)
    words = shown(str(reply.error), token=token) if reply and reply.error else ""
    if not answer.accepted:
        raise _refusal(answer.status, words)
    if reply is None:
        kind = shown(answer.content_type, token=token) or "something else"
        raise DeliveryError(f"CodeScene answered with {kind} instead of its JSON", "check codescene.url")
    if words:
        raise DeliveryError(f"CodeScene refused this: {words}", "mend what it names")
    return reply


def _reply(answer: Answer) -> _Reply | None:
    """Read an answer; None where it is not the documented object."""
    try:
        return msgspec.json.decode(answer.body or b"{}", type=_Reply)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def _refusal(status: int, words: str) -> DeliveryError:
    if status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
        cause, remedy = "is in trouble", "try again later"
    else:
        cause, remedy = _REFUSALS.get(status, ("refused this", "check the report and codescene.url"))
    return DeliveryError(f"CodeScene {cause} (HTTP {status}{': ' + words if words else ''})", remedy)
