"""`covlane comment` as a job or a person types it, against a GitHub on this machine."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from covlane.formats.evidence import write_verdict
from covlane.model.report import Ratio
from covlane.model.verdict import Patch, Total
from covlane.testing.github import BOT, GitHub
from sample_site import verdict

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from repository import Repository

TEAM, TOKEN = "team/calc", "ghs_t0k3n"
PULL = {
    "number": 7,
    "head": {"sha": "a" * 40, "repo": {"full_name": TEAM}},
    "base": {"sha": "b" * 40, "repo": {"full_name": TEAM}},
}


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(TEAM, {TOKEN: {"pull-requests": "write"}}) as standin:
        standin.pulls.append(PULL)
        yield standin


def judged(repository: Repository, **changes: object) -> None:
    repository.write("reports/verdict.json", write_verdict(verdict(**changes)).decode())


def comment(
    repository: Repository, github: GitHub, *arguments: str, event: object = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    told = repository.root / "reports" / "event.json"
    told.parent.mkdir(exist_ok=True)
    told.write_text(json.dumps(event or {"pull_request": PULL}))
    here = {
        "GITHUB_API_URL": github.url,
        "GITHUB_EVENT_PATH": str(told),
        "GITHUB_REPOSITORY": TEAM,
        "GITHUB_RUN_ID": "17",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_TOKEN": TOKEN,
    }
    return repository.covlane("comment", *arguments, **{**here, **environ})


def test_a_job_of_a_pull_request_comments_in_each_lane(repository: Repository, github: GitHub) -> None:
    github.comment(7, "somebody's own words", "somebody")
    judged(repository)
    for lane in ("fast", "slow"):
        done = comment(repository, github, COVLANE_GITHUB_LANE=lane)
        assert done.stdout == "commented on #7\n", done.stderr
    judged(repository, legs={"coverage-3.13": "3.13.0"})
    assert comment(repository, github, COVLANE_GITHUB_LANE="slow").stdout == "updated the comment on #7\n"
    theirs, fast, slow = github.comments
    assert theirs["body"] == "somebody's own words"
    assert [one["body"].splitlines()[0] for one in (fast, slow)] == [
        "<!-- covlane: fast -->",
        "<!-- covlane: slow -->",
    ]
    assert ("Legs: coverage-3.13" in fast["body"], "Legs: coverage-3.13" in slow["body"]) == (False, True)
    assert "(https://github.example/team/calc/actions/runs/17)" in slow["body"]
    assert slow["user"]["login"] == BOT
    assert {request.method for request in github.requests} == {"GET", "POST", "PATCH"}


def test_a_person_names_the_pull_request(repository: Repository, github: GitHub) -> None:
    judged(repository)
    done = comment(repository, github, "--pull-request", "7", event={"ref": "refs/heads/main"})
    assert done.stdout == "commented on #7\n", done.stderr


@pytest.mark.parametrize(
    ("setting", "said"),
    [("never", "no comment is written"), ("on-change", "no change to report, so #7 gets no comment")],
)
def test_nothing_is_posted_where_it_is_so_set(
    repository: Repository, github: GitHub, setting: str, said: str
) -> None:

    judged(repository, outcome="pass", patch=Patch(), total=Total(line=Ratio(1, 2), branch=None))
    done = comment(repository, github, COVLANE_GITHUB_COMMENT=setting)
    assert said in done.stdout
    assert done.returncode == 0
    assert not github.comments


@pytest.mark.parametrize(
    ("event", "environ", "told"),
    [
        ({"ref": "refs/heads/main"}, {}, (2, "not running for a pull request")),
        (None, {"GITHUB_TOKEN": ""}, (2, "GITHUB_TOKEN is not set, so nothing was sent")),
        (None, {"GITHUB_TOKEN": "another"}, (5, "does not accept the token")),
    ],
)
def test_what_keeps_a_comment_from_its_place_is_one_sentence(
    repository: Repository, github: GitHub, event: object, environ: dict[str, str], told: tuple[int, str]
) -> None:
    judged(repository)
    done = comment(repository, github, event=event, **environ)
    assert done.returncode == told[0]
    assert told[1] in done.stderr
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stdout + done.stderr
    assert not github.comments


def test_without_a_verdict_the_gate_comes_first(repository: Repository, github: GitHub) -> None:
    done = comment(repository, github)
    assert done.returncode == 3
    assert "run `invoke gate` first" in done.stderr
    assert not github.requests
