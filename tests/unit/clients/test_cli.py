"""The environment that cs-coverage gets, and what its messages mean."""

from __future__ import annotations

import pytest

from covlane.clients.codescene.cli import Refusal, read, variables

TOKEN = "t0k3n-of-the-test"
CLOUD = "https://api.codescene.io/v2"


def test_the_program_inherits_what_it_needs_and_no_other_secret() -> None:
    kept = {
        "PATH": "/bin",
        "HOME": "/home/me",
        "LANG": "C",
        "LC_ALL": "C",
        "TMPDIR": "/tmp",
        "https_proxy": "http://proxy.example.com",
        "NO_PROXY": "localhost",
        "SSL_CERT_FILE": "/ca.pem",
    }
    dropped = {"GITHUB_TOKEN": "x", "CS_ACCESS_TOKEN": "old", "AWS_SECRET_ACCESS_KEY": "x", "PATHS": "x"}
    told = variables(kept | dropped, url=CLOUD, token=TOKEN)
    assert told == kept | {"CS_ACCESS_TOKEN": TOKEN, "CS_DISABLE_VERSION_CHECK": "1"}


@pytest.mark.parametrize(
    "url", ["https://cs.example.com/api/v2", "https://cs.example.com/api/v2/", "https://cs.example.com"]
)
def test_an_own_installation_is_named_by_its_root(url: str) -> None:
    assert variables({}, url=url, token=TOKEN)["CS_ONPREM_URL"] == "https://cs.example.com"


def test_cloud_is_the_program_s_own_default() -> None:
    assert "CS_ONPREM_URL" not in variables({}, url=CLOUD + "/", token=TOKEN)


def refused(code: int, output: str) -> Refusal:
    refusal = read(code, output, token=TOKEN)
    assert refusal is not None
    assert refusal.remedy
    return refusal


def test_exit_code_0_without_a_complaint_is_an_upload_that_counts() -> None:
    assert read(0, "Uploaded code coverage data done.", token=TOKEN) is None


@pytest.mark.parametrize(
    ("code", "output", "cause"),
    [
        (
            0,
            'Usage error: no. CodeScene only analyse the following branches: ("main")\nUploaded … done.',
            'not counted: CodeScene analyses only "main"',
        ),
        (
            0,
            "The coverage data does not contains any records related to the current repo",
            "finds no path of the report",
        ),
        (1, "Requested metric is not present in coverage data", "no such metric"),
        (0, "Usage error: something new\nUploaded code coverage data done.", "Usage error: something new"),
        (1, "clj-http: status 401", "does not accept the token: clj-http: status 401"),
        (1, "Unauthorized", "does not accept the token"),
        (3, "first\nlast\n\n", "exit code 3: last"),
        (-9, "", "exit code -9: no output"),
    ],
)
def test_each_message_has_its_sentence(code: int, output: str, cause: str) -> None:
    refusal = refused(code, output)
    assert cause in refusal.cause
    assert not refusal.unparsed


@pytest.mark.parametrize("code", [0, 1])
def test_a_report_that_the_program_cannot_parse_is_told_apart(code: int) -> None:
    assert refused(code, "No matching field found: close for class java.io.InputStreamReader").unparsed


@pytest.mark.parametrize(
    "output", [f"Usage error: Bearer {TOKEN}", f"401 {TOKEN}", f"what {TOKEN}", f'branches: ("{TOKEN}")']
)
def test_no_sentence_shows_the_token(output: str) -> None:
    assert TOKEN not in repr(refused(1, output))
