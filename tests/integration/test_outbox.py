"""By the commands: what could not be delivered is kept, and sent once, from here or elsewhere."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault
from merged import REMOTE, TOKEN, entry, files_with, merge, outbox, ready, upload
from repository import Repository
from storm.storm import storm

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ANNOUNCED = Fault(body=b'{"ok": "upload request accepted", "id": 65}')
BOTH = ["line-coverage", "branch-coverage"]


@pytest.fixture
def codescene() -> Iterator[StandIn]:
    with StandIn(TOKEN) as standin:
        yield standin


@pytest.fixture
def merged(repository: Repository) -> Repository:
    return ready(repository)


def delivered(codescene: StandIn) -> list[str]:
    """Return the metric of each upload that has its report, in order."""
    return [upload.fields["metric"] for upload in codescene.uploads.values() if upload.report]


def started(repository: Repository, codescene: StandIn) -> subprocess.Popen[str]:
    """Start an upload and do not wait for it."""
    told = {"COVLANE_CODESCENE_URL": codescene.url, "CS_ACCESS_TOKEN": TOKEN}
    return subprocess.Popen(
        [sys.executable, "-m", "covlane", "upload", "--via", "rest"],
        cwd=repository.root,
        env=repository.environ | told,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_refused_report_waits_and_is_resumed_in_order_and_once(
    merged: Repository, codescene: StandIn
) -> None:
    codescene.faults.append(Fault(401))
    refused = upload(merged, codescene)
    assert refused.returncode == 5
    assert "kept in reports/outbox/: `invoke upload --resume` sends it" in refused.stderr
    assert [name[18:] for name in outbox(merged)] == [
        "line-coverage.json",
        "line-coverage.xml",
        "branch-coverage.info",
        "branch-coverage.json",
    ]
    assert upload(merged, codescene, "--resume").returncode == 0
    assert delivered(codescene) == BOTH
    assert outbox(merged) == []
    assert upload(merged, codescene, "--resume").stdout == "no upload is waiting in reports/outbox/\n"
    assert delivered(codescene) == BOTH


def test_a_report_without_a_token_waits_too(merged: Repository, codescene: StandIn) -> None:
    assert upload(merged, codescene, CS_ACCESS_TOKEN="").returncode == 2
    assert len(outbox(merged)) == 4
    assert not codescene.requests


def test_what_is_kept_holds_neither_the_token_nor_the_remote_s_password(
    merged: Repository, codescene: StandIn
) -> None:
    codescene.faults.append(Fault(403))
    upload(merged, codescene)
    assert entry(merged, outbox(merged)[0])["submission"] == {
        "commit-sha": merged.git("rev-parse", "HEAD"),
        "repo-url": "https://example.com/team/calc.git",
        "repo-path": str(merged.root.resolve()),
        "format": "cobertura",
        "metric": "line-coverage",
    }
    assert files_with(merged.root, TOKEN) == []
    assert files_with(merged.root / "reports", "password") == []


def test_another_machine_sends_what_the_artifact_holds(
    merged: Repository, codescene: StandIn, tmp_path: Path
) -> None:
    codescene.faults.append(Fault(500))
    upload(merged, codescene)
    commit = merged.git("rev-parse", "HEAD")
    elsewhere = Repository(tmp_path / "another checkout")
    shutil.copytree(merged.root / "reports", elsewhere.root / "reports")
    done = upload(elsewhere, codescene, "--resume")
    assert done.returncode == 0, done.stderr
    assert delivered(codescene) == BOTH
    assert {upload.fields["commit-sha"] for upload in codescene.uploads.values()} == {commit}
    assert {upload.fields["repo-path"] for upload in codescene.uploads.values()} == {
        str(merged.root.resolve())
    }


def test_an_upload_for_an_address_of_a_typo_holds_up_nothing_and_can_be_dropped(
    merged: Repository, codescene: StandIn
) -> None:
    typo = "http://codescene.example/v2"
    assert upload(merged, codescene, COVLANE_CODESCENE_URL=typo).returncode == 2
    codescene.faults.append(Fault(401))
    assert upload(merged, codescene).returncode == 5
    listed = upload(merged, codescene, "--outbox")
    assert listed.returncode == 0
    assert [line[:6] for line in listed.stdout.splitlines() if "of" in line and line[0] == "0"] == [
        "000001", "000002", "000003", "000004",
    ]  # fmt: skip
    assert listed.stdout.count("kept back") == 2
    assert "password" not in listed.stdout + listed.stderr
    assert not delivered(codescene)
    done = upload(merged, codescene, "--resume")
    assert done.returncode == 5
    assert delivered(codescene) == BOTH
    assert "000001 was not delivered: it was made for http://codescene.example/v2" in done.stderr
    assert "invoke upload --drop 000001" in done.stderr
    rows = json.loads(upload(merged, codescene, "--outbox", "--json").stdout)
    assert [(row["id"], row["metric"], row["url"]) for row in rows] == [
        ("000001", "line-coverage", typo),
        ("000002", "branch-coverage", typo),
    ]
    assert upload(merged, codescene, "--drop", "7").returncode == 2
    assert upload(merged, codescene, "--drop", "../x").returncode == 2
    assert upload(merged, codescene, "--drop", "000001").returncode == 0
    assert upload(merged, codescene, "--outbox", "--drop", "2").returncode == 0
    assert outbox(merged) == []
    assert upload(merged, codescene, "--resume").returncode == 0


@pytest.mark.parametrize("foreign", ["repository", "commit"])
def test_an_upload_of_another_repository_or_commit_is_sent_only_if_one_says_so(
    merged: Repository, codescene: StandIn, tmp_path: Path, foreign: str
) -> None:
    # The first commits of both repositories are one commit where they are made in the same second.
    merged.git("commit", "--quiet", "--allow-empty", "--message", "more")
    merge(merged)
    codescene.faults.append(Fault(500))
    upload(merged, codescene)
    elsewhere = Repository(tmp_path / "another checkout")
    remote = "git@example.com:team/other.git" if foreign == "repository" else "git@example.com:team/calc.git"
    elsewhere.git("remote", "add", "origin", remote)
    shutil.copytree(merged.root / "reports", elsewhere.root / "reports")
    done = upload(elsewhere, codescene, "--resume")
    assert done.returncode == 5
    assert {"repository": "it is for https://example.com/team/calc.git", "commit": "is not in this clone"}[
        foreign
    ] in done.stderr
    assert not delivered(codescene)
    assert upload(elsewhere, codescene, "--resume", "--anyway").returncode == 0
    assert delivered(codescene) == BOTH


def test_one_lcov_brings_line_coverage_where_that_is_set(merged: Repository, codescene: StandIn) -> None:
    done = upload(merged, codescene, COVLANE_CODESCENE_LINE_COVERAGE="lcov")
    assert done.returncode == 0, done.stderr
    assert [(one.fields["format"], one.fields["metric"]) for one in codescene.uploads.values()] == [
        ("lcov", "branch-coverage")
    ]


def test_a_damaged_upload_holds_up_nothing(merged: Repository, codescene: StandIn) -> None:
    codescene.faults.append(Fault(500))
    upload(merged, codescene)
    next((merged.root / "reports" / "outbox").glob("000001-*.xml")).write_text("")
    assert upload(merged, codescene, "--resume").returncode == 3
    assert delivered(codescene) == ["branch-coverage"]


def test_an_entry_that_is_no_json_is_named_and_can_be_dropped_so_that_the_others_are_sent(
    merged: Repository, codescene: StandIn
) -> None:
    codescene.faults.append(Fault(500))
    upload(merged, codescene)
    folder = merged.root / "reports" / "outbox"
    damaged = next(folder.glob("000001-*.json"))
    damaged.write_text("{")
    for option in ("--outbox", "--resume"):
        done = upload(merged, codescene, option)
        assert done.returncode == 3
        assert f"{damaged} cannot be read" in done.stderr
        assert "--drop ID" in done.stderr
    assert upload(merged, codescene, "--drop", "1").returncode == 0
    assert not [*folder.glob("000001-*")]
    assert upload(merged, codescene, "--resume").returncode == 0
    assert delivered(codescene) == ["branch-coverage"]


def test_an_upload_that_is_killed_while_it_sends_is_the_same_upload_when_it_is_resumed(
    merged: Repository, codescene: StandIn
) -> None:
    codescene.faults.extend([ANNOUNCED, Fault(kind="slow")])
    child = started(merged, codescene)
    while len(codescene.requests) < 2 and child.poll() is None:
        time.sleep(0.01)
    child.kill()
    child.communicate()
    assert entry(merged, outbox(merged)[0])["id"] == 65
    assert files_with(merged.root, TOKEN) == []
    codescene.answer(codescene.requests[0], f"Bearer {TOKEN}")  # now it knows that id
    assert upload(merged, codescene, "--resume").returncode == 0
    assert delivered(codescene) == BOTH
    assert [request.path for request in codescene.requests].count("/v2/code-coverage/upload/65") == 2


def test_two_uploads_at_one_time_send_once(merged: Repository, codescene: StandIn) -> None:
    children = [started(merged, codescene) for _ in range(2)]
    said = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0], said
    assert delivered(codescene) == BOTH
    assert "this report was already delivered" in "".join(said)


def test_a_new_report_of_the_commit_is_sent_although_one_was_delivered(
    merged: Repository, codescene: StandIn
) -> None:
    upload(merged, codescene)
    merge(merged, "calc.py: 1+ 2+ 1>2+ 1>0+")
    assert upload(merged, codescene).returncode == 0
    assert delivered(codescene) == BOTH * 2


def test_an_upload_leaves_earlier_ones_to_be_resumed_and_says_so(
    merged: Repository, codescene: StandIn
) -> None:
    codescene.faults.append(Fault(401))
    upload(merged, codescene)
    merged.git("commit", "--quiet", "--allow-empty", "--message", "more")
    merge(merged)
    done = upload(merged, codescene)
    assert done.returncode == 0
    assert "earlier uploads that are waiting: 2; `invoke upload --resume` sends them" in done.stdout
    assert len(outbox(merged)) == 4


def test_a_dry_run_shows_what_would_be_sent_and_sends_and_keeps_nothing(
    merged: Repository, codescene: StandIn
) -> None:
    done = upload(merged, codescene, "--dry-run")
    assert done.returncode == 0, done.stderr
    assert f"POST {codescene.url}/code-coverage/upload\n  Authorization: Bearer <hidden>\n" in done.stdout
    assert '"metric":"branch-coverage"' in done.stdout
    assert f"PUT {codescene.url}/code-coverage/upload/{{id}}\n" in done.stdout
    assert "1 file\n" in done.stdout
    assert TOKEN not in done.stdout + done.stderr
    assert not codescene.requests
    assert not (merged.root / "reports" / "outbox").exists()


def test_a_dry_run_of_a_resumption_leaves_what_waits(merged: Repository, codescene: StandIn) -> None:
    codescene.faults.append(Fault(401))
    upload(merged, codescene)
    waiting, requests = outbox(merged), len(codescene.requests)
    done = upload(merged, codescene, "--resume", "--dry-run")
    assert done.stdout.count("POST ") == 2
    assert outbox(merged) == waiting
    assert len(codescene.requests) == requests


def test_an_analysis_follows_a_delivery(merged: Repository, codescene: StandIn) -> None:
    address = f"{codescene.url}/projects/42"
    codescene.faults.append(Fault(401))
    upload(merged, codescene, "--analyse", CS_PROJECT_URL=address)
    assert codescene.analyses == []
    done = upload(merged, codescene, "--resume", "--analyse", COVLANE_CODESCENE_PROJECT="42")
    assert done.returncode == 0, done.stderr
    assert codescene.analyses == [42]
    assert "CodeScene starts an analysis" in done.stdout
    upload(merged, codescene, "--analyse", CS_PROJECT_URL=address)  # delivered already, and yet asked for
    assert codescene.analyses == [42, 42]
    merged.git("checkout", "--quiet", "-b", "feature")
    upload(merged, codescene, "--analyse", CS_PROJECT_URL=address)
    assert codescene.analyses == [42, 42]


def test_a_remote_in_its_forms_is_told_without_credentials(merged: Repository, codescene: StandIn) -> None:
    for url, told in [
        (REMOTE, "https://example.com/team/calc.git"),
        ("git@example.com:team/calc.git", "git@example.com:team/calc.git"),
        ("ssh://git:secret@example.com/team/calc", "ssh://git@example.com/team/calc"),
    ]:
        merged.git("remote", "set-url", "origin", url)
        upload(merged, codescene)
        assert list(codescene.uploads.values())[-1].fields["repo-url"] == told


@pytest.mark.whole
def test_a_storm_of_kills_and_faults_delivers_every_report_once(tmp_path: Path) -> None:
    tally = storm(tmp_path, 6)
    assert tally.otherwise == {}
    assert tally.once == 12
    assert tally.leaks == []
    assert tally.unexpected == []
