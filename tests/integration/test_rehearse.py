"""`invoke rehearse`: the whole lane on this machine, without an account, and with what may go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from merged import merge

if TYPE_CHECKING:
    from repository import Repository

DELIVERED = "line-coverage by rest: Successfully parsed cobertura data for 1 files.\n"


def test_a_newcomer_sees_the_lane_from_the_tests_to_the_requests(repository: Repository) -> None:
    done = repository.covlane("rehearse", CS_ACCESS_TOKEN="the-real-one")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "note: the repository has no remote" in done.stdout
    assert DELIVERED in done.stdout
    assert "POST /v2/code-coverage/upload, " in done.stdout
    assert "PUT /v2/code-coverage/upload/66, " in done.stdout
    assert "id 66: branch-coverage of " in done.stdout
    assert 'line coverage went as Cobertura; `codescene.line-coverage = "lcov"`' in done.stdout
    assert "the-real-one" not in done.stdout
    assert not (repository.root / "reports" / "outbox").exists()


@pytest.mark.parametrize("fault", ["503", "reset"])
def test_a_passing_fault_is_outlasted(repository: Repository, fault: str) -> None:
    merge(repository)
    done = repository.covlane("rehearse", "--skip-coverage", "--fault", fault)
    assert done.returncode == 0, done.stderr
    assert "--resume" not in done.stdout
    assert done.stdout.count("POST ") > 2
    assert DELIVERED in done.stdout


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("401", "CodeScene does not accept the token (HTTP 401: Unauthorized)"),
        ("slow", "did not answer in time"),
        ("truncated", "broke the connection off"),
    ],
)
def test_another_fault_shows_what_is_kept_and_how_it_is_resumed(
    repository: Repository, fault: str, cause: str
) -> None:
    merge(repository)
    done = repository.covlane("rehearse", "--skip-coverage", "--fault", fault)
    assert done.returncode == 0, done.stderr
    assert cause in done.stdout
    before, _, after = done.stdout.partition("(exit code 5)\n$ covlane upload --resume\n")
    assert DELIVERED not in before
    assert DELIVERED in after


def test_a_fault_that_there_is_not_is_named(repository: Repository) -> None:
    done = repository.covlane("rehearse", "--fault", "504")
    assert done.returncode == 2
    assert "503, reset, 401, slow, truncated" in done.stderr


def test_without_a_report_there_is_nothing_to_rehearse(repository: Repository) -> None:
    assert repository.covlane("rehearse", "--skip-coverage").returncode == 3


def test_a_rehearsal_needs_no_branch_that_codescene_analyses(repository: Repository) -> None:
    repository.git("checkout", "--quiet", "-b", "feature")
    merge(repository)
    assert DELIVERED in repository.covlane("rehearse", "--skip-coverage").stdout


def test_a_rehearsal_names_the_format_and_how_the_other_is_chosen(repository: Repository) -> None:
    repository.settings('codescene.line-coverage = "lcov"')
    merge(repository)
    shown = repository.covlane("rehearse", "--skip-coverage").stdout
    assert "id 66: " not in shown
    assert "id 65: branch-coverage of " in shown
    assert ", as lcov\n" in shown
    assert 'line coverage went within the LCOV; `codescene.line-coverage = "cobertura"`' in shown
