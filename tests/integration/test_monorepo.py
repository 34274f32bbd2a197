"""Projects in folders of one repository, one with the file names of the other: each has its lane, and all of it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from coverage import CoverageData

from covlane.config.checkout import slug
from covlane.scaffold.workflow import paths
from covlane.testing.codescene import StandIn
from covlane.testing.github import BOT, GitHub
from hub import GATE, GROWN, SECRET, TEAM, UPLOAD, Hub, failures
from merged import merge
from repository import MODULE, Repository

if TYPE_CHECKING:
    from collections.abc import Iterator

ONE, TWO = "packages/one", "packages/two parts"
OUTPUTS = ("coverage.xml", "lcov.info", "coveragepy.json")
CALLER = ".github/workflows/caller.yml"


@pytest.fixture
def one(tmp_path: Path) -> Repository:
    """A project beside another one, below a top that is a project as well."""
    for folder in ("", TWO):
        assert Repository(tmp_path / "repository", folder).covlane("init").returncode == 0
    return Repository(tmp_path / "repository", ONE)


@pytest.fixture
def hub(one: Repository, tmp_path: Path) -> Iterator[Hub]:
    """That project's lane, on a GitHub of this machine."""
    with GitHub(TEAM, {}) as github, StandIn(SECRET) as codescene:
        yield Hub(
            one, tmp_path / "github", github, codescene, 'codescene.via = "rest"', "github.cache = true"
        )


def names(report: Path) -> set[str]:
    """Return the names of the files in an LCOV, Cobertura or coverage.py report."""
    text = report.read_text()
    if report.suffix == ".json":
        return {*json.loads(text)["files"]}
    return {*re.findall(r'(?m)(?<=^SF:).*|(?<=filename=").*?(?=")', text)}


def test_each_project_s_workflows_stand_at_the_top_and_are_what_its_settings_would_write(
    one: Repository,
) -> None:
    done = one.covlane("init")
    lane, comment = paths(ONE)
    assert f"wrote {lane}: " in done.stdout
    assert f"wrote {comment}: " in done.stdout
    assert done.stderr.endswith("now run: nox -s coverage\n")
    files = sorted(path.name for path in (one.top / ".github" / "workflows").iterdir())
    assert files == sorted(Path(path).name for folder in ("", ONE, TWO) for path in paths(folder))
    assert not (one.root / ".github").exists()
    assert one.covlane("init").stderr == "nothing to do\n"
    for folder in ("", ONE, TWO):
        checked = [sys.executable, "-m", "covlane", "init", "--check"]
        subprocess.run(checked, cwd=one.top / folder, env=one.environ, check=True)
    one.settings("shards = 2")
    done = one.covlane("init", "--check")
    assert done.returncode == 2
    assert f"out of date with [tool.covlane]: {lane}\n" in done.stderr


def test_what_keeps_a_workflow_from_github_is_named(one: Repository) -> None:
    one.write("../../.gitignore", "__pycache__/\n*.one.yml\n")
    one.write(".github/workflows/coverage.yml", "# Written by covlane init, once\n")
    said = one.covlane("init").stderr
    for path in paths(ONE):
        assert f"note: {path}: git ignores it, by .gitignore line 2 (*.one.yml); " in said
        assert f"`git add --force :/{path}`" in said
    assert f"note: {ONE}/.github/workflows/coverage.yml: GitHub reads workflows only at the top" in said
    one.git("add", "--force", ":/.github")
    assert "ignores" not in one.covlane("init", "--check").stderr


def test_a_folder_in_a_project_is_told_which_project_it_is_in(one: Repository) -> None:
    one.write("src/x.py", "")
    done = subprocess.run(
        [sys.executable, "-m", "covlane", "init", "--diff"],
        cwd=one.root / "src", env=one.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"note: the project is {one.root}, " in done.stderr


def test_what_is_read_outside_of_the_project_names_files_from_the_top(one: Repository) -> None:
    merge(one)
    assert one.covlane("report").returncode == 0
    reports = one.root / "reports"
    for name in OUTPUTS:
        assert names(reports / name) == {f"{ONE}/calc.py"}
    assert f"{ONE}/calc.py" in (reports / "summary.md").read_text()
    site = (reports / "html" / "data.js").read_text()
    assert f"{ONE}/calc.py" in site
    page = (reports / "html" / re.findall(r"files/[\w.-]+\.html", site)[0]).read_text()
    assert "is missing here" not in page
    data = CoverageData(str(reports / ".coverage"))
    data.read()
    assert data.measured_files() == {str(one.root / "calc.py")}


def test_other_programs_may_work_in_the_project_s_folder(one: Repository) -> None:
    merge(one)
    assert one.covlane("report", COVLANE_NAMES="project").returncode == 0
    for name in OUTPUTS:
        assert names(one.root / "reports" / name) == {"calc.py"}
    # GitHub knows files from the top alone.
    assert f"{ONE}/calc.py" in (one.root / "reports" / "summary.md").read_text()


def test_gates_and_what_they_say_of_a_file_are_of_one_project(one: Repository) -> None:
    one.settings("[tool.covlane.gate]", "patch = 100", 'files = {"calc.py" = 100}')
    one.commit()
    for folder in ("", "../../"):
        one.write(f"{folder}calc.py", GROWN)
    merge(one, "calc.py: 1+ 2+ 3- 4+ 7+ 8-")
    done = one.covlane("gate", "--base", "HEAD")
    assert (done.returncode, "files (line) calc.py" in done.stdout) == (4, True), done.stdout + done.stderr
    assert one.covlane("patch", "--base", "HEAD").stdout.startswith("calc.py: 50.00%")
    (note,) = json.loads(one.covlane("annotate", "--base", "HEAD", "--json").stdout)
    assert (note["path"], note["start_line"]) == (f"{ONE}/calc.py", 8)
    assert one.covlane("report").returncode == 0
    assert rf"files \(line\) {ONE}/calc.py: " in (one.root / "reports" / "summary.md").read_text()


@pytest.mark.parametrize("store", ["file", "notes"])
def test_each_project_has_its_baseline(one: Repository, store: str) -> None:
    two = Repository(one.top, "three")
    for project, words in ((one, "calc.py: 1+ 2-"), (two, "calc.py: 1+ 2- 3- 4-")):
        merge(project, words)
        assert project.covlane("baseline", "write", "--force", COVLANE_BASELINE_STORE=store).returncode == 0
    if store == "file":
        two.commit()
    for project, lines in ((one, "50.00%"), (two, "25.00%")):
        done = project.covlane("baseline", "log", COVLANE_BASELINE_STORE=store)
        assert lines in done.stdout, done.stdout + done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="gives files to another user")
def test_a_checkout_of_another_user_is_named_and_its_files_are_too(one: Repository) -> None:
    merge(one)
    os.chown(one.top, 65534, 65534)
    os.chown(one.top / ".git", 65534, 65534)
    done = one.covlane("patch")
    assert done.returncode == 3
    assert f"git refuses to read {one.top}, which belongs to another user" in done.stderr
    assert f"git config --global --add safe.directory {one.top}" in done.stderr
    assert one.covlane("report").returncode == 0
    assert names(one.root / "reports" / "lcov.info") == {f"{ONE}/calc.py"}


def test_a_noxfile_at_the_top_may_have_the_project_s_sessions(one: Repository) -> None:
    top = f"from pathlib import Path\nfrom covlane import sessions\nsessions.register(Path({ONE!r}))\n"
    one.write("../../noxfile.py", top)
    merge(one)
    nox = [sys.executable, "-m", "nox", "-s", "report"]
    done = subprocess.run(nox, cwd=one.top, env=one.environ, capture_output=True, text=True, check=False)
    assert "no coverage data in " in done.stderr + done.stdout
    assert f"{ONE}/reports/legs" in done.stderr + done.stdout


def test_a_push_is_measured_and_delivered_with_names_from_the_top(hub: Hub) -> None:
    done = hub.push()
    assert set(done.results().values()) == {"success"}, failures(done)
    assert done.step(UPLOAD).outcome == done.step("nox -s workflow").outcome == "success"
    assert [upload.report for upload in hub.codescene.uploads.values() if upload.report]
    for upload in hub.codescene.uploads.values():
        assert f"{ONE}/calc.py".encode() in (upload.report or b"")
    reports = hub.artifact(1, "packages.one-coverage")
    for name in ("coverage.xml", "lcov.info", "coveragepy.json"):
        assert names(reports / name) == {f"{ONE}/calc.py"}
    kept = hub.runner.storage.caches
    assert kept
    assert all(key.startswith("packages.one/covlane-") for key in kept)


@pytest.mark.whole
def test_a_fork_s_pull_request_is_judged_annotated_and_told_by_names_from_the_top(hub: Hub) -> None:
    for folder in (".", "../two parts", "../.."):
        hub.repository.write(f"{folder}/calc.py", GROWN)
    done = hub.pull("stranger")
    assert done.results() == {
        "plan": "success",
        "leg": "success",
        "deliver": "failure",
        "coverage": "failure",
    }
    assert done.step(GATE).outputs["patch"] == "50.00"
    assert done.step(GATE).last == f"again: cd {ONE} && {GATE}"
    noted = re.findall("file=(.*?),", done.step("covlane annotate").output)
    assert noted == [f"{ONE}/calc.py"]
    blob = f"https://github.com/{TEAM}/blob/{hub.merge}/"
    links = {*re.findall(rf"\({re.escape(blob)}([^)#]*)", done.summary)}
    assert links == {f"{ONE}/calc.py"}
    assert f"**{ONE}: ❌ Coverage fails: " in done.summary
    told = hub.after(1)
    assert set(told.results().values()) == {"success"}, failures(told)
    (comment,) = hub.github.comments
    assert comment["user"]["login"] == BOT
    assert comment["body"].startswith(
        f"<!-- covlane: coverage of {ONE} -->\n**{ONE}: ❌ Coverage fails: patch"
    )
    assert {*re.findall(rf"\({re.escape(blob)}([^)#]*)", comment["body"])} == {f"{ONE}/calc.py"}
    assert f"Reproduce in {ONE}: `nox -s coverage`" in comment["body"]
    # The lane at the top, and that of the neighbour, would comment beside it.
    with zipfile.ZipFile(hub.runner.storage.artifacts(1) / "verdict", "w") as packed:
        packed.write(hub.artifact(1, "packages.one-verdict") / "verdict.json", "verdict.json")
    hub.comment = paths("")[1]
    hub.after(1)
    assert [one["body"].partition("\n")[0] for one in hub.github.comments] == [
        f"<!-- covlane: coverage of {ONE} -->",
        "<!-- covlane: coverage -->",
    ]


CALLS = """
name: caller
on: [push]
permissions: {}
jobs:
  one:
    permissions:
      contents: read
    uses: ./.github/workflows/reusable.yml
    with:
      working-directory: packages/one
  two:
    permissions:
      contents: read
    uses: ./.github/workflows/reusable.yml
    with:
      working-directory: packages/two parts
"""
HERE = Path(__file__).parents[2]


@pytest.mark.whole
def test_one_run_may_call_the_workflow_for_several_projects(hub: Hub) -> None:
    reusable = (HERE / ".github/workflows/reusable.yml").read_text()
    hub.repository.write("../../.github/workflows/reusable.yml", reusable)
    hub.repository.write(f"../../{CALLER}", CALLS)
    for folder in (".", "../two parts"):
        with (hub.repository.root / folder / "pyproject.toml").open("a") as file:
            file.write("codescene.upload = false\n")
    hub.repository.write("../two parts/more.py", MODULE)
    hub.commit()
    done = hub.push(CALLER)
    assert set(done.results().values()) == {"success"}, failures(done)
    expected = {ONE: {f"{ONE}/calc.py"}, TWO: {f"{TWO}/calc.py", f"{TWO}/more.py"}}
    for folder, files in expected.items():
        assert names(hub.artifact(1, f"{slug(folder)}-coverage") / "lcov.info") == files


ACTS = """
name: caller
on: [push]
permissions: {}
jobs:
  one:
    runs-on: ubuntu-latest
    permissions:
      contents: read
    steps:
      - uses: actions/checkout@0123456789abcdef
        with:
          fetch-depth: 0
          persist-credentials: false
      - uses: OWNER/covlane@COMMIT
        with:
          pythons: "3.12"
          working-directory: packages/one
"""


@pytest.mark.whole
def test_the_action_works_in_a_project_s_folder(hub: Hub) -> None:
    hub.runner.elsewhere = {"OWNER/covlane": HERE}
    hub.repository.write(f"../../{CALLER}", ACTS)
    hub.commit()
    done = hub.push(CALLER)
    assert done.results() == {"one": "success"}, failures(done)
    assert f"**{ONE}: ✅ Coverage passes" in done.summary
