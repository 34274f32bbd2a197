"""`invoke check` with a cs-coverage of the tests: what it needs first, and each answer's exit code."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from merged import TOKEN, merge, ready

if TYPE_CHECKING:
    import subprocess

    from repository import Repository

PROJECT = "https://api.codescene.io/v2/projects/42"


@pytest.fixture
def pull_request(repository: Repository) -> Repository:
    """A branch with a change, whose base the clone has."""
    ready(repository)
    repository.git("update-ref", "refs/remotes/origin/main", "HEAD")
    repository.git("checkout", "--quiet", "-b", "feature")
    repository.git("commit", "--quiet", "--allow-empty", "--message", "more")
    merge(repository)
    return repository


def says(repository: Repository, text: str, code: int) -> None:
    """Put a cs-coverage beside the repository that notes its call, says something and ends."""
    program = repository.root.parent / "bin" / "cs-coverage"
    program.parent.mkdir(exist_ok=True)
    program.write_text(
        f"#!{sys.executable} -I\n"
        "import json, os, pathlib, sys\n"
        "call = [sys.argv[1:], os.getcwd(), dict(os.environ), pathlib.Path(sys.argv[-1]).read_text()]\n"
        "pathlib.Path(__file__).with_name('call').write_text(json.dumps(call))\n"
        f"print({text!r})\n"
        f"sys.exit({code})\n"
    )
    program.chmod(0o755)


def check(repository: Repository, **environ: str) -> subprocess.CompletedProcess[str]:
    path = f"{repository.root.parent / 'bin'}:{repository.environ['PATH']}"
    told = {"PATH": path, "CS_ACCESS_TOKEN": TOKEN, "CS_PROJECT_URL": PROJECT, "SECRET": "another", **environ}
    return repository.covlane("check", **told)


def test_passed_gates_end_with_0_and_the_program_is_called_as_documented(pull_request: Repository) -> None:
    says(pull_request, f"Bearer {TOKEN}\nCode coverage gates: PASS", 0)
    done = check(pull_request)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == ("Bearer <hidden>\nCode coverage gates: PASS\nCodeScene's coverage gates: passed\n")
    argv, cwd, environ, report = json.loads((pull_request.root.parent / "bin" / "call").read_text())
    assert argv == ["check", "--coverage-files", "reports/codescene.info"]
    assert cwd == str(pull_request.root.resolve())
    assert (environ["CS_ACCESS_TOKEN"], environ["CS_PROJECT_URL"]) == (TOKEN, PROJECT)
    assert "another" not in environ.values()
    assert "SF:calc.py\n" in report


@pytest.mark.parametrize(
    ("text", "code", "ends", "cause"),
    [
        ("Code coverage gates: FAIL", 1, 4, "coverage gates: FAIL"),
        ("Lacks the gates configuration.", 2, 3, "the project has no coverage gates"),
        ("fatal: ambiguous argument 'HEAD~1'", 2, 3, "a commit is missing in this clone"),
        ("401 Unauthorized", 1, 3, "does not accept the token"),
        ("No matching field found: close", 1, 3, "cannot read the report"),
        ("", 0, 3, "printed: nothing"),
    ],
)
def test_each_answer_has_its_exit_code_and_its_sentence(
    pull_request: Repository, text: str, code: int, ends: int, cause: str
) -> None:
    says(pull_request, text, code)
    done = check(pull_request)
    assert done.returncode == ends
    assert cause in done.stderr
    assert "\n  -> " in done.stderr


def test_what_is_missing_is_said_before_the_program_is_asked(pull_request: Repository) -> None:
    says(pull_request, "Code coverage gates: PASS", 0)
    call = pull_request.root.parent / "bin" / "call"
    for environ, code, cause in [
        ({"CS_ACCESS_TOKEN": ""}, 2, "CS_ACCESS_TOKEN is not set"),
        ({"CS_PROJECT_URL": ""}, 2, "no CodeScene project is set"),
        ({"CS_PROJECT_URL": "https://other.example.com/v2/projects/42"}, 2, "is not a project below"),
        ({"GITHUB_BASE_REF": "develop"}, 3, "the branch develop, which the changes are compared with"),
        ({"PATH": "/usr/bin:/bin"}, 6, "is not on PATH"),
    ]:
        done = check(pull_request, **environ)
        assert (done.returncode, cause in done.stderr) == (code, True), done.stderr
    pull_request.git("commit", "--quiet", "--allow-empty", "--message", "unmeasured")
    assert "the report is of commit" in check(pull_request).stderr
    assert not call.exists()


def test_a_shallow_clone_is_told_what_to_fetch(pull_request: Repository) -> None:
    says(pull_request, "Code coverage gates: PASS", 0)
    (pull_request.root / ".git" / "shallow").write_text(pull_request.git("rev-parse", "HEAD") + "\n")
    done = check(pull_request)
    assert done.returncode == 3
    assert "this clone is shallow" in done.stderr
    assert "fetch-depth: 0" in done.stderr
