"""What CodeScene is told about a report."""

from __future__ import annotations

from pathlib import Path

import pytest

from covlane.delivery.codescene.submission import Part, Submission, clean_remote, parts, submission
from covlane.errors import UsageError

COMMIT = "0123456789abcdef0123456789abcdef01234567"
ROOT = Path("/checkout")


@pytest.mark.parametrize(
    ("configured", "clean"),
    [
        # A user, a password or both in an http(s) URL are credentials.
        ("https://user:secret@example.com/o/r.git", "https://example.com/o/r.git"),
        ("https://secret@example.com/o/r.git", "https://example.com/o/r.git"),
        ("https://x-access-token:se@cret@example.com/o/r", "https://example.com/o/r"),
        ("HTTPS://user:secret@EXAMPLE.com:8443/o/r", "HTTPS://EXAMPLE.com:8443/o/r"),
        ("http://:secret@example.com/o/r", "http://example.com/o/r"),
        # An @ after the authority belongs to the path.
        ("https://example.com/o/r@v1", "https://example.com/o/r@v1"),
        ("https://example.com?at=a@b", "https://example.com?at=a@b"),
        # Elsewhere the user is part of the address; a password is not.
        ("git@example.com:o/r.git", "git@example.com:o/r.git"),
        ("ssh://git@example.com:22/o/r.git", "ssh://git@example.com:22/o/r.git"),
        ("ssh://git:secret@example.com/o/r.git", "ssh://git@example.com/o/r.git"),
        ("ssh://example.com:22/o/r.git", "ssh://example.com:22/o/r.git"),
        # Nothing to remove.
        ("https://example.com/o/r.git\n", "https://example.com/o/r.git"),
        ("/srv/git/r.git", "/srv/git/r.git"),
        ("../r", "../r"),
    ],
)
def test_a_remote_is_told_without_credentials(configured: str, clean: str) -> None:
    assert clean_remote(configured) == clean


def test_a_submission_names_commit_remote_and_checkout() -> None:
    told = submission(commit=COMMIT, remote="https://user:secret@example.com/o/r", root=ROOT)
    assert told == Submission(COMMIT, "https://example.com/o/r", "/checkout")


@pytest.mark.parametrize(
    ("commit", "remote", "cause"),
    [
        (None, "https://example.com/o/r", "names no commit"),
        ("HEAD", "https://example.com/o/r", "names no commit"),
        (COMMIT, None, "no remote"),
        (COMMIT, "", "no remote"),
    ],
)
def test_what_cannot_be_linked_to_code_is_refused_with_its_remedy(
    commit: str | None, remote: str | None, cause: str
) -> None:
    with pytest.raises(UsageError, match=cause) as caught:
        submission(commit=commit, remote=remote, root=ROOT)
    assert caught.value.remedy


def test_branch_coverage_goes_as_lcov_beside_cobertura() -> None:
    assert parts(ROOT, branches=True) == (
        Part("cobertura", "line-coverage", ROOT / "coverage.xml"),
        Part("lcov", "branch-coverage", ROOT / "lcov.info"),
    )


def test_a_report_without_branches_is_one_upload() -> None:
    assert [part.metric for part in parts(ROOT, branches=False)] == ["line-coverage"]
