"""How long a client is patient."""

from __future__ import annotations

import pytest
from urllib3 import HTTPResponse

from covlane.adapters.http import Answer, _Bearer, _Patience


@pytest.mark.parametrize(("asked", "waited"), [("5", 5), ("86400", 60), ("soon", None), (None, None)])
def test_a_server_s_wish_to_wait_is_honoured_up_to_a_bound(asked: str | None, waited: float | None) -> None:
    response = HTTPResponse(status=429, headers={"Retry-After": asked} if asked else {})
    assert _Patience(backoff_max=60).get_retry_after(response) == waited


def test_no_repr_shows_a_token_or_a_body() -> None:
    assert "t0k3n" not in repr((_Bearer("t0k3n"), Answer(200, "text/plain", b"t0k3n")))
