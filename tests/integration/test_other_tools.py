"""What is written for other tools, read by these tools: the figures that they show are those of the report."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane.formats import cobertura, coveragepy, foreign, lcov
from covlane.model.lines import unpack
from covlane.model.report import Report
from pythons import HOST

if TYPE_CHECKING:
    from environments import Environments
    from leg import Project

MODULE = """
    def area(width, height=None):
        if height is None:
            height = width
        for side in (width, height):
            if side < 0:
                raise ValueError(
                    side,
                )
        return (
            width
            * height
        )


    def never():  # pragma: no cover
        return 0
    """
ADDED = """

    def added(flag):
        if flag:
            return 1
        return 2
    """
TEST = """
    from pkg import shape

    def test_shape():
        assert shape.area(2) == 4
        assert not hasattr(shape, "added") or shape.added(False) == 2
    """


@pytest.fixture(scope="session")
def tools(environments: Environments) -> Path:
    """The folder of an environment's programs: diff-cover, pycobertura and coverage.py."""
    return environments.make("tools", HOST, "diff-cover", "pycobertura", "coverage").parent


@pytest.fixture
def report(project: Project) -> Report:
    """The report of a small repository, on a branch that adds a function, written in every format."""
    git(project, "init", "--quiet", "--initial-branch", "main")
    project.write("pkg/__init__.py", "")
    module = project.write("pkg/shape.py", MODULE)
    project.write("pkg/unused.py", "x = 1\n")
    project.write("test_shape.py", TEST)
    project.write(".gitignore", "reports/\n__pycache__/\n")
    git(project, "add", "--all")
    identity = ["-c", "user.name=dev", "-c", "user.email=dev@example.com"]
    git(project, *identity, "commit", "--quiet", "--message", "work")
    git(project, "checkout", "--quiet", "-b", "change")
    before = module.read_bytes()
    added = project.write("added.py", ADDED)
    module.write_bytes(before + b"\n" + added.read_bytes())
    added.unlink()
    measured = project.measure().measured
    found = Report(True, measured.timestamp, measured.files)
    project.write("reports/coverage.xml", "".join(cobertura.write(found, "covlane 1")).encode())
    project.write("reports/lcov.info", "".join(lcov.write(found)).encode())
    coveragepy.write_data(found, project.root / "reports" / ".coverage", project.root)
    return found


def git(project: Project, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project.root, check=True, capture_output=True)


def call(project: Project, program: str | Path, *arguments: str) -> str:
    argv = [str(program), *arguments]
    done = subprocess.run(argv, cwd=project.root, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["coverage.xml", "lcov.info"])
def test_diff_cover_finds_the_changed_lines(project: Project, report: Report, tools: Path, name: str) -> None:
    call(project, tools / "diff-cover", f"reports/{name}", "--compare-branch=main", "--format=json:diff.json")
    found = json.loads((project.root / "diff.json").read_text("utf-8"))["src_stats"]["pkg/shape.py"]
    file = report.files["pkg/shape.py"]
    changed = [line for line in unpack(file.executable) if line > 16]
    assert found["covered_lines"] == [line for line in changed if file.executed >> line & 1]
    assert found["violation_lines"] == [line for line in changed if not file.executed >> line & 1]
    assert len(found["violation_lines"]) == 1


def test_pycobertura_counts_the_same_lines(project: Project, report: Report, tools: Path) -> None:
    shown = json.loads(call(project, tools / "pycobertura", "show", "--format=json", "reports/coverage.xml"))
    statements = {file["Filename"]: file["Stmts"] for file in shown["files"]}
    assert statements == {name: file.lines.total for name, file in report.files.items()}
    # It takes a line for missed that did not take all of its branches.
    file = report.files["pkg/shape.py"]
    partial = {line for line, _ in file.branches - file.taken if file.executed >> line & 1}
    (missed,) = (item["Miss"] for item in shown["files"] if item["Filename"] == "pkg/shape.py")
    assert missed == file.lines.missing + len(partial)


def test_genhtml_shows_the_same_figures(project: Project, report: Report) -> None:
    genhtml = shutil.which("genhtml")
    if genhtml is None:
        pytest.skip("this machine has no genhtml (package lcov)")
    output = call(project, genhtml, "--branch-coverage", "--output-directory", "html", "reports/lcov.info")
    figures = re.findall(r"(lines|branches)\.*: .*\((\d+) of (\d+) ", output)
    lines, branches = report.lines, report.branches
    assert figures == [
        ("lines", str(lines.covered), str(lines.total)),
        ("branches", str(branches.covered), str(branches.total)),
    ]
    assert (project.root / "html" / "index.html").exists()


def test_lcov_reads_and_writes_the_same_tracefile(project: Project, report: Report) -> None:
    lcov_program = shutil.which("lcov")
    if lcov_program is None:
        pytest.skip("this machine has no lcov")
    branches = (
        "--rc",
        "lcov_branch_coverage=1",
        "--rc",
        "branch_coverage=1",
        "--ignore-errors",
        "source,source",
    )
    call(
        project,
        lcov_program,
        *branches,
        "--add-tracefile",
        "reports/lcov.info",
        "--output-file",
        "again.info",
    )
    again = foreign.read((project.root / "again.info").read_bytes(), "again.info")
    ours = foreign.read((project.root / "reports" / "lcov.info").read_bytes(), "lcov.info")
    # A file without lines has no record of its own there.
    found = {Path(name).name: file for name, file in again.files.items()}
    assert found == {Path(name).name: file for name, file in ours.files.items() if file.executable}
    assert report.branches.total == sum(file.branch.total for file in found.values())


def test_coverage_py_reports_every_line_that_ran(project: Project, report: Report, tools: Path) -> None:
    call(project, tools / "coverage", "json", "--data-file=reports/.coverage", "-o", "theirs.json")
    theirs = json.loads((project.root / "theirs.json").read_text("utf-8"))["files"]
    assert theirs.keys() == report.files.keys()
    for name, file in report.files.items():
        missed = theirs[name]["missing_lines"]
        assert not [line for line in missed if file.executed >> line & 1]
        assert set(theirs[name]["executed_lines"]) <= set(unpack(file.executed))
    assert theirs["pkg/shape.py"]["missing_lines"] == [6, 20]
    assert theirs["pkg/unused.py"]["missing_lines"] == [1]


@pytest.mark.parametrize("command", [["report"], ["html", "--directory=html"], ["xml", "-o", "theirs.xml"]])
@pytest.mark.usefixtures("report")
def test_coverage_py_s_own_reports_work(project: Project, tools: Path, command: list[str]) -> None:
    call(project, tools / "coverage", *command, "--data-file=reports/.coverage")


@pytest.mark.usefixtures("report")
def test_what_coverage_py_measures_reads_the_same_from_its_data_and_its_json(
    project: Project, tools: Path
) -> None:
    project.write("use.py", "from pkg import shape\nshape.area(2)\n")
    call(project, tools / "coverage", "run", "--branch", "--source=pkg", "use.py")
    for kind in ("json", "xml", "lcov"):
        call(project, tools / "coverage", kind, "-o", f"theirs.{kind}")
    data = coveragepy.read_data(project.root / ".coverage", Path)
    read = {
        kind: foreign.read((project.root / f"theirs.{kind}").read_bytes(), kind)
        for kind in ("json", "xml", "lcov")
    }
    files = {Path(name).relative_to(project.root).as_posix(): file for name, file in data.files.items()}
    assert files == read["json"].files
    for other in (read["xml"], read["lcov"]):
        figures = {name: (file.lines, file.branch) for name, file in other.files.items()}
        assert figures == {name: (file.lines, file.branch) for name, file in files.items()}
