"""A stand-in of GitHub's REST API, as far as comments, runs and Code Quality go, written from its documentation.

Each token has the permissions of a job, so that what a read-only token may not do is refused here as well.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from covlane.testing.server import Reply, Request, Server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from covlane.testing.faults import Fault

_BASE = "/api/v3"
_MOST_COMMENT = 65_536
_UNPROCESSABLE: Reply = (422, {"message": "Validation Failed"})
_FORBIDDEN: Reply = (403, {"message": "Resource not accessible by integration"})
_NOT_FOUND: Reply = (404, {"message": "Not Found"})
BOT = "github-actions[bot]"


class GitHub(Server):
    """GitHub, as an Enterprise server has it, with one repository.

    Args:
        repository: OWNER/NAME.
        tokens: the permissions (`pull-requests`, `actions`, `code-quality`: `read` or `write`) of each token; one
            that has a `login` is a person's.
        faults: what the first requests meet, one each, in order.
    """

    def __init__(
        self, repository: str, tokens: Mapping[str, Mapping[str, str]], faults: tuple[Fault, ...] = ()
    ) -> None:
        super().__init__(_BASE, faults)
        self.repository = repository
        self.tokens = tokens
        self.pulls: list[dict[str, Any]] = []
        self.runs: dict[int, dict[str, Any]] = {}
        self.comments: list[dict[str, Any]] = []
        self.reports: list[dict[str, Any]] = []
        #: What Code Quality says of a report, one after another; the last again and again.
        self.statuses = ["pending", "processing", "succeeded"]
        #: What it says instead of taking one.
        self.skips = ""
        self.has_quality = True

    def comment(self, number: int, body: str, login: str) -> dict[str, Any]:
        """Add a comment to an issue or a pull request."""
        one = {"id": 1000 + len(self.comments), "body": body, "user": {"login": login}, "issue": number}
        self.comments.append(one)
        return one

    def reply(self, request: Request, authorization: str) -> Reply:
        """Answer as https://docs.github.com/en/rest says."""
        token = self.tokens.get(authorization.removeprefix("Bearer "))
        if token is None:
            return 401, {"message": "Bad credentials"}
        if request.headers.get("accept") != "application/vnd.github+json":
            return 415, {"message": "Unsupported 'Accept' header"}
        address = urlsplit(request.path)
        if address.path == f"{_BASE}/user":
            return (200, {"login": token["login"]}) if "login" in token else _FORBIDDEN
        path = address.path.removeprefix(f"{_BASE}/repos/{self.repository}/")
        query = {name: values[-1] for name, values in parse_qs(address.query).items()}
        routes: dict[str, Callable[..., Reply]] = {
            r"GET issues/(\d+)/comments": self._comments,
            r"POST issues/(\d+)/comments": self._create,
            r"PATCH issues/comments/(\d+)": self._update,
            r"GET actions/runs/(\d+)": self._run,
            r"GET pulls": self._pulls,
            r"PUT code-coverage/report": self._report,
            r"GET code-coverage/reports/([\w-]+)": self._status,
        }
        for route, answer in routes.items():
            if match := re.fullmatch(route, f"{request.method} {path}"):
                return answer(token, query, _object(request.body), *match.groups())
        return _NOT_FOUND

    def _comments(self, token: Mapping[str, str], query: dict[str, str], _: Any, number: str) -> Reply:
        # Read access to public repositories needs no permission.
        del token
        return 200, _page([one for one in self.comments if one["issue"] == int(number)], query)

    def _create(self, token: Mapping[str, str], _: dict[str, str], body: Any, number: str) -> Reply:
        if token.get("pull-requests") != "write":
            return _FORBIDDEN
        if not any(pull["number"] == int(number) for pull in self.pulls):
            return _NOT_FOUND
        if not _fits(body):
            return _UNPROCESSABLE
        return 201, self.comment(int(number), body["body"], token.get("login", BOT))

    def _update(self, token: Mapping[str, str], _: dict[str, str], body: Any, number: str) -> Reply:
        found = [one for one in self.comments if one["id"] == int(number)]
        if token.get("pull-requests") != "write":
            return _FORBIDDEN
        if not found:
            return _NOT_FOUND
        if not _fits(body):
            return _UNPROCESSABLE
        found[0]["body"] = body["body"]
        return 200, found[0]

    def _run(self, token: Mapping[str, str], _: dict[str, str], __: Any, number: str) -> Reply:
        if token.get("actions") not in {"read", "write"}:
            return _FORBIDDEN
        return (200, self.runs[int(number)]) if int(number) in self.runs else _NOT_FOUND

    def _pulls(self, token: Mapping[str, str], query: dict[str, str], _: Any) -> Reply:
        del token  # as of comments
        owner, _, branch = query.get("head", ":").partition(":")
        found = [
            pull
            for pull in self.pulls
            if query.get("state", "open") in {pull["state"], "all"}
            and (
                not branch or (pull["head"]["repo"]["owner"]["login"], pull["head"]["ref"]) == (owner, branch)
            )
        ]
        return 200, _page(found, query)

    def _report(self, token: Mapping[str, str], _: dict[str, str], body: Any) -> Reply:
        if not self.has_quality:
            return _NOT_FOUND
        if token.get("code-quality") != "write":
            return 403, {"message": "not authorized"}
        wanted = {"commit_oid", "coverage_report", "language_name", "label"}
        if (
            not isinstance(body, dict)
            or not wanted <= set(body)
            or not {"ref", "pull_request_number"} & set(body)
        ):
            return _UNPROCESSABLE
        try:
            xml = gzip.decompress(base64.b64decode(body["coverage_report"], validate=True))
        except (OSError, EOFError, zlib.error, binascii.Error):
            return _UNPROCESSABLE
        if self.skips:
            return 200, {"message": self.skips}
        self.reports.append({**body, "coverage_report": xml, "asked": 0})
        return 201, {"id": f"report-{len(self.reports)}"}

    def _status(self, token: Mapping[str, str], _: dict[str, str], __: Any, name: str) -> Reply:
        if token.get("code-quality") != "write":
            return _FORBIDDEN
        report = self.reports[int(name.rpartition("-")[2]) - 1]
        status = self.statuses[min(report["asked"], len(self.statuses) - 1)]
        report["asked"] += 1
        return 200, {"processing_status": status, "errors": ["no lines"] if status == "failed" else []}


def _object(body: bytes) -> Any:
    try:
        return json.loads(body or b"null")
    except ValueError:
        return None


def _fits(body: Any) -> bool:
    text = body.get("body") if isinstance(body, dict) else None
    return isinstance(text, str) and 0 < len(text) <= _MOST_COMMENT


def _page(items: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    size, page = min(int(query.get("per_page", 30)), 100), int(query.get("page", 1))
    return items[(page - 1) * size : page * size]
