"""A stand-in of CodeScene's REST API: it checks the documented protocol and can be told to misbehave."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from covlane.testing.server import Request, Server

if TYPE_CHECKING:
    import ssl

    from covlane.testing.faults import Fault

__all__ = ["Request", "StandIn", "Upload"]
_MOST_COMPRESSED = 10_000_000
_METRICS = {"cobertura": {"line-coverage"}, "lcov": {"line-coverage", "branch-coverage"}}
_FILES = {"cobertura": rb'\bfilename="([^"]+)"', "lcov": rb"(?m)^SF:(.+?)\r?$"}
_FIELDS = {"commit-sha", "repo-url", "repo-path", "format", "metric"}
_FIRST_ID = 65


@dataclass(slots=True)
class Upload:
    """An announced upload: its fields, the decoded report once it was put there, and how often that was done."""

    fields: dict[str, str]
    report: bytes | None = None
    puts: int = 0


class StandIn(Server):
    """CodeScene on a free port of 127.0.0.1, while in its `with` block.

    Args:
        token: the one that it accepts.
        faults: what the first requests meet, one each, in order.
        tls: makes it speak https.
    """

    def __init__(
        self, token: str, faults: tuple[Fault, ...] = (), *, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__("/v2", faults, tls=tls)
        self.uploads: dict[int, Upload] = {}
        self.analyses: list[int] = []
        self._token = token

    def reply(self, request: Request, authorization: str) -> tuple[int, dict[str, object]]:
        """Answer as CodeScene's REST documentation says."""
        if authorization != f"Bearer {self._token}":
            return 401, {"error": "Unauthorized"}
        if request.headers.get("accept") != "application/json":
            return 406, {"error": "Accept must be application/json"}
        if (request.method, request.path) == ("POST", "/v2/code-coverage/upload"):
            return self._announce(request)
        place = re.fullmatch(r"/v2/code-coverage/upload/(\d+)", request.path)
        if request.method == "PUT" and place and int(place[1]) in self.uploads:
            return self._take(request, self.uploads[int(place[1])])
        return self._projects(request)

    def _projects(self, request: Request) -> tuple[int, dict[str, object]]:
        if (request.method, request.path) == ("GET", "/v2/projects"):
            return 200, {"page": 1, "max_pages": 1, "projects": []}
        project = re.fullmatch(r"/v2/projects/(\d+)/run-analysis", request.path)
        if request.method == "POST" and project:
            self.analyses.append(int(project[1]))
            return 200, {"ok": "Analysis scheduled"}
        return 404, {"error": "Not found"}

    def _announce(self, request: Request) -> tuple[int, dict[str, object]]:
        if request.headers.get("content-type") != "application/json":
            return 415, {"error": "Content-Type must be application/json"}
        try:
            fields = json.loads(request.body)
        except ValueError:
            return 400, {"error": "the body is no JSON"}
        if not isinstance(fields, dict) or set(fields) != _FIELDS:
            return 400, {"error": f"the fields are {', '.join(sorted(_FIELDS))}"}
        if not all(isinstance(value, str) and value for value in fields.values()):
            return 400, {"error": "each field is a string"}
        if fields["metric"] not in _METRICS.get(fields["format"], set()):
            return 400, {"error": f"{fields['format']} has no {fields['metric']}"}
        number = _FIRST_ID + len(self.uploads)
        self.uploads[number] = Upload(fields)
        # On cloud `ref` begins with /api/v2 while the API is at /v2: whoever follows it gets a 404.
        ref = f"/api/v2/code-coverage/upload/{number}"
        return 200, {"ok": "upload request accepted", "ref": ref, "id": number}

    def _take(self, request: Request, upload: Upload) -> tuple[int, dict[str, object]]:
        if request.headers.get("content-type") != "text/plain":
            return 415, {"error": "Content-Type must be text/plain"}
        if "content-encoding" in request.headers:
            return 400, {"error": "the body is gzipped by itself, without Content-Encoding"}
        if len(request.body) > _MOST_COMPRESSED:
            return 413, {"error": "Compressed data must not exceed 10 MB"}
        try:
            upload.report = gzip.decompress(request.body)
        except (OSError, EOFError, zlib.error):
            return 400, {"error": "the body is not gzipped"}
        upload.puts += 1
        kind = upload.fields["format"]
        files = len(set(re.findall(_FILES[kind], upload.report)))
        return 200, {"ok": f"Successfully parsed {kind} data for {files} files."}
