"""`doctor` in real repositories: each trouble is a ✗ with its remedy, and nothing changes anywhere."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from covlane.adapters.http import Http
from covlane.clients.codescene import diagnose, install
from covlane.formats import slipcover
from covlane.testing.codescene import StandIn
from covlane.testing.faults import Fault
from covlane.workspace.codescene import NOT_ASKED, NOT_WANTED
from data_words import report
from downloads import BUILD, Downloads, archive, entry
from repository import CURRENT, Repository

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

TOKEN = "a-secret-that-shows-nowhere"
REMOTE = "https://user:pa55@example.com/team/calc.git"
FINE = "calc.py: 1+ 2+ 3- 4+ 2>3- 2>4+"
VERSION = f"cs-coverage version 1.2.3 ({BUILD})"
DONE = "Uploaded code coverage data done."
UNREADABLE = "No matching field found: close for class java.io.InputStreamReader"


@dataclass
class Patient:
    """A repository with a report, a CodeScene, and the environment of a person who has everything."""

    repository: Repository
    codescene: StandIn
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        return self.repository.root

    def reports(self, words: str = FINE, *, incomplete: tuple[str, ...] = (), **leg: object) -> None:
        """Write a merged report of HEAD."""
        merged = report(words, incomplete=incomplete)
        head = self.repository.git("rev-parse", "HEAD")
        legs = [msgspec.structs.replace(one, **{"commit": head, **leg}) for one in merged.legs]
        content = slipcover.write_report(replace(merged, legs=tuple(legs)), "1.1.0")
        (self.root / "reports").mkdir(exist_ok=True)
        (self.root / "reports" / "coverage.json").write_bytes(content)

    def program(self, output: str = DONE, code: int = 0) -> bytes:
        """Return a cs-coverage that notes how it was called, and ends so when it has to upload."""
        return (
            f"#!{sys.executable} -I\n"
            "import json, os, pathlib, sys\n"
            f"with pathlib.Path({str(self.calls_file)!r}).open('a') as log:\n"
            "    log.write(json.dumps([sys.argv[1:], dict(os.environ)]) + '\\n')\n"
            f"if sys.argv[1:] == ['version']: sys.exit(print({VERSION!r}))\n"
            "assert pathlib.Path(sys.argv[-1]).stat().st_size\n"
            f"print({output!r})\n"
            f"sys.exit({code})\n"
        ).encode()

    @property
    def calls_file(self) -> Path:
        return self.root.parent / "calls"

    @property
    def calls(self) -> list[tuple[list[str], dict[str, str]]]:
        return [tuple(json.loads(line)) for line in self.calls_file.read_text().splitlines()]

    def has_program(self, output: str = DONE, code: int = 0) -> Path:
        """Put a cs-coverage on PATH."""
        path = self.root.parent / "bin" / "cs-coverage"
        path.parent.mkdir()
        path.write_bytes(self.program(output, code))
        path.chmod(0o755)
        self.environ["PATH"] = f"{path.parent}{os.pathsep}{os.environ['PATH']}"
        return path

    def run(self, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return self.repository.covlane("doctor", *arguments, **(self.environ | environ))

    def ask(self, **environ: str) -> dict[str, dict[str, Any]]:
        """Return each line by its name; the exit code is that of the first ✗."""
        done = self.run("--json", **environ)
        assert "Traceback" not in done.stderr
        rows = json.loads(done.stdout)
        assert done.returncode == next((row["exit_code"] for row in rows if not row["ok"]), 0)
        assert all(row["remedy"] for row in rows if not row["ok"])
        assert all(row["asked"] == (row["ok"] is not None) for row in rows)
        assert TOKEN not in done.stdout + done.stderr
        assert "pa55" not in done.stdout + done.stderr
        return {row["name"]: row for row in rows}


@pytest.fixture
def patient(repository: Repository, tmp_path: Path) -> Iterator[Patient]:
    repository.git("remote", "add", "origin", REMOTE)
    with StandIn(TOKEN) as codescene:
        healthy = Patient(repository, codescene)
        healthy.environ |= {
            "COVLANE_CODESCENE_URL": codescene.url,
            "CS_ACCESS_TOKEN": TOKEN,
            "XDG_CACHE_HOME": str(tmp_path / "cache"),
            "NO_PROXY": "127.0.0.1",
        }
        healthy.reports()
        yield healthy


def files_of(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_a_healthy_repository_has_a_tick_for_everything_and_nothing_changes(patient: Patient) -> None:
    patient.has_program()
    before = files_of(patient.root)
    done = patient.run(PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode == 0, done.stdout + done.stderr
    assert files_of(patient.root) == before
    assert [line.partition(":")[0] for line in done.stdout.splitlines()] == [
        "✓ CodeScene",
        "✓ token",
        "✓ report",
        "✓ commit",
        "✓ branch",
        "✓ paths",
        "✓ cs-coverage",
        "✓ cs-coverage and report",
        "✓ sessions",
        "✓ SlipCover and pytest",
    ]
    assert [(request.method, request.path) for request in patient.codescene.requests] == [
        ("GET", "/v2/projects")
    ]


def test_what_codescene_will_see_is_said(patient: Patient) -> None:
    lines = patient.ask()
    head = patient.repository.git("rev-parse", "HEAD")
    assert lines["commit"]["found"] == f"{head} of https://example.com/team/calc.git"
    assert lines["paths"]["found"] == "1 of the report's 1 files are in the commit"
    assert lines["sessions"]["found"] == f"coverage-{CURRENT}"
    assert lines["report"]["found"] == "1 file, such as calc.py"
    assert lines["token"]["found"] == "CS_ACCESS_TOKEN is set and accepted"
    assert lines["cs-coverage"]["found"] == "not installed; uploads go by REST"


# CodeScene and its token


@pytest.mark.parametrize(
    ("token", "code", "cause"),
    [
        ("another", 5, "does not accept CS_ACCESS_TOKEN (HTTP 401)"),
        ("", 2, "CS_ACCESS_TOKEN is not set"),
        ("two words", 2, "CS_ACCESS_TOKEN contains a space"),
    ],
)
def test_a_token_that_does_not_do_is_a_cross_and_codescene_a_tick(
    patient: Patient, token: str, code: int, cause: str
) -> None:
    lines = patient.ask(CS_ACCESS_TOKEN=token)
    assert lines["CodeScene"]["ok"]
    assert lines["token"]["exit_code"] == code
    assert cause in lines["token"]["found"]


def test_no_word_of_a_token_that_does_not_do_is_sent(patient: Patient) -> None:
    with Downloads() as codescene:
        lines = patient.ask(CS_ACCESS_TOKEN="two words", COVLANE_CODESCENE_URL=codescene.url)
    assert not lines["CodeScene"]["ok"]
    (request,) = codescene.requests
    assert request[0] == "/cli/projects"
    assert "authorization" not in request[1]


HTML = (("Content-Type", "text/html"),)


@pytest.mark.parametrize(
    ("fault", "cause", "remedy"),
    [
        (Fault(404), "not the address of CodeScene's API", "/api/v2"),
        (Fault(404, b"<html>", HTML), "not the address of CodeScene's API", "/v2 on cloud"),
        (Fault(500), "has an error", "try again later"),
        (Fault(503, b"<html>", HTML), "a proxy before it, has an error", "try again later"),
        (Fault(429), "too many requests", "wait some minutes"),
        (Fault(407), "a proxy requires a user and a password", "HTTPS_PROXY"),
        (Fault(200, b"<!doctype html><title>Log in</title>", HTML), "such as a login page", "/api/v2"),
        (Fault(200, b"  <html>"), "such as a login page", "HTTPS_PROXY"),
        (Fault(401, b"<html>", HTML), "such as a login page", "HTTPS_PROXY"),
        (Fault(403, b"<html>", HTML), "such as a login page", "HTTPS_PROXY"),
        (Fault(200, b"{}"), "not with CodeScene's projects", "/api/v2"),
        (Fault(200, b'{"projects": {}}'), "not with CodeScene's projects", "/api/v2"),
        (Fault(200, b"[" * 50_000), "not with CodeScene's projects", "/api/v2"),
        (Fault(200, b'\xff{"projects": []}'), "not with CodeScene's projects", "/api/v2"),
        (Fault(200, b"", ()), "not with CodeScene's projects", "/api/v2"),
        (Fault(204, b"", ()), "not with CodeScene's projects", "/api/v2"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_what_codescene_does_not_answer_is_a_cross_and_leaves_the_token_open(
    patient: Patient, fault: Fault, cause: str, remedy: str
) -> None:
    with closing(Http(retries=0)) as http:
        patient.codescene.faults.append(fault)
        there, token = diagnose.codescene(http, patient.codescene.url, TOKEN)
    assert str(there).startswith("✗ CodeScene: ")
    assert f"HTTP {fault.status}" in there.found
    assert cause in there.found
    assert remedy in there.remedy
    assert there.exit_code == 5
    assert str(token).startswith("? token: CS_ACCESS_TOKEN is set, but CodeScene could not be asked")


def test_many_projects_are_still_the_documented_answer(patient: Patient) -> None:
    projects = [{"id": number, "name": "x" * 100} for number in range(2_000)]
    patient.codescene.faults.append(
        Fault(body=json.dumps({"page": 1, "max_pages": 9, "projects": projects}).encode())
    )
    assert patient.ask()["token"]["found"] == "CS_ACCESS_TOKEN is set and accepted"


def test_an_address_without_an_api_is_a_cross(patient: Patient) -> None:
    lines = patient.ask(COVLANE_CODESCENE_URL=patient.codescene.url.replace("/v2", "/wrong"))
    assert (lines["CodeScene"]["ok"], lines["CodeScene"]["exit_code"]) == (False, 5)
    assert lines["token"]["ok"] is None


def test_a_redirect_to_a_login_page_is_a_cross(patient: Patient) -> None:
    patient.codescene.faults.append(Fault(302, headers=(("Location", "https://login.example.com/"),)))
    lines = patient.ask()
    assert "a redirect to login.example.com" in lines["CodeScene"]["found"]
    assert lines["token"]["exit_code"] == 5


def test_without_a_network_it_ends_with_crosses(patient: Patient) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/v2"
        lines = patient.ask(COVLANE_CODESCENE_URL=url)
    assert lines["CodeScene"]["exit_code"] == lines["token"]["exit_code"] == 5
    assert "cannot be reached" in lines["CodeScene"]["found"]
    assert lines["sessions"]["ok"]


def test_an_address_that_no_token_is_sent_to_is_a_cross(patient: Patient) -> None:
    assert patient.ask(COVLANE_CODESCENE_URL="http://example.com/v2")["CodeScene"]["exit_code"] == 2


# The report and the repository


def test_without_a_report_the_rest_is_still_asked(patient: Patient) -> None:
    shutil.rmtree(patient.root / "reports")
    lines = patient.ask()
    assert lines["report"]["exit_code"] == 3
    assert lines["commit"]["ok"]
    assert lines["sessions"]["ok"]
    assert "paths" not in lines


def test_an_incomplete_report_is_a_cross(patient: Patient) -> None:
    patient.reports(incomplete=("coverage-3.9 did not run",))
    lines = patient.ask()
    assert lines["report"]["exit_code"] == 3
    assert "coverage-3.9 did not run" in lines["report"]["found"]


def test_paths_that_are_not_in_the_commit_are_a_cross(patient: Patient) -> None:
    patient.reports("build/lib/calc.py: 1+")
    lines = patient.ask()
    assert lines["as CodeScene sees it"]["exit_code"] == 3
    assert "build/lib/calc.py" in lines["as CodeScene sees it"]["found"]
    assert lines["paths"]["found"].startswith("0 of the report's 1 files")


def test_a_generated_file_beside_others_is_only_said(patient: Patient) -> None:
    patient.reports(f"{FINE}\n_version.py: 1+")
    lines = patient.ask()
    assert lines["as CodeScene sees it"]["ok"]
    assert "_version.py" in lines["as CodeScene sees it"]["found"]


def test_a_report_of_another_commit_is_a_cross(patient: Patient) -> None:
    patient.reports(commit="a" * 40)
    assert patient.ask()["as CodeScene sees it"]["exit_code"] == 3


def test_a_repository_without_a_remote_is_a_cross(patient: Patient) -> None:
    patient.repository.git("remote", "remove", "origin")
    line = patient.ask()["commit"]
    head = patient.repository.git("rev-parse", "HEAD")
    assert line["exit_code"] == 2
    assert line["found"] == f"{head} has no remote"
    assert line["remedy"] == "add the remote that CodeScene analyses as origin"


def test_a_repository_without_a_commit_is_a_cross_that_says_so(patient: Patient) -> None:
    shutil.rmtree(patient.root / ".git")
    patient.repository.git("init", "--quiet")
    line = patient.ask()["commit"]
    assert "there is no git repository with a commit here" in line["found"]
    assert line["remedy"].startswith("make a commit")


def test_a_token_that_is_not_set_is_called_that(patient: Patient) -> None:
    assert patient.ask(CS_ACCESS_TOKEN="")["token"]["found"] == "CS_ACCESS_TOKEN is not set"


def test_a_branch_that_codescene_does_not_analyse_is_said(patient: Patient) -> None:
    patient.repository.git("switch", "--quiet", "--create", "feature")
    branch = patient.ask()["branch"]
    assert branch["ok"]
    assert "this is feature" in branch["found"]


def test_a_noxfile_without_the_sessions_is_a_cross(patient: Patient) -> None:
    patient.repository.write("noxfile.py", "import nox\n")
    assert patient.ask()["sessions"]["exit_code"] == 2


def test_sessions_that_nox_does_not_list_are_a_cross(patient: Patient) -> None:
    noxfile = 'import nox\n@nox.session(python=["3.9"])\ndef coverage(session): ...\n'
    patient.repository.write("noxfile.py", noxfile)
    assert f"nox does not list coverage-{CURRENT}" in patient.ask()["sessions"]["found"]


def test_a_canary_that_did_not_sing_is_a_cross(patient: Patient) -> None:
    patient.reports(self_check="missed: forked")
    assert patient.ask()["SlipCover and pytest"]["exit_code"] == 6


# cs-coverage


def test_the_program_reads_this_report_against_a_stand_in_and_with_no_token(patient: Patient) -> None:
    patient.has_program()
    lines = patient.ask(GITHUB_TOKEN="another-secret")
    assert lines["cs-coverage and report"]["found"] == "coverage.xml is read, lcov.info is read"
    version, *uploads = patient.calls
    assert version[0] == ["version"]
    assert [arguments[:-1] for arguments, _ in uploads] == [
        ["upload", "--format", "cobertura", "--metric", "line-coverage"],
        ["upload", "--format", "lcov", "--metric", "branch-coverage"],
    ]
    for _, told in patient.calls:
        assert {TOKEN, "another-secret"}.isdisjoint(told.values())
    for _, told in uploads:
        assert told["CS_ONPREM_URL"].startswith("http://127.0.0.1:")
        assert not told["CS_ONPREM_URL"].startswith(patient.codescene.url.removesuffix("/v2"))
    assert not patient.codescene.uploads


def test_a_program_that_cannot_read_this_report_is_a_cross(patient: Patient) -> None:
    patient.has_program(UNREADABLE, 1)
    line = patient.ask()["cs-coverage and report"]
    assert line["exit_code"] == 6
    assert line["found"].startswith("coverage.xml: this version of cs-coverage cannot read the report")


def test_another_end_than_a_complaint_about_the_form_leaves_it_open(patient: Patient) -> None:
    patient.has_program("HTTP 404", 1)
    line = patient.ask()["cs-coverage and report"]
    assert (line["ok"], line["exit_code"]) == (None, 0)
    assert "HTTP 404" in line["remedy"]
    assert (
        line["found"] == "coverage.xml is not reported as unreadable, lcov.info is not reported as unreadable"
    )


def test_the_locked_program_is_named_with_its_hash(patient: Patient) -> None:
    packed = archive(patient.program())
    (patient.root / "cs-coverage.lock").write_bytes(install.write_lock((), entry(packed)))
    with Downloads() as downloads:
        downloads.holds(packed)
        patient.environ["COVLANE_CODESCENE_DOWNLOADS"] = downloads.url
        done = patient.repository.covlane("install-cs-coverage", **patient.environ)
        assert done.returncode == 0, done.stderr
    path = done.stdout.split(": ")[1].strip()
    expected = f"1.2.3 ({BUILD}), archive's SHA-256 as locked: {entry(packed).sha256}, /"
    assert patient.ask()["cs-coverage"]["found"].startswith(expected)
    Path(path).write_bytes(patient.program("something else"))
    line = patient.ask()["cs-coverage"]
    assert line["exit_code"] == 6
    assert line["found"] == f"{path} differs from its archive"


def test_a_program_of_path_is_named_as_locked_nowhere(patient: Patient) -> None:
    path = patient.has_program()
    found = patient.ask()["cs-coverage"]["found"]
    assert found == f"1.2.3 ({BUILD}), not locked, found on PATH, {path}"


def test_a_program_that_is_demanded_and_missing_is_a_cross(patient: Patient) -> None:
    line = patient.ask(COVLANE_CODESCENE_VIA="cli")["cs-coverage"]
    assert line["exit_code"] == 6
    assert line["remedy"] == "run `invoke install-cs-coverage`"


def test_a_lane_by_rest_asks_for_no_program(patient: Patient) -> None:
    patient.has_program()
    assert "cs-coverage" not in patient.ask(COVLANE_CODESCENE_VIA="rest")
    assert not patient.calls_file.exists()


def test_a_team_without_codescene_is_asked_nothing_of_it(patient: Patient) -> None:
    rows = patient.ask(COVLANE_CODESCENE_UPLOAD="false")
    assert list(rows) == ["CodeScene", "report", "sessions", "SlipCover and pytest"]
    assert rows["CodeScene"]["found"] == NOT_WANTED
    assert not patient.codescene.requests


def test_where_nothing_shows_that_codescene_is_used_it_is_not_asked(patient: Patient) -> None:
    del patient.environ["CS_ACCESS_TOKEN"], patient.environ["COVLANE_CODESCENE_URL"]
    rows = patient.ask()
    assert list(rows) == ["CodeScene", "report", "sessions", "SlipCover and pytest"]
    assert rows["CodeScene"]["found"] == NOT_ASKED


def test_a_lock_that_cannot_be_read_is_a_cross(patient: Patient) -> None:
    (patient.root / "cs-coverage.lock").write_text("<<<<<<< ours\n")
    assert patient.ask()["cs-coverage"]["exit_code"] == 2
