"""HTTP: timed, bounded, tried again where that is safe; never redirected, and the token shown nowhere."""

from __future__ import annotations

import io
import ipaddress
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from queue import Empty, Queue, SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import requests  # noqa: TID251 - this module is its owner
from requests.adapters import HTTPAdapter  # noqa: TID251 - as above
from requests.auth import AuthBase  # noqa: TID251 - as above
from urllib3 import exceptions as faults
from urllib3.util import Retry

from covlane.errors import DeliveryError, ToolError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from urllib3.response import BaseHTTPResponse

Method = Literal["GET", "PATCH", "POST", "PUT"]

#: An answer is a sentence or a small JSON object; what comes after this is not read.
MOST_BYTES = 64 * 1024
#: Pieces of a download that may wait to be written.
_AHEAD = 8

#: What went wrong (the first that fits), in words that follow the host's name, and what to do about it.
_FAULTS: tuple[tuple[type[Exception], str, str], ...] = (
    (faults.ProxyError, "cannot be reached through the proxy", "check HTTPS_PROXY and NO_PROXY"),
    (faults.NewConnectionError, "cannot be reached", "check the address, the network and HTTPS_PROXY"),
    (faults.ConnectTimeoutError, "took no connection in time", "check the network and HTTPS_PROXY"),
    (faults.ReadTimeoutError, "did not answer in time", "try again later"),
    (faults.SSLError, "offers no TLS connection that is trusted", "set REQUESTS_CA_BUNDLE to its authority"),
    (faults.ProtocolError, "broke the connection off", "try again later"),
    (Exception, "cannot be asked", "check the address, HTTPS_PROXY and REQUESTS_CA_BUNDLE"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: never a redirect; the body's beginning, which its repr leaves out."""

    status: int
    content_type: str
    body: bytes = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Say whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


class _Bearer(AuthBase):
    """The token, if any, in its header. As an explicit `auth` it also keeps requests from asking .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Patience(Retry):
    """urllib3's Retry, with a second list for methods that may do a thing twice: what says that nothing was done.

    A failed connection is tried again for every method, a broken one for those that may be repeated. GitHub says 403
    as well where it has had enough, and then when to come again.
    """

    RETRY_AFTER_STATUS_CODES = Retry.RETRY_AFTER_STATUS_CODES | {403}

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if self.allowed_methods and method not in self.allowed_methods:
            return status_code in {429, 503} or (status_code == 403 and has_retry_after)  # noqa: PLR2004
        return super().is_retry(method, status_code, has_retry_after)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        try:
            seconds = super().get_retry_after(response)
        except faults.InvalidHeader:
            return None
        return None if seconds is None else min(seconds, self.backoff_max)


class Http:
    """A client for servers that are sent a token; close it (`contextlib.closing`).

    Args:
        timeouts: seconds to wait for a connection, and for the next byte of an answer.
        retries: how often a request is sent again at most.
        backoff: seconds before the second retry, doubled each time, and up to so many more at random;
            Retry-After is honoured up to 60 times it.
        deadline: seconds for a request in all, with its retries and the last byte of its answer.
    """

    def __init__(
        self,
        *,
        timeouts: tuple[float, float] = (10, 60),
        retries: int = 3,
        backoff: float = 1,
        deadline: float = 600,
    ) -> None:
        self._timeouts = timeouts
        self._deadline = deadline
        self._patience = _Patience(
            total=retries,
            other=0,
            allowed_methods={"GET", "PATCH", "PUT"},
            status_forcelist={429, 502, 503, 504},
            backoff_factor=backoff,
            backoff_jitter=backoff,
            backoff_max=60 * backoff,
            raise_on_status=False,
        )
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=self._patience))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self,
        method: Method,
        url: str,
        *,
        token: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        repeatable: bool = False,
        most: int = MOST_BYTES,
    ) -> Answer:
        """Send a request with `Authorization: Bearer TOKEN` and return the answer, whatever its status.

        `repeatable` says that a POST does no harm when it is done twice, as any PUT; `most` bytes of the answer are
        read.

        Raises:
            UsageError: the address is not https (or http on loopback), or holds credentials.
            DeliveryError: no answer came in time, or it was a redirect. It holds no request, so no token.
        """
        host = _host(url)
        if repeatable and url not in self._session.adapters:
            self._session.mount(url, HTTPAdapter(max_retries=self._patience.new(allowed_methods=None)))
        outcome: SimpleQueue[Answer | tuple[str, str]] = SimpleQueue()

        def ask() -> None:
            outcome.put(self._ask(method, url, _Bearer(token), headers, body, most=most))

        # Nothing but another thread ends a wait for headers that come a byte at a time, each of them in time.
        Thread(target=ask, daemon=True).start()
        try:
            answer = outcome.get(timeout=self._deadline)
        except Empty:
            answer = (f"did not end its answer within {self._deadline:g} seconds", "try again later")
        if isinstance(answer, Answer):
            return answer
        # Raised far from the error at hand, which holds the request and would be its context.
        cause, remedy = answer
        raise DeliveryError(f"{host} {cause}", remedy)

    def _ask(
        self,
        method: Method,
        url: str,
        bearer: _Bearer,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        most: int,
    ) -> Answer | tuple[str, str]:
        """Return the answer, or in words what went wrong and what to do about it."""
        try:
            answer, elsewhere = self._exchange(method, url, bearer, headers, body, most=most)
        # http.client refuses a header with a ValueError that quotes it, token and all.
        except Exception as error:  # noqa: BLE001 - in a thread there is nobody to pass it on to
            return _explain(error)
        if elsewhere is None:
            return answer
        cause = f"answered {answer.status}, a redirect{elsewhere}, which a token does not follow"
        return cause, "configure the address of the API itself"

    def _exchange(
        self,
        method: Method,
        url: str,
        bearer: _Bearer,
        headers: Mapping[str, str],
        body: bytes | None,
        *,
        most: int,
    ) -> tuple[Answer, str | None]:
        """Return the answer, and for a redirect also the words that say where to."""
        target = urlsplit(url)
        with self._session.request(
            method,
            url,
            # In pieces: bytes are sent as one, for which urllib3 allows no more than the time to connect.
            data=io.BytesIO(body) if body else None,
            headers=dict(headers),
            auth=bearer,
            timeout=self._timeouts,
            allow_redirects=False,
            stream=True,
            # A plain-text token must not leave the machine: no proxy for loopback.
            proxies={"no_proxy": target.hostname or ""} if target.scheme == "http" else None,
        ) as response:
            kind, status = response.headers.get("Content-Type", ""), response.status_code
            elsewhere = _target(response) if status // 100 == 3 else None  # noqa: PLR2004 - RFC 9110, 15.4
            return Answer(status, kind, _beginning(response, most)), elsewhere

    def download(self, url: str, *, most: int) -> Iterator[tuple[bytes, int | None]]:
        """Yield a file in pieces, each with the whole's size where the server says it; no token is sent.

        Raises:
            UsageError: the address is not https (or http on loopback), or holds credentials.
            ToolError: the file is not there, does not come whole and in time, or has more than `most` bytes.
        """
        host, size, end = _host(url, "nothing is downloaded from"), 0, monotonic() + self._deadline
        came: Queue[tuple[bytes, int | None] | ToolError | None] = Queue(_AHEAD)
        gone = Event()

        def fetch() -> None:
            for one in self._fetched(host, url):
                came.put(one)
                if gone.is_set():
                    return
            came.put(None)

        # As for an answer: pieces may drip, each byte of them in time.
        Thread(target=fetch, daemon=True).start()
        try:
            while one := came.get(timeout=max(end - monotonic(), 0)):
                if isinstance(one, ToolError):
                    raise one
                piece, total = one
                size += len(piece)
                if max(size, total or 0) > most:
                    raise ToolError(f"{host} sends more than {most:,} bytes", "check codescene.downloads")
                yield one
        except Empty:
            raise ToolError(f"{host} did not end within {self._deadline:g} seconds", "try again") from None
        finally:
            gone.set()
            with suppress(Empty):
                while True:
                    came.get_nowait()

    def _fetched(self, host: str, url: str) -> Iterator[tuple[bytes, int | None] | ToolError]:
        """Yield a file's pieces as they come, at first none with the whole's size, or at last what went wrong."""
        target = urlsplit(url)
        try:
            with self._session.get(
                url,
                auth=_Bearer(""),
                timeout=self._timeouts,
                allow_redirects=False,
                stream=True,
                proxies={"no_proxy": target.hostname or ""} if target.scheme == "http" else None,
            ) as response:
                if response.status_code != 200:  # noqa: PLR2004 - RFC 9110, section 15.3.1
                    where = f", a redirect{_target(response)}" if "Location" in response.headers else ""
                    cause = f"{host} answered {response.status_code} for {target.path}{where}"
                    yield ToolError(cause, "check the build, and codescene.downloads")
                    return
                announced = response.headers.get("Content-Length", "")
                total = int(announced) if announced.isdecimal() else None
                for piece in chain([b""], response.iter_content(65536)):
                    yield piece, total
        except (requests.RequestException, faults.HTTPError, OSError, ValueError) as error:
            cause, remedy = _explain(error)
            yield ToolError(f"{host} {cause}", remedy)


def _beginning(response: requests.Response, most: int) -> bytes:
    body = b""
    for chunk in response.iter_content(8192):
        body += chunk
        if len(body) >= most:
            break
    return body[:most]


def _target(response: requests.Response) -> str:
    """Name the host that a redirect leads to; the rest of the address may hold what is not to be shown."""
    host = urlsplit(response.headers.get("Location", "")).hostname or ""
    return f" to {host}" if host and host.isascii() and host.isprintable() else ""


def _host(url: str, refused: str = "a token is not sent to") -> str:
    """Return `https://HOST` of an address that may be sent a token, or be trusted with a download."""
    try:
        parts = urlsplit(url)
        host, scheme, clean = parts.hostname or "", parts.scheme, "@" not in parts.netloc
    except ValueError:
        host, scheme, clean = "", "", False
    if host and clean and url.isprintable() and (scheme == "https" or (scheme == "http" and _loopback(host))):
        return f"{scheme}://{parts.netloc}"
    raise UsageError(
        f"{refused} {scheme or 'an address'}://{host or '?'}",
        "use an https:// address (http:// on loopback only) without a user name or a password in it",
    )


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _explain(error: BaseException) -> tuple[str, str]:
    """Give the words for urllib3's reason inside requests' error; the error's own text is not used."""
    reason = error.args[0] if error.args and isinstance(error.args[0], Exception) else error
    if isinstance(reason, faults.MaxRetryError) and reason.reason is not None:
        reason = reason.reason
    return next((cause, remedy) for kind, cause, remedy in _FAULTS if isinstance(reason, kind))
