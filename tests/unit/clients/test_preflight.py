"""What speaks against an upload, each with its remedy, before any byte leaves."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from covlane.clients.codescene.preflight import (
    Checkout,
    Finding,
    branch_in_ci,
    elsewhere,
    findings,
    pick_remote,
    refuse,
)
from covlane.clients.codescene.submission import Part
from covlane.errors import ReportError, UsageError
from data_words import COMMIT, report, stamp

if TYPE_CHECKING:
    from covlane.model.report import Report

OTHER = "f" * 40
HERE = Checkout(
    head=COMMIT,
    branch="main",
    holding=("main",),
    analysed=("main",),
    remotes=("origin",),
    remote="https://example.com/o/r",
    tracked=frozenset({"a.py", "b.py", "README.md"}),
)
REPORT = report("a.py: 1+ 2-\nb.py: 1+")


def of(**changes: object) -> Report:
    """Return the report with a leg that differs so."""
    return replace(REPORT, legs=(stamp("coverage-3.12"), stamp("coverage-3.13", **changes)))


def test_nothing_speaks_against_a_report_of_the_commit() -> None:
    assert findings(REPORT, HERE, [Part("lcov", "line-coverage", b"SF:a.py")]) == []


@pytest.mark.parametrize(
    ("measured", "checkout", "cause", "error"),
    [
        pytest.param(report(""), HERE, "no executable lines", ReportError, id="empty"),
        pytest.param(
            of(commit=OTHER), HERE, "of commit ffffffffff, but 0123456789 is", ReportError, id="two"
        ),
        pytest.param(
            REPORT, replace(HERE, head=OTHER), "of commit 0123456789, but fff", ReportError, id="other"
        ),
        pytest.param(of(commit=None), HERE, "has no commit", UsageError, id="no commit"),
        pytest.param(REPORT, replace(HERE, head=None), "there is no commit here", UsageError, id="no git"),
        pytest.param(REPORT, replace(HERE, head="f" * 64), "has no commit", UsageError, id="SHA-256"),
        pytest.param(
            REPORT,
            replace(HERE, tracked=frozenset({"x"})),
            "2 of 2 files are not in",
            ReportError,
            id="paths",
        ),
        pytest.param(
            REPORT, replace(HERE, remote=None, remotes=()), "has no remote", UsageError, id="no remote"
        ),
        pytest.param(
            REPORT,
            replace(HERE, remote=None, remotes=("fork", "mine")),
            "none of the remotes fork, mine is `origin`",
            UsageError,
            id="which remote",
        ),
    ],
)
def test_each_finding_has_its_sentence_and_its_remedy(
    measured: Report, checkout: Checkout, cause: str, error: type[Exception]
) -> None:
    (finding,) = findings(measured, checkout, ())
    assert cause in finding.cause
    assert finding.remedy
    assert finding.error is error


def test_files_of_which_some_are_not_in_the_commit_are_named_and_sent() -> None:
    measured = report("\n".join(f"{name}.py: 1+" for name in "abvwxyz"))
    (finding,) = findings(measured, HERE, ())
    assert finding.cause == "5 of 7 files are not in the commit: v.py, w.py, x.py and others"
    assert finding.error is None


def test_changed_files_are_said_and_no_obstacle() -> None:
    (finding,) = findings(of(dirty=True), HERE, ())
    assert "uncommitted changes" in finding.cause
    assert finding.error is None


def test_a_report_of_other_tools_alone_is_of_what_is_checked_out() -> None:
    assert findings(replace(REPORT, legs=()), HERE, ()) == []


def test_what_git_cannot_list_is_not_missing() -> None:
    assert findings(REPORT, replace(HERE, tracked=None), ()) == []


def test_a_report_beyond_10_mb_compressed_names_what_to_leave_out() -> None:
    noise = Part("lcov", "branch-coverage", random.Random(0).randbytes(10_000_000))
    (finding,) = findings(REPORT, HERE, [noise])
    assert finding.cause.startswith("branch-coverage has 10,0")
    assert finding.remedy.endswith("`omit`; the largest are a.py (2 lines), b.py (1 lines)")


def test_a_report_that_compresses_well_may_be_large() -> None:
    assert findings(REPORT, HERE, [Part("lcov", "branch-coverage", bytes(20_000_000))]) == []


def test_one_finding_is_an_error_and_many_are_one() -> None:
    one = Finding("a is wrong", "mend a", UsageError)
    with pytest.raises(UsageError) as caught:
        refuse([Finding("only said", "", None), one], "it would not count")
    assert str(caught.value) == "a is wrong\n  -> mend a"
    with pytest.raises(ReportError) as many:
        refuse([Finding("b is missing", "find b", ReportError), one], "it would not count")
    assert many.value.cause == "it would not count:\n  - b is missing: find b\n  - a is wrong: mend a"
    refuse([Finding("only said", "", None)], "it would not count")


# --- The branch ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("branch", "analysed"),
    [("main", "main"), ("release/1.2", "release/*"), ("feature/x", "*")],
)
def test_a_branch_that_codescene_analyses_is_sent(branch: str, analysed: str) -> None:
    assert elsewhere(replace(HERE, branch=branch, analysed=("develop", analysed))) is None


@pytest.mark.parametrize("branch", ["feature", "refs/pull/7/merge", "mainly", "PR-12"])
def test_another_branch_is_not_sent_and_the_reason_is_said(branch: str) -> None:
    reason = elsewhere(replace(HERE, branch=branch, analysed=("main", "release/*")))
    assert (
        reason
        == f"not sent: CodeScene analyses main, release/*, and this is {branch} (see codescene.branches)"
    )


def test_a_detached_head_is_of_the_branches_that_have_its_commit() -> None:
    assert elsewhere(replace(HERE, branch=None, holding=("feature", "main"))) is None
    assert elsewhere(replace(HERE, branch=None, holding=(), analysed=("*",))) is None
    with pytest.raises(UsageError, match=r"this clone knows no analysed branch \(main\)") as caught:
        elsewhere(replace(HERE, branch=None, holding=("feature",)))
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": COMMIT}, "main"),
        ({"GITHUB_REF": "refs/heads/a/b", "GITHUB_SHA": COMMIT}, "a/b"),
        ({"GITHUB_REF": "refs/pull/7/merge", "GITHUB_SHA": COMMIT}, "refs/pull/7/merge"),
        ({"GITHUB_REF": "refs/tags/v1", "GITHUB_SHA": COMMIT}, "refs/tags/v1"),
        # pull_request_target runs for the base branch, whatever its job checks out.
        ({"GITHUB_REF": "refs/heads/main", "GITHUB_SHA": OTHER}, None),
        ({"CI_COMMIT_BRANCH": "main", "CI_COMMIT_SHA": COMMIT}, "main"),
        ({"CI_COMMIT_BRANCH": "", "CI_COMMIT_SHA": COMMIT}, None),
        ({"BUILD_SOURCEBRANCH": "refs/heads/main", "BUILD_SOURCEVERSION": COMMIT}, "main"),
        ({"BUILD_SOURCEBRANCH": "refs/pull/1/merge", "BUILD_SOURCEVERSION": COMMIT}, "refs/pull/1/merge"),
        ({"BITBUCKET_BRANCH": "main", "BITBUCKET_COMMIT": COMMIT}, "main"),
        ({"CIRCLE_BRANCH": "main", "CIRCLE_SHA1": COMMIT}, "main"),
        ({"BRANCH_NAME": "PR-12", "GIT_COMMIT": COMMIT}, "PR-12"),
        ({}, None),
    ],
    ids=str,
)
def test_ci_names_the_branch_of_the_commit_that_it_means(environ: dict[str, str], branch: str | None) -> None:
    assert branch_in_ci(environ, COMMIT) == branch


@pytest.mark.parametrize(
    ("remotes", "upstream", "picked"),
    [
        (["origin"], None, "origin"),
        (["fork", "origin"], None, "origin"),
        (["fork", "origin"], "fork", "fork"),
        (["fork", "origin"], ".", "origin"),
        (["upstream"], None, "upstream"),
        (["fork", "upstream"], None, None),
        ([], None, None),
    ],
)
def test_among_remotes_the_branch_s_own_comes_first(
    remotes: list[str], upstream: str | None, picked: str | None
) -> None:
    assert pick_remote(remotes, upstream) == picked
