"""HTTP: timed, bounded, tried again where that is safe; never redirected, and the token shown nowhere."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit

import requests  # noqa: TID251 - this module is its owner
from requests.adapters import HTTPAdapter  # noqa: TID251 - as above
from requests.auth import AuthBase  # noqa: TID251 - as above
from urllib3 import exceptions as faults
from urllib3.util import Retry

from covlane.errors import DeliveryError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3.response import BaseHTTPResponse

Method = Literal["GET", "POST", "PUT"]

#: An answer is a sentence or a small JSON object; what comes after this is not read.
MOST_BYTES = 64 * 1024

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
    """What a server answered: never a redirect; the body's first 64 KiB, which its repr leaves out."""

    status: int
    content_type: str
    body: bytes = field(repr=False)

    @property
    def accepted(self) -> bool:
        """Say whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004 - RFC 9110, section 15.3


class _Bearer(AuthBase):
    """The token in its header. As an explicit `auth` it also keeps requests from asking .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class _Patience(Retry):
    """urllib3's Retry, with a second list for POST: the answers that say that nothing was done yet.

    A failed connection is tried again for every method, a broken one for idempotent methods only.
    """

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        if method == "POST":
            return status_code in {429, 503}
        return super().is_retry(method, status_code, has_retry_after)

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        seconds = super().get_retry_after(response)
        return None if seconds is None else min(seconds, self.backoff_max)


class Http:
    """A client for servers that are sent a token; close it (`contextlib.closing`).

    Args:
        timeouts: seconds to wait for a connection, and for the next byte of an answer.
        retries: how often a request is sent again at most.
        backoff: seconds before the second retry, doubled each time; Retry-After is honoured up to 60 times it.
    """

    def __init__(
        self, *, timeouts: tuple[float, float] = (10, 60), retries: int = 3, backoff: float = 1
    ) -> None:
        self._timeouts = timeouts
        patience = _Patience(
            total=retries,
            other=0,
            allowed_methods={"GET", "PUT"},
            status_forcelist={429, 502, 503, 504},
            backoff_factor=backoff,
            backoff_max=60 * backoff,
            raise_on_status=False,
        )
        self._session = requests.Session()
        self._session.headers["Accept-Encoding"] = "identity"
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=patience))

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def send(
        self, method: Method, url: str, *, token: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer:
        """Send a request with `Authorization: Bearer TOKEN` and return the answer, whatever its status.

        Raises:
            UsageError: the address is not https (or http on loopback), or holds credentials.
            DeliveryError: no answer came, or it was a redirect. It holds no request, so no token.
        """
        host = _host(url)
        try:
            answer, elsewhere = self._exchange(method, url, _Bearer(token), headers, body)
        # ValueError: http.client refuses a header and quotes it, token and all.
        except (requests.RequestException, faults.HTTPError, OSError, ValueError) as error:
            cause, remedy = _explain(error)
        else:
            if elsewhere is None:
                return answer
            cause = f"answered {answer.status}, a redirect{elsewhere}, which a token does not follow"
            remedy = "configure the address of the API itself"
        # Outside the handler, so that the error at hand, which holds the request, is not even its context.
        raise DeliveryError(f"{host} {cause}", remedy)

    def _exchange(
        self, method: Method, url: str, bearer: _Bearer, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[Answer, str | None]:
        """Return the answer, and for a redirect also the words that say where to."""
        target = urlsplit(url)
        with self._session.request(
            method,
            url,
            data=body,
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
            return Answer(status, kind, _beginning(response)), elsewhere


def _beginning(response: requests.Response) -> bytes:
    body = b""
    for chunk in response.iter_content(8192):
        body += chunk
        if len(body) >= MOST_BYTES:
            break
    return body[:MOST_BYTES]


def _target(response: requests.Response) -> str:
    """Name the host that a redirect leads to; the rest of the address may hold what is not to be shown."""
    host = urlsplit(response.headers.get("Location", "")).hostname or ""
    return f" to {host}" if host and host.isascii() and host.isprintable() else ""


def _host(url: str) -> str:
    """Return `https://HOST` of an address that may be sent a token."""
    try:
        parts = urlsplit(url)
        host, scheme, clean = parts.hostname or "", parts.scheme, "@" not in parts.netloc
    except ValueError:
        host, scheme, clean = "", "", False
    if host and clean and url.isprintable() and (scheme == "https" or (scheme == "http" and _loopback(host))):
        return f"{scheme}://{parts.netloc}"
    raise UsageError(
        f"a token is not sent to {scheme or 'an address'}://{host or '?'}",
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
