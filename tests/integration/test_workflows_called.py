"""The reusable workflow and the action, executed for those who call them as docs/github.md says."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hub import GATE, GROWN, LEG, SESSION, UPLOAD, failures, secret_steps

if TYPE_CHECKING:
    from hub import Hub
    from runner.runner import Done

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "github.md").read_text("utf-8")
CALLING, STEP = re.findall(r"(?ms)^```yaml\n(.*?)^```", GUIDE)
CALLER = ".github/workflows/caller.yml"
HEAD = "name: caller\non: [push, pull_request]\npermissions: {}\n"
#: A job that reads what the lane tells.
AFTER = """
  after:
    needs: coverage
    if: ${{ !cancelled() }}
    runs-on: ubuntu-latest
    permissions: {}
    steps:
      - run: test "$TOLD" = "75.00 50.00 pass true"
        env:
          TOLD: ${{ needs.coverage.outputs.line }} ${{ needs.coverage.outputs.branch }} OUTPUTS
""".replace("OUTPUTS", "${{ needs.coverage.outputs.verdict }} ${{ needs.coverage.outputs.complete }}")
#: A job around the action's step, whose outputs it hands on.
AROUND = (
    """jobs:
  coverage:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    outputs:
"""
    + "".join(
        f"      {name}: ${{{{ steps.lane.outputs.{name} }}}}\n"
        for name in ("line", "branch", "patch", "verdict", "complete")
    )
    + """    steps:
      - uses: actions/checkout@0123456789abcdef
        with:
          fetch-depth: 0
          persist-credentials: false
"""
)
ACTION = HEAD + AROUND + textwrap.indent("- id: lane\n  " + STEP.removeprefix("- "), "      ") + AFTER


def called(hub: Hub, workflow: str) -> None:
    hub.runner.elsewhere = {"OWNER/covlane": ROOT}
    hub.repository.write(CALLER, workflow)
    hub.commit()


def inside(done: Done) -> dict[str, str]:
    """Return the results of the called workflow's jobs."""
    found = done.results().items()
    return {name.removeprefix("coverage / "): result for name, result in found if "/" in name}


@pytest.mark.whole
def test_a_caller_s_push_is_measured_judged_and_delivered(hub: Hub) -> None:
    called(hub, HEAD + CALLING + AFTER)
    done = hub.push(CALLER)
    assert inside(done) == dict.fromkeys(("plan", "leg", "deliver", "coverage"), "success"), failures(done)
    assert done.results()["coverage"] == done.results()["after"] == "success", failures(done)
    assert len(hub.codescene.uploads) == 2
    assert secret_steps(done) == [UPLOAD]
    assert done.machines["plan"] == done.machines["deliver"] == ["ubuntu-latest"]
    assert not hub.artifact(1, "durations").exists()
    again = hub.push(CALLER)
    assert set(again.results().values()) == {"success"}, failures(again)
    assert (hub.artifact(2, "durations") / "durations.json").read_bytes().count(b"test_calc.py::") == 1


@pytest.mark.whole
@pytest.mark.parametrize("hub", [('reports = "out/cov"', "codescene.upload = false")], indirect=True)
def test_inputs_reach_a_workflow_that_lies_beside_its_caller(hub: Hub) -> None:
    beside = ".github/workflows/reusable.yml"
    hub.repository.write(beside, (ROOT / beside).read_text("utf-8"))
    calling = re.sub("OWNER/covlane/(.*)@COMMIT", r"./\1", CALLING).partition("    secrets:")[0]
    called(hub, HEAD + calling + "    with:\n      runner: large\n      reports: out/cov\n" + AFTER)
    done = hub.push(CALLER)
    assert set(done.results().values()) == {"success"}, failures(done)
    assert done.machines["plan"] == ["large"]
    assert (hub.artifact(1, "coverage") / "coverage.xml").is_file()
    assert "nothing is sent to CodeScene" in done.step(UPLOAD).output
    assert "uploads do not use cs-coverage" in done.step("covlane install-cs-coverage --if-used").output
    assert not hub.codescene.requests


@pytest.mark.whole
@pytest.mark.parametrize("owner", ["team", "stranger"])
def test_a_caller_s_pull_request_is_judged_and_sees_no_secret(hub: Hub, owner: str) -> None:
    called(hub, HEAD + CALLING + AFTER)
    hub.repository.write("calc.py", GROWN)
    done = hub.pull(owner, CALLER)
    assert inside(done) == {
        "plan": "success",
        "leg": "success",
        "deliver": "failure",
        "coverage": "failure",
    }
    assert done.results()["coverage"] == "failure"
    assert done.step(GATE).code == 4
    assert done.jobs["coverage"]["outputs"]["patch"] == "50.00"
    assert done.jobs["coverage"]["outputs"]["verdict"] == "fail"
    assert not secret_steps(done)
    assert not hub.codescene.requests
    assert (hub.artifact(1, "verdict") / "verdict.json").is_file()


@pytest.mark.whole
def test_a_caller_s_lost_leg_and_missing_token_are_red(hub: Hub) -> None:
    called(hub, HEAD + CALLING)
    hub.runner.secrets = {}
    done = hub.push(CALLER)
    assert done.step(UPLOAD).code == 2
    assert done.results()["coverage"] == "failure"
    hub.runner.lost = frozenset({f"{LEG}(shard-2-of-2)"})
    done = hub.push(CALLER)
    assert done.jobs["coverage"]["outputs"]["complete"] == "false"
    assert done.jobs["coverage"]["outputs"]["verdict"] == "incomplete"
    assert done.results()["coverage"] == "failure"


@pytest.mark.whole
def test_the_action_runs_every_leg_on_one_machine_and_judges(hub: Hub) -> None:
    called(hub, ACTION)
    done = hub.push(CALLER)
    assert done.results() == {"coverage": "success", "after": "success"}, failures(done)
    assert done.step(SESSION).output.count(": success") == 2
    assert "75.00%" in done.summary
    assert done.step("covlane annotate").outcome == "skipped"
    assert not secret_steps(done)
    assert not hub.codescene.requests


def test_the_action_judges_a_pull_request(hub: Hub) -> None:
    called(hub, ACTION)
    hub.repository.write("calc.py", GROWN)
    done = hub.pull("stranger", CALLER)
    assert done.results() == {"coverage": "failure", "after": "failure"}
    gate = done.step(GATE)
    assert gate.code == 4
    assert gate.last == f"again: {GATE}"
    assert done.jobs["coverage"]["outputs"]["patch"] == "50.00"
    assert "::warning file=calc.py,line=8" in done.step("covlane annotate").output
    assert "calc.py" in done.summary


@pytest.mark.whole
def test_the_action_fails_with_the_tests_and_reports_them_all_the_same(hub: Hub) -> None:
    called(hub, ACTION)
    hub.repository.write("test_calc.py", "from calc import sign\ndef test_sign():\n    assert sign(1) == 2\n")
    hub.commit()
    done = hub.push(CALLER)
    assert done.results()["coverage"] == "failure"
    assert done.step(SESSION).last.startswith(f'again: nox -s "{LEG}')
    assert done.step(GATE).outcome == "success"
    assert done.jobs["coverage"]["outputs"]["line"] == "75.00"
    assert done.jobs["coverage"]["outputs"]["complete"] == "true"
    assert "75.00%" in done.summary
