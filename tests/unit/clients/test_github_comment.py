"""The comment on a pull request, against a GitHub on this machine: whose it is, how often, and what it costs to fail."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from covlane.adapters.http import Http
from covlane.clients.github import comment
from covlane.clients.github.api import api
from covlane.errors import DeliveryError, UsageError
from covlane.model.report import Ratio
from covlane.model.verdict import Patch, Total
from covlane.testing.faults import Fault
from covlane.testing.github import BOT, GitHub
from sample_site import verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from covlane.clients.github.api import Api

REPOSITORY = "team/calc"
TOKEN = "ghs_t0k3n"
SHA, OTHER = "a" * 40, "b" * 40
TOKENS: Mapping[str, Mapping[str, str]] = {
    TOKEN: {"pull-requests": "write", "actions": "read"},
    "readonly": {"actions": "read"},
    "person": {"pull-requests": "write", "login": "dev"},
}


def pull(
    number: int, *, sha: str = SHA, owner: str = "dev", branch: str = "topic", state: str = "open"
) -> dict[str, object]:
    repo = {"full_name": f"{owner}/calc", "owner": {"login": owner}}
    return {
        "number": number,
        "state": state,
        "head": {"sha": sha, "ref": branch, "repo": repo},
        "base": {"sha": OTHER, "ref": "main", "repo": {"full_name": REPOSITORY}},
    }


def run(number: int, **changes: object) -> dict[str, object]:
    return {
        "id": number,
        "event": "pull_request",
        "head_sha": SHA,
        "head_branch": "topic",
        "repository": {"full_name": REPOSITORY},
        "head_repository": {"full_name": "dev/calc", "owner": {"login": "dev"}},
        **changes,
    }


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(REPOSITORY, TOKENS) as standin:
        standin.pulls.append(pull(7))
        yield standin


@pytest.fixture
def http() -> Iterator[Http]:
    with closing(Http(backoff=0)) as client:
        yield client


def asked(github: GitHub, http: Http, token: str = TOKEN) -> Api:
    environ = {"GITHUB_TOKEN": token, "GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": REPOSITORY}
    return api(http, environ)


def methods(github: GitHub) -> list[str]:
    return [request.method for request in github.requests]


def test_the_first_comment_is_made_and_the_next_takes_its_place(github: GitHub, http: Http) -> None:
    told = asked(github, http)
    assert comment.publish(told, 7, "coverage", "first") == "commented on #7"
    assert comment.publish(told, 7, "coverage", "second") == "updated the comment on #7"
    assert [one["body"] for one in github.comments] == ["<!-- covlane: coverage -->\nsecond"]


def test_the_same_words_are_not_sent_again(github: GitHub, http: Http) -> None:
    told = asked(github, http)
    comment.publish(told, 7, "coverage", "words\n")
    github.comments[0]["body"] = "<!-- covlane: coverage -->\r\nwords"
    assert comment.publish(told, 7, "coverage", "words\n") == "the comment on #7 is up to date"
    assert methods(github).count("POST") == 1
    assert "PATCH" not in methods(github)


def test_lanes_stand_side_by_side(github: GitHub, http: Http) -> None:
    told = asked(github, http)
    for text in ("one", "two"):
        comment.publish(told, 7, "fast", text)
        comment.publish(told, 7, "slow", text)
    assert [one["body"].splitlines()[0] for one in github.comments] == [
        comment.marker("fast"),
        comment.marker("slow"),
    ]


def test_somebody_else_s_comment_with_our_marker_is_left(github: GitHub, http: Http) -> None:
    theirs = github.comment(7, f"{comment.marker('coverage')}\nmine", "somebody")
    comment.publish(asked(github, http), 7, "coverage", "ours")
    assert theirs["body"].endswith("mine")
    assert [one["user"]["login"] for one in github.comments] == ["somebody", BOT]


def test_a_person_s_token_writes_the_person_s_own_comment(github: GitHub, http: Http) -> None:
    comment.publish(asked(github, http), 7, "coverage", "by the bot")
    comment.publish(asked(github, http, "person"), 7, "coverage", "by a person")
    comment.publish(asked(github, http, "person"), 7, "coverage", "again")
    assert [one["body"].splitlines()[1] for one in github.comments] == ["by the bot", "again"]


@pytest.mark.parametrize("before", [99, 100, 205])
def test_the_comment_is_found_behind_any_number_of_others(github: GitHub, http: Http, before: int) -> None:
    for number in range(before):
        github.comment(7, f"{number}: " + "x" * 2_000, "somebody")
    github.comment(7, f"{comment.marker('coverage')}\nold", BOT)
    assert comment.publish(asked(github, http), 7, "coverage", "new") == "updated the comment on #7"
    assert len(github.comments) == before + 1


def test_no_comment_is_begun_where_none_is_wanted_but_one_that_stands_is_kept_true(
    github: GitHub, http: Http
) -> None:
    told = asked(github, http)
    assert "no change to report" in comment.publish(told, 7, "coverage", "words", begin=False)
    assert not github.comments
    comment.publish(told, 7, "coverage", "words")
    comment.publish(told, 7, "coverage", "others", begin=False)
    assert github.comments[0]["body"].endswith("others")


def test_a_comment_that_is_too_long_is_cut_at_a_line(github: GitHub, http: Http) -> None:
    comment.publish(
        asked(github, http), 7, "coverage", "".join(f"line {number}\n" for number in range(20_000))
    )
    body = github.comments[0]["body"]
    assert comment.MOST - 1_000 < len(body) <= comment.MOST
    assert "see the job summary for all of it" in body.splitlines()[-1]


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("stood", [False, True])
def test_a_rate_limit_is_waited_for_and_nothing_is_done_twice(
    github: GitHub, http: Http, status: int, stood: bool
) -> None:
    told = asked(github, http)
    if stood:
        comment.publish(told, 7, "coverage", "old")
    limit = Fault(status, b'{"message": "You have exceeded a secondary rate limit"}', (("Retry-After", "0"),))
    limited: list[bool] = []

    def fault() -> Fault | None:
        # The third request is the one that writes: it is refused, once.
        wanted = len(github.requests) - begun == 2 and not limited
        if wanted:
            limited.append(True)
        return limit if wanted else None

    begun = len(github.requests)
    github.fault = fault  # type: ignore[method-assign]
    comment.publish(told, 7, "coverage", "new")
    assert limited
    assert [one["body"].splitlines()[1] for one in github.comments] == ["new"]


@pytest.mark.parametrize("before", [0, 1, 2])
def test_a_limit_without_a_time_to_come_again_is_called_one_and_nothing_is_guessed(
    github: GitHub, http: Http, before: int
) -> None:
    limit = Fault(403, b'{"message": "API rate limit exceeded for installation"}')
    begun = len(github.requests) + before
    github.fault = lambda: limit if len(github.requests) >= begun else None  # type: ignore[method-assign]
    with pytest.raises(DeliveryError, match="received too many requests"):
        comment.publish(asked(github, http), 7, "coverage", "words")
    assert not github.comments


def test_a_token_that_may_not_write_is_told_what_it_lacks(github: GitHub, http: Http) -> None:
    with pytest.raises(DeliveryError, match="does not allow this for the token") as caught:
        comment.publish(asked(github, http, "readonly"), 7, "coverage", "words")
    assert caught.value.exit_code == 5
    assert "readonly" not in str(caught.value)


def test_a_token_that_nobody_knows_is_refused(github: GitHub, http: Http) -> None:
    with pytest.raises(DeliveryError, match="does not accept the token"):
        comment.publish(asked(github, http, "stranger"), 7, "coverage", "words")


@pytest.mark.parametrize("token", ["", "  ", "two words", "t\x1b"])
def test_no_token_or_none_that_can_be_one_is_refused_before_anything_is_sent(
    github: GitHub, http: Http, token: str
) -> None:
    with pytest.raises(UsageError, match="GITHUB_TOKEN"):
        asked(github, http, token)
    assert not github.requests


@pytest.mark.parametrize("name", ["", "calc", "a/b/c", "../x y", "team/calc?x"])
def test_a_repository_that_is_none_is_refused(http: Http, name: str) -> None:
    with pytest.raises(UsageError, match="GITHUB_REPOSITORY"):
        api(http, {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": name})


def test_an_answer_that_is_no_json_is_one_sentence(github: GitHub, http: Http) -> None:
    github.faults.append(Fault(body=b"<html>"))
    with pytest.raises(DeliveryError, match="not answer with the expected JSON"):
        comment.publish(asked(github, http), 7, "coverage", "words")


# Whether there is something to say


def test_what_changed_is_worth_a_comment() -> None:
    total = Total(line=Ratio(1, 2), branch=None)
    still = verdict(outcome="pass", patch=Patch(), total=total)
    assert not comment.changed(still)
    assert comment.changed(verdict(outcome="pass", total=total))
    assert comment.changed(verdict(outcome="fail", patch=Patch(), total=total))
    moved = Total(line=Ratio(1, 2), branch=None, line_before=Ratio(2, 2))
    assert comment.changed(verdict(outcome="pass", patch=Patch(), total=moved))


# The pull request of a run, which only GitHub is asked about


def test_the_pull_request_is_the_one_whose_head_was_run(github: GitHub, http: Http) -> None:
    github.pulls += [pull(8, sha=OTHER), pull(9, owner="other"), pull(10, branch="else")]
    github.runs[5] = run(5)
    assert comment.pulls_of_run(asked(github, http), 5) == (7,)


@pytest.mark.parametrize(
    "changes",
    [
        {"head_sha": OTHER},
        {"head_branch": "gone"},
        {"head_branch": None},
        {"head_repository": None},
        {"head_repository": {"full_name": "other/calc", "owner": {"login": "other"}}},
        {"head_branch": "main&state=all&head=dev:topic"},
    ],
)
def test_a_run_whose_pull_request_moved_on_has_none(
    github: GitHub, http: Http, changes: dict[str, object]
) -> None:
    github.runs[5] = run(5, **changes)
    assert comment.pulls_of_run(asked(github, http), 5) == ()


def test_two_pull_requests_of_one_head_are_both_meant(github: GitHub, http: Http) -> None:
    github.pulls.append(pull(8))
    github.runs[5] = run(5)
    assert comment.pulls_of_run(asked(github, http), 5) == (7, 8)


@pytest.mark.parametrize(
    ("status", "message"),
    [(403, "Unable to create comment because issue is locked."), (422, "This conversation has been locked.")],
)
def test_a_locked_conversation_is_called_that(github: GitHub, http: Http, status: int, message: str) -> None:
    told = asked(github, http)
    comment.publish(told, 7, "coverage", "words")
    github.faults.extend([Fault(body=b'{"login": "x"}'), Fault(body=b"[]")])
    github.faults.append(Fault(status, f'{{"message": "{message}"}}'.encode()))
    with pytest.raises(DeliveryError, match="GitHub has locked this conversation") as caught:
        comment.publish(told, 7, "coverage", "others")
    assert "unlock it" in caught.value.remedy


def test_a_pull_request_that_is_closed_is_none(github: GitHub, http: Http) -> None:
    github.pulls[:] = [pull(7, state="closed")]
    github.runs[5] = run(5)
    assert comment.pulls_of_run(asked(github, http), 5) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"repository": {"full_name": "other/calc"}},
        {"event": "push"},
        {"event": "workflow_dispatch"},
        {"id": 6},
    ],
)
def test_a_run_of_something_else_is_refused(github: GitHub, http: Http, changes: dict[str, object]) -> None:
    github.runs[5] = run(5, **changes)
    with pytest.raises(DeliveryError, match="run 5 is not for a pull request of team/calc"):
        comment.pulls_of_run(asked(github, http), 5)


def test_a_run_that_is_not_there_is_refused(github: GitHub, http: Http) -> None:
    with pytest.raises(DeliveryError, match="HTTP 404"):
        comment.pulls_of_run(asked(github, http), 5)
