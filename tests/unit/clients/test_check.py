"""The gates: what they need, and what cs-coverage's answer means."""

from __future__ import annotations

import pytest

from covlane.clients.codescene.check import base, preconditions, project, variables, verdict
from covlane.errors import CovlaneError, GateError, ReportError, ToolError, UsageError

URL = "https://api.codescene.io/v2"
TOKEN = "t0k3n"


def test_passed_gates_are_one_sentence() -> None:
    assert verdict(0, "…\nCode coverage gates: PASS\n", token=TOKEN) == "CodeScene's coverage gates: passed"


@pytest.mark.parametrize("code", [0, 1, 2])
@pytest.mark.parametrize("word", ["FAIL", "Failed"])
def test_a_failed_gate_is_one_whatever_the_exit_code(code: int, word: str) -> None:
    with pytest.raises(GateError) as caught:
        verdict(code, f"src/a.py: 12\nCode coverage gates: {word}\n", token=TOKEN)
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    ("code", "output", "cause"),
    [
        (
            2,
            "the received project-config isn't valid. Lacks the gates configuration.",
            "has no coverage gates",
        ),
        (2, "fatal: ambiguous argument 'HEAD~1': unknown revision", "a commit is missing in this clone"),
        (
            2,
            "The base commit has no code coverage",
            "no coverage of the pull request's target branch",
        ),
        (
            2,
            "no coverage data found for base abc",
            "no coverage of the pull request's target branch",
        ),
        (2, "", "cannot evaluate them (exit code 2) and printed: nothing"),
        (2, "HTTP 500", "cannot evaluate them (exit code 2) and printed: HTTP 500"),
        (1, "HTTP 401", "does not accept the token"),
        (2, "No valid coverage report found", "does not accept the file as a report"),
        (0, "No matching field found: close\nCode coverage gates: PASS", "cannot read the report"),
        (3, "No matching field found: close", "cannot read the report"),
        (0, "", "ended with exit code 0 and printed: nothing"),
        (0, "Done.", "ended with exit code 0 and printed: Done."),
        (1, "Code coverage gates: PASS", "ended with exit code 1"),
        (-9, f"Bearer {TOKEN}", "exit code -9 and printed: Bearer <hidden>"),
    ],
)
def test_gates_that_were_not_evaluated_are_said_so(code: int, output: str, cause: str) -> None:
    with pytest.raises(ReportError, match=r"^the gates were not evaluated: ") as caught:
        verdict(code, output, token=TOKEN)
    assert cause in caught.value.cause
    assert caught.value.remedy
    assert caught.value.exit_code == 3
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("output", ["", "The base commit has no code coverage"])
def test_exit_code_2_is_explained_by_both_who_speak_of_it(output: str) -> None:
    with pytest.raises(ReportError) as caught:
        verdict(2, output, token=TOKEN)
    assert "upload coverage of the base branch" in caught.value.remedy
    assert "CodeScene's manual says that no upload is needed" in caught.value.remedy


@pytest.mark.parametrize(
    ("address", "configured", "number"),
    [
        (f"{URL}/projects/42", "", "42"),
        (f"{URL}/projects/42/\n", "7", "42"),
        ("", "7", "7"),
    ],
)
def test_a_project_is_named_by_its_address_or_the_settings(
    address: str, configured: str, number: str
) -> None:
    assert project({"CS_PROJECT_URL": address}, configured, URL) == number


@pytest.mark.parametrize(
    ("address", "configured"),
    [
        ("", ""),
        ("", "my project"),
        ("https://evil.example.com/v2/projects/42", "7"),
        (f"{URL}/projects/42/../1", "7"),
        ("https://apixcodescene.io/v2/projects/42", ""),
    ],
)
def test_a_project_of_another_codescene_is_none(address: str, configured: str) -> None:
    with pytest.raises(UsageError) as caught:
        project({"CS_PROJECT_URL": address}, configured, URL)
    assert f"{URL}/projects/NUMBER" in caught.value.remedy


def test_the_program_is_told_the_project_and_no_other_secret() -> None:
    told = variables({"PATH": "/bin", "GITHUB_TOKEN": "x"}, url=URL, token=TOKEN, project="42")
    assert told == {
        "PATH": "/bin",
        "CS_ACCESS_TOKEN": TOKEN,
        "CS_DISABLE_VERSION_CHECK": "1",
        "CS_PROJECT_URL": f"{URL}/projects/42",
    }


@pytest.mark.parametrize(
    ("shallow", "related", "cause", "error"),
    [
        (True, False, "is shallow", ReportError),
        (True, True, "is shallow", ReportError),
        (False, False, "the branch main, which the changes are compared with", ReportError),
    ],
)
def test_each_lack_has_its_remedy(
    shallow: bool, related: bool, cause: str, error: type[CovlaneError]
) -> None:
    tool, finding = preconditions({"PATH": ""}, base="main", shallow=shallow, related=related)
    assert tool.error is ToolError
    assert cause in finding.cause
    assert finding.remedy
    assert finding.error is error


@pytest.mark.parametrize(
    ("environ", "branch"),
    [
        ({"GITHUB_BASE_REF": "develop"}, "develop"),
        ({"GITHUB_BASE_REF": ""}, "main"),
        ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "next"}, "next"),
        ({}, "main"),
    ],
)
def test_ci_names_what_a_pull_request_goes_into(environ: dict[str, str], branch: str) -> None:
    assert base(environ, "main") == branch
