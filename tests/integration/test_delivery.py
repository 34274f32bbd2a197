"""From a leg to CodeScene, by the commands alone, against the stand-in."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from covlane.testing.codescene import StandIn

if TYPE_CHECKING:
    from repository import Repository

TOKEN = "a-secret-that-shows-nowhere"


@pytest.fixture
def measured(repository: Repository) -> Repository:
    """A repository with a merged report and a remote."""
    repository.git("remote", "add", "origin", "https://user:password@example.com/team/calc.git")
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stderr
    return repository


def test_the_merged_report_reaches_codescene_and_the_token_nobody(measured: Repository) -> None:
    with StandIn(TOKEN) as codescene:
        done = measured.covlane(
            "upload", "--via", "rest", "--json", COVLANE_CODESCENE_URL=codescene.url, CS_ACCESS_TOKEN=TOKEN
        )
        uploads = codescene.uploads
    assert done.returncode == 0, done.stderr
    assert [item["metric"] for item in json.loads(done.stdout)] == ["line-coverage", "branch-coverage"]
    assert len(uploads) == 2
    assert TOKEN not in done.stdout + done.stderr
    kept = [
        path for path in measured.root.rglob("*") if path.is_file() and TOKEN.encode() in path.read_bytes()
    ]
    assert kept == []


def test_a_refused_upload_is_exit_5_and_can_be_sent_again(measured: Repository) -> None:
    with StandIn("another token") as codescene:
        done = measured.covlane(
            "upload", "--via", "rest", COVLANE_CODESCENE_URL=codescene.url, CS_ACCESS_TOKEN=TOKEN
        )
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    with StandIn(TOKEN) as codescene:
        again = measured.covlane(
            "upload", "--via", "rest", COVLANE_CODESCENE_URL=codescene.url, CS_ACCESS_TOKEN=TOKEN
        )
    assert again.returncode == 0


def test_what_is_sent_is_the_merged_report_whatever_lies_beside_it(measured: Repository) -> None:
    reports = measured.root / "reports"
    (reports / "coverage.xml").write_text("<coverage/>")
    (reports / "lcov.info").unlink()
    with StandIn(TOKEN) as codescene:
        done = measured.covlane(
            "upload", "--via", "rest", COVLANE_CODESCENE_URL=codescene.url, CS_ACCESS_TOKEN=TOKEN
        )
        sent = [upload.report or b"" for upload in codescene.uploads.values()]
    assert done.returncode == 0, done.stderr
    assert [b"calc.py" in report for report in sent] == [True, True]


def test_without_a_token_nothing_is_sent(measured: Repository) -> None:
    done = measured.covlane("upload")
    assert done.returncode == 2
    assert "CS_ACCESS_TOKEN" in done.stderr


def test_without_a_report_there_is_nothing_to_send(measured: Repository) -> None:
    shutil.rmtree(measured.root / "reports")
    assert measured.covlane("upload", CS_ACCESS_TOKEN=TOKEN).returncode == 3


def test_an_incomplete_report_is_not_sent_unasked(measured: Repository) -> None:
    report = measured.root / "reports" / "coverage.json"
    document = json.loads(report.read_bytes())
    document["incomplete"] = ["coverage-3.99 did not run here"]
    report.write_text(json.dumps(document))
    done = measured.covlane("upload", CS_ACCESS_TOKEN=TOKEN)
    assert done.returncode == 3
    assert "coverage-3.99" in done.stderr
