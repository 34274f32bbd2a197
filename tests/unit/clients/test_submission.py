"""What CodeScene is told about a report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from covlane.clients.codescene.submission import Submission, clean_remote, measured, parts, same_repository
from data_words import report

if TYPE_CHECKING:
    from covlane.clients.codescene.submission import Metric


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
        ("https://example.com?at=a@b", "https://example.com"),
        # A query or a fragment is no part of a repository's address, and may hold a token.
        ("https://example.com/o/r.git?private_token=secret", "https://example.com/o/r.git"),
        ("https://example.com/o/r.git#access_token=secret", "https://example.com/o/r.git"),
        ("https://secret@example.com/o/r?token=se@cret/x", "https://example.com/o/r"),
        # A password that should have been quoted.
        ("https://user:se/cret@example.com/o/r", "https://example.com/o/r"),
        ("https://user:12/3@example.com:8443/o/r", "https://example.com:8443/o/r"),
        ("https://user:s/e@c/ret@example.com/o/r", "https://example.com/o/r"),
        ("https://user:s?e#cret@example.com/o/r", "https://example.com/o/r"),
        ("https://se/cret@intranet/o/r", "https://intranet/o/r"),
        ("ssh://git:se/cret@example.com:22/o/r", "ssh://git@example.com:22/o/r"),
        ("user:secret@example.com:o/r.git", "user@example.com:o/r.git"),
        ("user:se/cr@et@example.com:o/r.git", "user@example.com:o/r.git"),
        ("hg::https://user:secret@example.com/o/r", "hg::https://example.com/o/r"),
        ("git+https://user:secret@example.com/o/r", "git+https://example.com/o/r"),
        ("ftps://user:secret@example.com/o/r", "ftps://example.com/o/r"),
        ("https://user:secret@[::1]:80/o/r", "https://[::1]:80/o/r"),
        ("https://intranet:8080/o/r.git", "https://intranet:8080/o/r.git"),
        ("example.com:o/r@v1", "example.com:o/r@v1"),
        ("file:///srv/a?b/r.git", "file:///srv/a?b/r.git"),
        ("C:/src/a@b:c", "C:/src/a@b:c"),
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


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://example.com/o/r.git", "https://example.com/o/r", True),
        ("https://example.com/o/r", "git@example.com:o/r.git", True),
        ("ssh://git@example.com:22/o/r.git", "https://EXAMPLE.com/O/r/", True),
        ("git@example.com:/o/r.git", "ssh://git@example.com/o/r", True),
        ("https://example.com/o/r", "https://example.com/o/s", False),
        ("https://example.com/o/r", "https://example.org/o/r", False),
        ("https://example.com/fork/r", "git@example.com:o/r", False),
        ("/srv/r.git", "/srv/r", True),
        ("/srv/r.git", "/srv/s.git", False),
    ],
)
def test_one_repository_has_many_addresses(one: str, other: str, *, same: bool) -> None:
    assert same_repository(one, other) is same


def test_branch_coverage_goes_as_lcov_beside_cobertura() -> None:
    line, branch = parts(report("a.py: 1+ 2- 1>2+ 1>0-"), "covlane")
    assert (line.format, line.metric) == ("cobertura", "line-coverage")
    assert b'filename="a.py"' in line.content
    assert (branch.format, branch.metric) == ("lcov", "branch-coverage")
    assert branch.content.startswith(b"TN:\nSF:a.py\n")


def test_a_report_without_branches_is_one_upload() -> None:
    assert [part.metric for part in parts(report("a.py: 1+"), "covlane")] == ["line-coverage"]


def test_line_coverage_can_go_with_the_branches_or_alone_as_lcov() -> None:
    (both,) = parts(report("a.py: 1+ 2- 1>2+ 1>0-"), "covlane", "lcov")
    assert (both.format, both.metric) == ("lcov", "branch-coverage")
    assert b"DA:2,0" in both.content
    (line,) = parts(report("a.py: 1+"), "covlane", "lcov")
    assert (line.format, line.metric) == ("lcov", "line-coverage")


def test_a_name_that_is_no_unicode_goes_as_the_bytes_that_it_has() -> None:
    branch = parts(report({"a\udcff.py": "1+ 1>0+"}), "covlane")[1]
    assert b"SF:a\xff.py\n" in branch.content


@pytest.mark.parametrize(
    ("metric", "lines", "branches"),
    [("line-coverage", 2, 2), ("branch-coverage", 2, 1)],
)
def test_the_files_with_something_to_measure_are_counted(metric: Metric, lines: int, branches: int) -> None:
    told = Submission(commit_sha="0" * 40, repo_url="", repo_path="", format="cobertura", metric=metric)
    xml = b'<class filename="a"><lines><line number="1"/><line number="2"/></lines></class><class filename="b"/>'
    assert measured(told, xml + b'<class filename="c"><line number="1"/></class>') == lines
    assert measured(told, b"<sources/>") == 0
    told = msgspec.structs.replace(told, format="lcov")
    info = b"SF:a\nDA:1,1\nBRDA:1,0,0,1\nend_of_record\nSF:b\nend_of_record\nSF:c\nDA:1,0\nDA:2,0\nend_of_record\n"
    assert measured(told, info) == branches
