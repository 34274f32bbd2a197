"""Certificates: one that is not trusted ends the upload, one that the environment vouches for does not."""

from __future__ import annotations

import ssl
from contextlib import closing
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest
import trustme

from covlane.adapters.http import Http
from covlane.errors import DeliveryError
from covlane.testing.codescene import StandIn

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = "t0k3n-of-the-test"
PAST = datetime(2020, 1, 1, tzinfo=timezone.utc)


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that the environment vouches for."""
    ours = trustme.CA()
    bundle = tmp_path / "ca.pem"
    ours.cert_pem.write_to_path(bundle)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return ours


def codescene(authority: trustme.CA, host: str = "127.0.0.1", until: datetime | None = None) -> StandIn:
    """Return a CodeScene with a certificate for `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, not_after=until).configure_cert(context)
    return StandIn(TOKEN, tls=context)


def ask(standin: StandIn) -> bool:
    """Send a request with the token, and say whether it was accepted."""
    url = f"{standin.url}/projects/42/run-analysis"
    with closing(Http(backoff=0)) as http:
        return http.send("POST", url, token=TOKEN, headers={"Accept": "application/json"}).accepted


def test_an_authority_that_the_environment_names_is_trusted(authority: trustme.CA) -> None:
    with codescene(authority) as standin:
        assert ask(standin)


@pytest.mark.usefixtures("authority")
def test_another_authority_is_not_trusted_and_the_token_stays_here() -> None:
    with codescene(trustme.CA()) as standin:
        with pytest.raises(DeliveryError, match="offers no TLS connection that is trusted"):
            ask(standin)
        assert not standin.requests


@pytest.mark.parametrize(
    ("host", "until"),
    [
        pytest.param("codescene.example.com", None, id="of another host"),
        pytest.param("127.0.0.1", PAST, id="expired"),
    ],
)
def test_a_certificate_that_does_not_fit_is_not_trusted(
    authority: trustme.CA, host: str, until: datetime | None
) -> None:
    with codescene(authority, host, until) as standin:
        with pytest.raises(DeliveryError, match="offers no TLS connection that is trusted"):
            ask(standin)
        assert not standin.requests
