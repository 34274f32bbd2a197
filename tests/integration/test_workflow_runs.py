"""The generated workflows, executed job by job on this machine: what CI does is what a person does."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from covlane.formats.evidence import write_verdict
from covlane.model.report import Ratio
from covlane.model.verdict import Patch, PatchFile, Total
from covlane.testing.github import BOT
from hub import GATE, GROWN, LEG, SECRET, SESSION, TEAM, UPLOAD, failures, secret_steps
from repository import CURRENT
from sample_site import agreeing

if TYPE_CHECKING:
    from hub import Hub
    from repository import Repository


def test_a_push_is_measured_judged_and_delivered(hub: Hub) -> None:
    done = hub.push()
    assert set(done.results().values()) == {"success"}, failures(done)
    legs = [step for step in done.steps if step.name == SESSION]
    assert [step.env["SESSION"] for step in legs] == [f"{LEG}(shard-1-of-2)", f"{LEG}(shard-2-of-2)"]
    assert done.step(GATE).outputs == {
        "line": "75.00", "branch": "50.00", "patch": "", "verdict": "pass", "complete": "true",
    }  # fmt: skip
    assert {upload.fields["metric"] for upload in hub.codescene.uploads.values()} == {
        "line-coverage",
        "branch-coverage",
    }
    assert {upload.fields["commit-sha"] for upload in hub.codescene.uploads.values()} == {hub.base}
    assert secret_steps(done) == [UPLOAD]
    assert not [step for step in done.steps if SECRET in step.output]
    assert "75.00%" in done.summary
    assert done.step("nox -s workflow").outcome == "success"
    assert not hub.github.requests
    kept = hub.runner.storage.caches
    assert [key for key in kept if not key.startswith(f"covlane-code-{CURRENT}-")] == [
        "covlane-durations-1-1"
    ]
    again = hub.push()
    assert set(again.results().values()) == {"success"}
    assert done.concurrency == ("coverage-1", False)
    assert again.concurrency == ("coverage-2", False)
    assert hub.artifact(2, "durations").joinpath("durations.json").is_file()


@pytest.mark.whole
def test_what_ci_runs_is_what_a_person_types(hub: Hub, repository: Repository) -> None:
    done = hub.push()
    typed = [step.name for step in done.steps if step.job == "deliver" and step.outcome == "success"]
    for session in (f"{LEG}(shard-1-of-2)", f"{LEG}(shard-2-of-2)"):
        assert repository.nox("-s", session, CI="true").returncode == 0
    tasks = [name.split() for name in typed if name.startswith("covlane ") and name != UPLOAD]
    here = {
        "GITHUB_OUTPUT": str(hub.runner.folder / "out"),
        "GITHUB_STEP_SUMMARY": str(hub.runner.folder / "sum"),
    }
    for _, *task in tasks:
        assert repository.covlane(*task, **here).returncode == 0
    theirs, ours = hub.artifact(1, "coverage"), repository.root / "reports"
    for name in ("lcov.info", "badge.svg"):
        assert (theirs / name).read_bytes() == (ours / name).read_bytes()
    assert (hub.runner.folder / "out").read_text().startswith("line=75.00\nbranch=50.00\n")


def test_a_pull_request_is_judged_and_told_by_a_comment(hub: Hub) -> None:
    hub.repository.write("calc.py", GROWN)
    done = hub.pull()
    assert done.results() == {
        "plan": "success",
        "leg": "success",
        "deliver": "failure",
        "coverage": "failure",
    }
    gate = done.step(GATE)
    assert gate.code == 4
    assert gate.last == "again: covlane gate --github-output"
    assert gate.outputs["patch"] == "50.00"
    assert gate.outputs["verdict"] == "fail"
    assert "::warning file=calc.py,line=8" in done.step("covlane annotate").output
    assert "calc.py" in done.summary
    assert done.step(UPLOAD).outcome == "skipped"
    assert not secret_steps(done)
    assert not hub.codescene.requests
    assert not hub.github.comments
    told = hub.after(1)
    assert set(told.results().values()) == {"success"}, failures(told)
    assert told.step("covlane comment --relayed").output == "commented on #7\n"
    (comment,) = hub.github.comments
    assert comment["user"]["login"] == BOT
    assert comment["body"].startswith("<!-- covlane: coverage -->\n**❌ Coverage fails: patch")
    assert "calc.py" in comment["body"]
    assert "(https://github.com/team/calc/actions/runs/1)" in comment["body"]
    hub.after(1)
    assert len(hub.github.comments) == 1
    # A newer push ends an older run of the same pull request, and of nothing else.
    assert done.concurrency == ("coverage-7", True)
    assert not told.concurrency[1]


@pytest.mark.whole
def test_a_fork_s_pull_request_gets_its_comment_from_a_run_that_runs_nothing_of_it(hub: Hub) -> None:
    evil = hub.runner.folder / "evil"
    hub.repository.write(
        "noxfile.py",
        f"open({str(evil)!r}, 'a').write('ran')\nfrom covlane import sessions\nsessions.register()\n",
    )
    hub.repository.write("@octocat <b>.py", "x = 1\n")
    done = hub.pull("stranger")
    assert not secret_steps(done)
    assert not hub.github.comments
    assert not [may for may in hub.github.tokens.values() if "write" in may.values()]
    assert evil.exists()
    evil.unlink()
    told = hub.after(1)
    assert set(told.results().values()) == {"success"}, failures(told)
    assert not evil.exists()
    (comment,) = hub.github.comments
    assert "<b>" not in comment["body"]
    assert "@octocat" not in comment["body"]


@pytest.mark.whole
@pytest.mark.parametrize("kind", ["html", "link", "bomb", "two"])
def test_what_a_fork_puts_into_its_artifact_is_refused(hub: Hub, kind: str) -> None:
    hub.propose("stranger")
    hub.runner.runs = 1
    artifact = hub.artifact(1, "verdict")
    with zipfile.ZipFile(artifact, "w", zipfile.ZIP_DEFLATED) as packed:
        if kind == "html":
            packed.writestr("verdict.json", "<script>alert(1)</script>\n::set-output name=x::y")
        elif kind == "link":
            link = zipfile.ZipInfo("verdict.json")
            link.external_attr = 0o120777 << 16
            packed.writestr(link, "/proc/self/environ")
        elif kind == "bomb":
            packed.writestr("verdict.json", b" " * (100 << 20))
        else:
            packed.writestr("verdict.json", "{}")
            packed.writestr("../../calc.py", "evil")
    told = hub.after(1)
    step = told.step("covlane comment --relayed")
    assert step.code == 3
    assert "the run's artifact is refused" in step.output
    assert not [word for word in ("script", "::", "Traceback", "evil") if word in step.output]
    assert not hub.github.comments


@pytest.mark.whole
def test_a_run_of_another_repository_or_another_commit_is_not_commented(hub: Hub) -> None:
    relayed(hub)
    hub.github.pulls[0]["head"]["sha"] = "f" * 40
    told = hub.after(1)
    assert "no open pull request is at the measured commit" in told.step("covlane comment --relayed").output
    hub.github.runs[1]["repository"] = {"full_name": "stranger/calc"}
    told = hub.after(1)
    assert told.step("covlane comment --relayed").code == 5
    assert not hub.github.comments


def relayed(hub: Hub, **changes: Any) -> None:
    """Put a verdict into the artifact of a stranger's run, as covlane would have written it."""
    hub.propose("stranger")
    hub.runner.runs = 1
    with zipfile.ZipFile(hub.artifact(1, "verdict"), "w") as packed:
        packed.writestr("verdict.json", write_verdict(agreeing(**changes)))


@pytest.mark.whole
def test_the_number_of_a_pull_request_is_asked_of_github_alone(hub: Hub) -> None:
    relayed(hub)
    # What a run says of its pull requests is empty for forks, and its head can be anybody's.
    head = {"sha": hub.base, "ref": "main", "repo": {"full_name": TEAM, "owner": {"login": "team"}}}
    hub.github.pulls.append({**hub.github.pulls[0], "number": 8, "head": head})
    hub.github.runs[1]["pull_requests"] = [{"number": 8}]
    told = hub.after(1)
    assert told.results() == {"comment": "success"}, failures(told)
    assert [comment["issue"] for comment in hub.github.comments] == [7]


NAMES = (
    "<img src=x onerror=alert(1)>.py",
    "[click](www.example.com).py",
    "@octocat.py",
    "\x1b[31mred.py",
    "a\n::set-output name=x::y.py",
    "a\r::add-mask::success\n::error::x.py",
)


@pytest.mark.whole
def test_names_of_files_are_shown_in_the_comment_and_obeyed_nowhere(hub: Hub) -> None:
    files = tuple(PatchFile(path=name, statements=Ratio(0, 1), missing=((1, 1),)) for name in NAMES)
    relayed(hub, patch=Patch(files=files, statements=Ratio(0, len(NAMES))))
    told = hub.after(1)
    assert told.results() == {"comment": "success"}, failures(told)
    (comment,) = hub.github.comments
    assert "alert" in comment["body"]
    assert not [sign for sign in ("<img", "@octo", "\x1b", "\n::", "\r", "](www") if sign in comment["body"]]


@pytest.mark.whole
@pytest.mark.parametrize("hub", [('github.comment = "on-change"',)], indirect=True)
def test_nothing_is_commented_where_nothing_changed_if_so_set(hub: Hub) -> None:
    total = Total(line=Ratio(1, 2), branch=None)
    relayed(hub, patch=Patch(), total=total)
    told = hub.after(1)
    assert told.step("covlane comment --relayed").output == "no change to report, so #7 gets no comment\n"
    with zipfile.ZipFile(hub.artifact(1, "verdict"), "w") as packed:
        missing = agreeing(incomplete=("a leg did not run",), patch=Patch(), total=total)
        packed.writestr("verdict.json", write_verdict(missing))
    assert hub.after(1).step("covlane comment --relayed").output == "commented on #7\n"


QUALITY = ("github.code-quality = true", "codescene.upload = false")
SEND = "covlane upload --to github"


@pytest.mark.whole
@pytest.mark.parametrize("hub", [QUALITY], indirect=True)
def test_a_push_is_sent_to_code_quality_and_nothing_to_a_codescene_that_is_not_there(hub: Hub) -> None:
    hub.github.statuses = ["succeeded"]
    hub.runner.secrets = {}
    done = hub.push()
    assert set(done.results().values()) == {"success"}, failures(done)
    assert done.step(SEND).output == "GitHub Code Quality has the report as 'coverage'\n"
    (report,) = hub.github.reports
    assert (report["commit_oid"], report["ref"]) == (hub.base, "refs/heads/main")
    assert b'filename="calc.py"' in report["coverage_report"]
    assert [may for may in hub.github.tokens.values() if "write" in may.values()] == [
        {"contents": "read", "code-quality": "write"}
    ]
    assert not hub.codescene.requests


@pytest.mark.whole
@pytest.mark.parametrize("hub", [QUALITY], indirect=True)
def test_a_pull_request_is_sent_to_code_quality_by_its_head_and_a_fork_s_is_not(hub: Hub) -> None:
    hub.github.statuses = ["succeeded"]
    hub.repository.write("calc.py", GROWN)
    done = hub.pull()
    assert done.jobs["deliver"]["result"] == "failure"
    assert done.step(SEND).outcome == "success", failures(done)
    (report,) = hub.github.reports
    pull = hub.github.pulls[0]
    assert (report["commit_oid"], report["pull_request_number"]) == (pull["head"]["sha"], 7)
    pull["head"]["repo"] = {"full_name": "stranger/calc", "owner": {"login": "stranger"}, "id": 2}
    theirs = hub.again(pull)
    assert theirs.results()["quality"] == "skipped"
    assert len(hub.github.reports) == 1


@pytest.mark.whole
@pytest.mark.parametrize("hub", [QUALITY], indirect=True)
def test_code_quality_that_refuses_is_red_and_keeps_nobody_from_merging(hub: Hub) -> None:
    hub.github.statuses = ["failed"]
    done = hub.push()
    assert done.results() == {
        "plan": "success",
        "leg": "success",
        "deliver": "success",
        "quality": "failure",
        "coverage": "success",
    }
    assert done.step(SEND).code == 5
    assert done.step(SEND).last == f"again: {SEND}"


@pytest.mark.whole
def test_failing_tests_are_reported_and_the_last_line_says_how_to_see_them_fail(hub: Hub) -> None:
    hub.repository.write("test_calc.py", "from calc import sign\ndef test_sign():\n    assert sign(1) == 2\n")
    hub.repository.commit()
    done = hub.push()
    assert done.results() == {
        "plan": "success",
        "leg": "failure",
        "deliver": "success",
        "coverage": "failure",
    }
    (red,) = [step for step in done.steps if step.code and step.job == "leg"]
    assert red.last == f'again: nox -s "{red.env["SESSION"]}"'
    assert "::group::environment\n" in red.output
    assert done.step(GATE).outputs["line"] == "75.00"
    assert len(hub.codescene.uploads) == 2


@pytest.mark.whole
def test_a_leg_that_is_lost_makes_the_verdict_incomplete(hub: Hub) -> None:
    hub.runner.lost = frozenset({f"{LEG}(shard-2-of-2)"})
    done = hub.push()
    assert done.results() == {
        "plan": "success",
        "leg": "failure",
        "deliver": "failure",
        "coverage": "failure",
    }
    assert done.step("covlane merge --allow-incomplete").output.startswith("INCOMPLETE: ")
    assert done.step(GATE).code == 3
    assert done.step(GATE).outputs["complete"] == "false"
    assert done.step(GATE).outputs["verdict"] == "incomplete"
    assert f"{LEG}(shard-2-of-2)".replace("(", "\\(").replace(")", "\\)") in done.summary
    assert done.step(UPLOAD).code == 3
    assert not hub.codescene.uploads


@pytest.mark.whole
def test_a_missing_token_is_red_and_loses_nothing(hub: Hub) -> None:
    hub.runner.secrets = {}
    done = hub.push()
    upload = done.step(UPLOAD)
    assert upload.code == 2
    assert "CS_ACCESS_TOKEN is not set" in upload.output
    assert upload.last == "again: covlane upload"
    assert done.results()["coverage"] == "failure"
    kept = hub.artifact(1, "coverage") / "outbox"
    assert len(list(kept.glob("[0-9]*"))) >= 2
