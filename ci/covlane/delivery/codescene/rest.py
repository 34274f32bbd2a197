"""The two steps of CodeScene's REST API: announce an upload, then put the report where it says."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING, Annotated

import msgspec

from covlane.delivery.codescene.submission import Delivered
from covlane.delivery.wording import shown
from covlane.errors import DeliveryError

if TYPE_CHECKING:
    from covlane.adapters.http import Answer, Http, Method
    from covlane.delivery.codescene.submission import Part, Submission

#: "The compressed data must not exceed 10 MB" (CodeScene's REST documentation); the smaller reading of MB.
MOST_COMPRESSED = 10_000_000

_REFUSALS = {
    401: ("does not know the token", "set CS_ACCESS_TOKEN to a token of this CodeScene that has not expired"),
    403: (
        "does not let the token's owner upload coverage",
        "give that user the right to, or use another token",
    ),
    404: ("has no such address", "check codescene.url: it ends with /v2 on cloud and with /api/v2 elsewhere"),
    413: ("finds the report too large", "leave generated code out with `omit`"),
    429: ("takes no more requests for now", "wait some minutes"),
}


class _Reply(msgspec.Struct):
    """The object that both steps answer with; the announcement has an `id`."""

    id: Annotated[int, msgspec.Meta(ge=0)] | None = None
    ok: object = None
    error: object = None


def send(
    http: Http, *, base: str, token: str, submission: Submission, part: Part, report: bytes
) -> Delivered:
    """Upload one report; `base` is the API's address, `report` the file's bytes.

    Raises:
        DeliveryError: it is too large, was refused, or CodeScene found no file in it.
        UsageError: `base` is no address that a token may be sent to.
    """
    packed = _pack(report, part)
    address = f"{base.rstrip('/')}/code-coverage/upload"
    announcement = {
        "commit-sha": submission.commit,
        "repo-url": submission.repo_url,
        "repo-path": submission.repo_path,
        "format": part.format,
        "metric": part.metric,
    }
    body = msgspec.json.encode(announcement)
    slot = _step(http, token, "POST", address, kind="application/json", body=body)
    if slot.id is None:
        raise DeliveryError("CodeScene announced no upload id", "check codescene.url")
    # `ref` is no address to use: on cloud it begins with /api/v2, where the API does not answer.
    reply = _step(http, token, "PUT", f"{address}/{slot.id}", kind="text/plain", body=packed)
    message = shown(str(reply.ok or "accepted"), token=token)
    count = re.search(r"\bfor (\d+) files?\b", message)
    if count and int(count[1]) == 0:
        raise DeliveryError(
            f"CodeScene found no file in {part.path.name}", "check that the report is not empty"
        )
    return Delivered(part.metric, "rest", message, int(count[1]) if count else None)


def _pack(report: bytes, part: Part) -> bytes:
    packed = gzip.compress(report, mtime=0)
    if len(packed) > MOST_COMPRESSED:
        raise DeliveryError(
            f"{part.path.name} has {len(packed):,} bytes when compressed; CodeScene takes {MOST_COMPRESSED:,}",
            "leave generated code out with `omit`, then measure and merge again",
        )
    return packed


def _step(http: Http, token: str, method: Method, url: str, *, kind: str, body: bytes) -> _Reply:
    headers = {"Accept": "application/json", "Content-Type": kind}
    answer = http.send(method, url, token=token, headers=headers, body=body)
    reply = _reply(answer)
    words = shown(str(reply.error), token=token) if reply and reply.error else ""
    if not answer.accepted:
        raise _refusal(answer.status, words)
    if reply is None:
        kind = shown(answer.content_type, token=token) or "something else"
        raise DeliveryError(f"CodeScene answered with {kind} instead of its JSON", "check codescene.url")
    if words:
        raise DeliveryError(f"CodeScene refused the report: {words}", "mend what it names")
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
        cause, remedy = _REFUSALS.get(status, ("refused the report", "check the report and codescene.url"))
    return DeliveryError(f"CodeScene {cause} (HTTP {status}{': ' + words if words else ''})", remedy)
