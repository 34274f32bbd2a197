"""What CodeScene is told about a report."""

from __future__ import annotations

import pytest

from covlane.delivery.codescene.submission import clean_remote, parts
from data_words import report


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


def test_branch_coverage_goes_as_lcov_beside_cobertura() -> None:
    line, branch = parts(report("a.py: 1+ 2- 1>2+ 1>0-"), "covlane")
    assert (line.format, line.metric) == ("cobertura", "line-coverage")
    assert b'filename="a.py"' in line.content
    assert (branch.format, branch.metric) == ("lcov", "branch-coverage")
    assert branch.content.startswith(b"TN:\nSF:a.py\n")


def test_a_report_without_branches_is_one_upload() -> None:
    assert [part.metric for part in parts(report("a.py: 1+"), "covlane")] == ["line-coverage"]


def test_a_name_that_is_no_unicode_goes_as_the_bytes_that_it_has() -> None:
    branch = parts(report({"a\udcff.py": "1+ 1>0+"}), "covlane")[1]
    assert b"SF:a\xff.py\n" in branch.content
