"""A remote is told without its credentials, whatever its shape, and the rest of its address stays."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from covlane.clients.codescene.submission import clean_remote

SECRET = "S3CRET"
USERS = st.sampled_from(["user", "x-access-token", "oauth2", "a.b", "me%40example.com"])
#: Without a dot: what is an `@` and a whole host's name cannot be told from the address.
PASSWORDS = st.text("aZ9/@:?#%!$&=+_-", max_size=8).map(lambda text: f"{SECRET}{text}{SECRET}")
HOSTS = st.sampled_from(
    ["example.com", "git.team.example.com", "localhost", "127.0.0.1", "[::1]", "intranet"]
)
PORTS = st.sampled_from(["", ":8443"])
PATHS = st.sampled_from(["/o/r", "/o/r.git", "/~team/a-b/r.git", "/r"])
TAILS = st.sampled_from(["", f"?private_token={SECRET}", f"#{SECRET}", f"?a=b&x={SECRET}#{SECRET}"])


ADDRESSES = st.tuples(HOSTS, PORTS, PATHS).map("".join)
SCHEMES = st.sampled_from(["https", "http", "HTTPS", "git+https", "ftp"])


@given(SCHEMES, USERS, PASSWORDS, ADDRESSES, TAILS)
def test_nothing_secret_of_a_url_is_told(
    scheme: str, user: str, password: str, address: str, tail: str
) -> None:
    for credentials in (f"{user}:{password}@", f":{password}@", f"{SECRET}@", ""):
        assert clean_remote(f"{scheme}://{credentials}{address}{tail}") == f"{scheme}://{address}"


@given(USERS, PASSWORDS, ADDRESSES)
def test_no_password_of_ssh_is_told(user: str, password: str, address: str) -> None:
    told = f"ssh://{user}@{address}"
    assert clean_remote(told) == told
    assert clean_remote(f"ssh://{user}:{password}@{address}") == told


@given(st.text() | st.text("aS:/@?#.[] \\"))
def test_what_is_cleaned_stays_as_it_is(url: str) -> None:
    cleaned = clean_remote(url)
    assert len(cleaned) <= len(url)
