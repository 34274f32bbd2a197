"""`covlane init` in real repositories: what it writes, what it keeps, what it refuses."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from covlane.adapters import process
from covlane.config.settings import load
from covlane.errors import UsageError
from covlane.scaffold.change import Change, Outcome, diff
from covlane.scaffold.plan import plan
from covlane.scaffold.tasks_file import STAR
from covlane.scaffold.worktree import apply, reader

if TYPE_CHECKING:
    from pathlib import Path

WORKFLOW = ".github/workflows/coverage.yml"
COMMENT = ".github/workflows/coverage-comment.yml"
NOXFILE = b"import nox\r\n\r\n\r\n@nox.session(python=False)\r\ndef lint(session):\r\n    pass"
TASKS = b"\xef\xbb\xbf# mine\nfrom invoke import task\n\n\n@task\ndef merge(c):\n    '''Mine.'''\n"
PYPROJECT = b'[project]\r\nname = "demo"  # odd\r\n\r\n[tool.setuptools]\r\npackages=[]'
IGNORE = b"*.pyc\n/reports"


def run(root: Path, *argv: str) -> str:
    done = process.run(argv, cwd=root, environ=os.environ)
    assert done.code == 0, done.stderr
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    run(root, "git", "init", "-q")
    return root


@pytest.fixture
def inhabited(repository: Path) -> Path:
    contents = {"noxfile.py": NOXFILE, "tasks.py": TASKS, "pyproject.toml": PYPROJECT, ".gitignore": IGNORE}
    for name, content in contents.items():
        (repository / name).write_bytes(content)
    return repository


def planned(root: Path, *, force: bool = False) -> Outcome:
    return plan(load(root, {}), reader(root), force=force)


def init(root: Path) -> Outcome:
    outcome = planned(root)
    apply(outcome.changes, root)
    return outcome


def snapshot(root: Path) -> dict[str, bytes]:
    paths = (
        path for path in root.rglob("*") if path.is_file() and ".git" not in path.relative_to(root).parts
    )
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}


def test_an_empty_repository_gets_the_lane(repository: Path) -> None:
    outcome = init(repository)
    assert [change.path for change in outcome.changes] == [
        "noxfile.py",
        "tasks.py",
        ".gitignore",
        WORKFLOW,
        COMMENT,
    ]
    assert [note.partition(":")[0] for note in outcome.notes if not note.startswith("covlane ")] == [
        "pyproject.toml"
    ]
    assert set(snapshot(repository)) == {change.path for change in outcome.changes}
    run(repository, "git", "check-ignore", "reports/coverage.json", ".nox/coverage-3-12/bin/python")


def test_what_stood_stands_byte_for_byte(inhabited: Path) -> None:
    init(inhabited)
    now = snapshot(inhabited)
    assert now["noxfile.py"].startswith(NOXFILE + b"\r\n")
    assert b"\n" not in now["noxfile.py"].replace(b"\r\n", b"")
    assert now["noxfile.py"].endswith(b"covlane_sessions.register()")
    assert now["tasks.py"].replace(STAR.encode(), b"") == TASKS
    assert now["pyproject.toml"].startswith(PYPROJECT + b"\r\n\r\n[tool.covlane]\r\n# ")
    assert now[".gitignore"] == IGNORE + b"\n/.nox/"
    load(inhabited, {})


@pytest.mark.parametrize("kind", ["repository", "inhabited"])
def test_a_second_run_changes_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    root: Path = request.getfixturevalue(kind)
    init(root)
    before = snapshot(root)
    assert init(root).changes == ()
    assert planned(root, force=True).changes == ()
    assert snapshot(root) == before


def test_planning_writes_nothing_and_the_diff_is_what_git_would_apply(
    inhabited: Path, tmp_path: Path
) -> None:
    before = snapshot(inhabited)
    outcome = planned(inhabited)
    assert snapshot(inhabited) == before
    copy = tmp_path / "copy"
    shutil.copytree(inhabited, copy)
    patch = tmp_path / "init.patch"
    patch.write_bytes(diff(outcome.changes).encode())
    run(copy, "git", "apply", str(patch))
    apply(outcome.changes, inhabited)
    assert snapshot(copy) == snapshot(inhabited)


def test_a_setup_py_repository_builds_as_before(repository: Path) -> None:
    (repository / "setup.py").write_text("from setuptools import setup\nsetup(name='demo')\n")
    outcome = init(repository)
    assert not (repository / "pyproject.toml").exists()
    assert "how pip builds" in " ".join(outcome.notes)


def test_a_workflow_of_another_hand_stands_until_forced(repository: Path) -> None:
    standing = repository / WORKFLOW
    standing.parent.mkdir(parents=True)
    standing.write_bytes(b"name: mine\n")
    outcome = init(repository)
    assert standing.read_bytes() == b"name: mine\n"
    assert f"{WORKFLOW}: left as it is: it was not written by covlane init" in outcome.notes[-1]
    forced = planned(repository, force=True)
    assert [(change.path, change.old) for change in forced.changes] == [(WORKFLOW, b"name: mine\n")]


def test_a_broken_file_stops_before_anything_is_written(inhabited: Path) -> None:
    (inhabited / "tasks.py").write_bytes(b"from invoke import (\n")
    before = snapshot(inhabited)
    with pytest.raises(UsageError, match=r"tasks\.py"):
        init(inhabited)
    assert snapshot(inhabited) == before


@pytest.mark.parametrize("name", ["noxfile.py", ".github", "tasks.py"])
def test_a_link_out_of_the_repository_is_refused(repository: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository / name).symlink_to(outside / "file.py" if name.endswith(".py") else outside)
    with pytest.raises(UsageError, match="leads out of the repository"):
        init(repository)
    with pytest.raises(UsageError, match="leads out of the repository"):
        apply([Change("fine.txt", None, b"", ""), Change(f"{name}", None, b"", "")], repository)
    assert list(outside.iterdir()) == []
    assert not (repository / "fine.txt").exists()


def test_a_link_inside_the_repository_is_written_through(repository: Path) -> None:
    (repository / "ci").mkdir()
    (repository / "ci" / "noxfile.py").write_bytes(NOXFILE)
    (repository / "noxfile.py").symlink_to("ci/noxfile.py")
    init(repository)
    assert (repository / "noxfile.py").is_symlink()
    assert b"covlane" in (repository / "ci" / "noxfile.py").read_bytes()


def test_a_folder_where_a_file_belongs_is_refused(repository: Path) -> None:
    (repository / "noxfile.py").mkdir()
    with pytest.raises(UsageError, match=r"noxfile\.py exists and is not a file"):
        init(repository)


def found(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


@pytest.mark.skipif(not found("covlane.sessions"), reason="the sessions are not there yet")
def test_sessions_that_stood_are_listed_beside_ours(inhabited: Path) -> None:
    init(inhabited)
    listed = run(inhabited, sys.executable, "-m", "nox", "--script-mode", "none", "-l")
    assert " lint" in listed
    assert " coverage-3." in listed


@pytest.mark.skipif(not found("covlane.tasks"), reason="the tasks are not there yet")
@pytest.mark.parametrize("own", ["", "from invoke import Collection\nns = Collection(merge)\n"])
def test_tasks_that_stood_are_listed_beside_ours(inhabited: Path, own: str) -> None:
    with (inhabited / "tasks.py").open("a") as file:
        file.write(own)
    init(inhabited)
    listed = run(inhabited, sys.executable, "-m", "invoke", "-l")
    assert "Mine." in listed
    assert ("covlane.upload" if own else "  upload") in listed


@pytest.mark.parametrize("file", ["pyproject.toml", None])
def test_a_default_branch_of_another_name_is_written_down(repository: Path, file: str | None) -> None:
    run(repository, "git", "checkout", "-q", "-b", "trunk")
    if file:
        (repository / file).write_text('[tool.setuptools]\npackages = ["demo"]\n')
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVLANE")}
    done = process.run([sys.executable, "-m", "covlane", "init"], cwd=repository, environ=environ)
    assert done.code == 0, done.stderr
    assert 'branches: ["trunk"]' in (repository / ".github/workflows/coverage.yml").read_text()
    assert load(repository, {}).settings.github.default_branch == "trunk"
    again = process.run([sys.executable, "-m", "covlane", "init"], cwd=repository, environ=environ)
    assert (again.stdout, again.stderr) == ("", "nothing to do\n")
    checked = process.run(
        [sys.executable, "-m", "covlane", "init", "--check"], cwd=repository, environ=environ
    )
    assert checked.code == 0, checked.stdout


def test_a_noxfile_with_sessions_of_our_names_keeps_them(repository: Path) -> None:
    own = "import nox\n@nox.session(python=False)\ndef coverage(session):\n    print('theirs')\n"
    (repository / "noxfile.py").write_text(own)
    (repository / "pyproject.toml").write_text('[tool.covlane]\npythons = ["3.10"]\n')
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("COVLANE", "NOX"))}
    done = process.run([sys.executable, "-m", "covlane", "init"], cwd=repository, environ=environ)
    assert done.code == 0, done.stderr
    assert done.stderr.endswith("now run: nox -s covlane-coverage\n")
    assert "run: nox -s covlane-workflow\n" in (repository / WORKFLOW).read_text()
    listed = run(repository, sys.executable, "-m", "nox", "--script-mode", "none", "-l")
    assert {" coverage", " covlane-coverage-3.10", " covlane-report", " covlane-workflow"} <= {
        line[1:].partition(" -> ")[0] for line in listed.splitlines()
    }
    told = run(repository, sys.executable, "-m", "covlane", "matrix")
    assert '"leg":"covlane-coverage-3.10","session":"covlane-coverage-3.10"' in told
    assert load(repository, {}).legs() == ("covlane-coverage-3.10",)
    assert init(repository).changes == ()
