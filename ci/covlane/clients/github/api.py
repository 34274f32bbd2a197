"""GitHub's REST API: pagination, versions and errors (https://docs.github.com/en/rest)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

import msgspec

from covlane.clients.wording import shown
from covlane.errors import DeliveryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.adapters.http import Answer, Http, Method

_T = TypeVar("_T")
URL = "https://api.github.com"
#: The most items of a page, and bytes read of one: a comment has up to 65,536 characters.
PER_PAGE = 100
MOST_BYTES = 32 * 1024 * 1024
#: More pages than any real list has: a guard against an endless one.
MOST_PAGES = 200
_HEADERS = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_REFUSALS = {
    401: ("does not accept the token", "set GITHUB_TOKEN to an unexpired one"),
    403: (
        "does not allow this for the token",
        "give the job the permission that docs/github.md lists for this; a fork's token has none",
    ),
    404: ("does not have this, or hides it from this token", "check GITHUB_REPOSITORY and the token"),
    422: ("rejected the request as invalid", "fix what it names"),
    429: ("received too many requests", "wait some minutes"),
}


class _Error(msgspec.Struct):
    message: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Api:
    """The API for one repository; no repr, as it holds the token."""

    http: Http
    url: str
    repository: str
    token: str

    def get(self, path: str, kind: type[_T]) -> _T:
        """Return the object at a path below the repository's; DeliveryError if refused."""
        return self.read(self.send("GET", f"repos/{self.repository}/{path}"), kind)

    def pages(self, path: str, kind: type[_T], **query: str) -> Iterator[_T]:
        """Yield the items of a paginated list; DeliveryError as in `get`."""
        for page in range(1, MOST_PAGES + 1):
            parameters = urlencode({**query, "per_page": PER_PAGE, "page": page})
            items = self.get(f"{path}?{parameters}", list[kind])  # type: ignore[valid-type]
            yield from items
            if len(items) < PER_PAGE:
                return

    def send(self, method: Method, path: str, body: object = None) -> Answer:
        """Send a request, its path from the API's root, and return the answer, whatever its status."""
        content = None if body is None else msgspec.json.encode(body)
        headers = {**_HEADERS, **({"Content-Type": "application/json"} if content else {})}
        return self.http.send(
            method,
            f"{self.url.rstrip('/')}/{path}",
            token=self.token,
            headers=headers,
            body=content,
            most=MOST_BYTES,
        )

    def read(self, answer: Answer, kind: type[_T]) -> _T:
        """Return an answer's object; DeliveryError if it is a refusal or of another shape."""
        if not answer.accepted:
            raise self.refusal(answer)
        try:
            return msgspec.json.decode(answer.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise DeliveryError(
                "GitHub did not answer with the expected JSON", "check GITHUB_API_URL"
            ) from None

    def refusal(self, answer: Answer) -> DeliveryError:
        """Return the error for a refusal."""
        words = shown(_words(answer), token=self.token)
        status = 429 if limited(answer) else answer.status
        cause, remedy = _REFUSALS.get(status, ("refused this", "try again later"))
        if answer.status in {403, 422} and re.search(r"(?i)\blocked\b", words):
            cause, remedy = "has locked this conversation", "unlock it, or read the job summary instead"
        if answer.status >= 500:  # noqa: PLR2004 - RFC 9110, section 15.6
            cause = "has a server error"
        return DeliveryError(f"GitHub {cause} (HTTP {answer.status}{words and ': ' + words})", remedy)


def limited(answer: Answer) -> bool:
    """Whether the answer is a rate limit, which GitHub also signals with 403."""
    return answer.status == 429 or (answer.status == 403 and "rate limit" in _words(answer).lower())  # noqa: PLR2004


def _words(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Error).message
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""


def api(http: Http, environ: Mapping[str, str]) -> Api:
    """Return the API from a runner's environment, which may be that of GitHub Enterprise.

    Raises:
        UsageError: the token or the repository is missing.
    """
    token = environ.get("GITHUB_TOKEN", "").strip()
    if not token:
        raise UsageError(
            "GITHUB_TOKEN is not set, so nothing was sent",
            "give the step `GITHUB_TOKEN: ${{ github.token }}`",
        )
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise UsageError("GITHUB_TOKEN contains an invalid character", "copy the token again")
    repository = environ.get("GITHUB_REPOSITORY", "")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository, re.ASCII):
        raise UsageError("GITHUB_REPOSITORY is not a repository name", "set it to OWNER/NAME")
    return Api(http, environ.get("GITHUB_API_URL") or URL, repository, token)


class Repository(msgspec.Struct):
    """A repository in an event or an answer."""

    full_name: str


class Side(msgspec.Struct):
    """The head or the base of a pull request; a deleted fork has no repository."""

    sha: str
    repo: Repository | None = None


class Pull(msgspec.Struct):
    """A pull request."""

    number: int
    head: Side
    base: Side


class _Run(msgspec.Struct):
    id: int


class Event(msgspec.Struct):
    """The fields of an event that are used."""

    pull_request: Pull | None = None
    merge_group: dict[str, Any] | None = None
    workflow_run: _Run | None = None


def event(content: bytes) -> Event:
    """Decode the event that triggered a run; UsageError if it is not one."""
    try:
        return msgspec.json.decode(content, type=Event)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UsageError(
            "the file at GITHUB_EVENT_PATH is not an event", "run it in GitHub Actions"
        ) from None
