"""Legs and other tools' reports in a repository, by the commands: what is merged, named, refused and written."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import textwrap
from hashlib import blake2b, sha256
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from coverage import Coverage

import data_words
from covlane.__main__ import Covlane
from covlane.model.lines import unpack
from covlane.tasks import namespace
from covlane.workspace import inputs
from environments import each_python
from pythons import PYTHONS
from repository import CURRENT, Repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from environments import Environments
    from leg import Project

OUTPUTS = ("coverage.json", "coverage.xml", "lcov.info", "summary.md", "coveragepy.json")
SOURCE = "def first(a):\n    if a:\n        return 1\n    return 2\n"


@pytest.fixture
def two_legs(tmp_path: Path) -> Repository:
    """A repository of two legs with one module below src and one of another language, without any report."""
    repository = Repository(tmp_path / "repository")
    repository.write("src/pkg/a.py", SOURCE)
    repository.write("web/src/x.ts", "export const a = 1;\n" * 9)
    settings(repository)
    repository.commit()
    return repository


def settings(repository: Repository, *more: str) -> None:
    repository.settings('pythons = ["3.11", "3.12"]', 'source = ["src/pkg"]', *more)


def leg(
    repository: Repository, name: str, files: Mapping[str, str], *, at: str | None = None, **changes: Any
) -> Path:
    """Write the leg's report as its session would have; `changes` are to its stamp."""
    entries = {}
    for path, file in data_words.files(files).items():
        content = repository.root / path
        entries[path] = {
            "executed_lines": unpack(file.executed),
            "missing_lines": unpack(file.executable & ~file.executed),
            "executed_branches": sorted(file.taken),
            "missing_branches": sorted(file.branches - file.taken),
            "digest": blake2b(content.read_bytes(), digest_size=16).hexdigest() if content.exists() else "",
        }
    stamp = data_words.stamp(name, **{"commit": repository.git("rev-parse", "HEAD"), **changes})
    meta = {
        "software": "slipcover",
        "version": "1.1.0",
        "timestamp": data_words.WHEN,
        "branch_coverage": True,
    }
    document = {"meta": meta, "files": entries, "covlane": msgspec.to_builtins(stamp)}
    target = repository.root / "reports" / "legs" / (at or f"{name}.json")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(document), "utf-8")
    return target


def legs(repository: Repository, text: str = "1+ 2+ 3- 4+ 2>3- 2>4+") -> None:
    for name in ("coverage-3.11", "coverage-3.12"):
        leg(repository, name, {"src/pkg/a.py": text})


def merged(repository: Repository, *files: str, code: int = 0) -> dict[str, Any]:
    """Merge, and return the report, which is there where all went well or incompleteness was allowed."""
    done = repository.covlane("merge", *files)
    assert done.returncode == code, done.stderr
    report: dict[str, Any] = json.loads((repository.root / "reports" / "coverage.json").read_bytes())
    return report


def refused(repository: Repository, *files: str) -> list[str]:
    """Merge what must not be merged unasked, and return the sentences on what is wrong."""
    done = repository.covlane("merge", *files)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert not (repository.root / "reports" / "coverage.json").exists()
    return [line[4:] for line in done.stderr.splitlines() if line.startswith("  - ")]


# The legs


def test_legs_of_single_artifacts_lie_in_folders_of_their_own(two_legs: Repository) -> None:
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+"}, at="leg-coverage-3.11/coverage-3.11.json")
    leg(two_legs, "coverage-3.12", {"src/pkg/a.py": "1+"}, at="deep/er/coverage-3.12.json")
    assert [stamp["leg"] for stamp in merged(two_legs)["legs"]] == ["coverage-3.11", "coverage-3.12"]


def test_what_lies_in_a_leg_s_folder_of_fragments_is_no_leg(two_legs: Repository) -> None:
    legs(two_legs)
    for name in ("coverage-3.11.d/leg.json", ".cache/x.json", ".x.json", "coverage-3.11.json.part"):
        path = two_legs.root / "reports" / "legs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
    assert merged(two_legs)["incomplete"] == []


def test_all_that_is_wrong_is_listed_with_what_to_do(two_legs: Repository) -> None:
    settings(two_legs)
    for name in ("coverage-3.11", "coverage-3.9"):
        leg(two_legs, name, {"src/pkg/a.py": "1+"}, complete=False, reasons=("the canary was lost",))
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+"}, at="again/coverage-3.11.json", commit="f" * 40)
    leg(two_legs, "coverage-3.10", {"src/pkg/a.py": "1+"}, schema=2)
    cut = leg(two_legs, "coverage-3.8", {"src/pkg/a.py": "1+"})
    cut.write_bytes(cut.read_bytes()[:-20])
    found = refused(two_legs)
    beginnings = [
        'coverage-3.12 did not run here; run `nox -s "coverage-3.12"`',
        "coverage-3.11 exists 2 times; remove",
        "coverage-3.9 is not in this repository's session list; remove it",
        "coverage-3.11 is left out: it measured commit ffffffffffff",
        "coverage-3.11: the canary was lost",
        "coverage-3.9: the canary was lost",
        "reports/legs/coverage-3.10.json has schema 2; this covlane reads schema 1; run legs and merge with one",
        "reports/legs/coverage-3.8.json is not a report of this kind",
    ]
    assert len(found) == len(beginnings)
    for sentence, beginning in zip(found, beginnings, strict=True):
        assert sentence.startswith(beginning)


def test_an_incomplete_report_is_marked_in_every_output(two_legs: Repository) -> None:
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+"})
    assert merged(two_legs, "--allow-incomplete")["incomplete"] == [
        'coverage-3.12 did not run here; run `nox -s "coverage-3.12"`'
    ]
    done = two_legs.covlane("report")
    for name in OUTPUTS:
        assert "incomplete" in (two_legs.root / "reports" / name).read_text().lower(), name
    assert "INCOMPLETE" in done.stdout


def test_a_complete_report_is_marked_nowhere(two_legs: Repository) -> None:
    legs(two_legs)
    assert merged(two_legs)["incomplete"] == []
    assert "incomplete" not in two_legs.covlane("report").stdout.lower()
    for name in OUTPUTS[1:]:
        assert "incomplete" not in (two_legs.root / "reports" / name).read_text().lower(), name


def test_a_leg_of_a_dirty_tree_is_refused_and_a_leg_of_this_dirty_tree_is_not(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write("src/pkg/a.py", SOURCE + "\nlast = 1\n")
    assert refused(two_legs) == [
        f"coverage-3.{minor} is left out: it measured other content of src/pkg/a.py; run it again"
        for minor in (11, 12)
    ]
    legs(two_legs)
    assert merged(two_legs)["incomplete"] == []


def test_a_file_checked_out_with_the_line_ends_of_windows_is_the_same_file(project: Project) -> None:
    project.write("pkg/a.py", b"def one():\r\n    return 1\r\n")
    project.write("test_a.py", "import pkg.a\ndef test_it():\n    assert pkg.a.one() == 1\n")
    digest = project.measure("test_a.py").measured.digests["pkg/a.py"]
    for ends in (b"\r\n", b"\n"):
        project.write("pkg/a.py", b"def one():" + ends + b"    return 1" + ends)
        now = inputs.contents(project.root)("pkg/a.py")
        assert now
        assert now.digest == digest


@pytest.mark.parametrize("name", ["lib/pkg/a.py", "alias.py"])
def test_a_leg_s_file_behind_a_link_is_the_file(two_legs: Repository, name: str) -> None:
    (two_legs.root / "lib").symlink_to("src")
    (two_legs.root / "alias.py").symlink_to("src/pkg/a.py")
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+ 2-"})
    leg(two_legs, "coverage-3.12", {name: "1- 2+"})
    assert merged(two_legs)["files"].keys() == {"src/pkg/a.py"}


def test_a_leg_of_a_file_system_that_ignores_case_names_the_same_file(two_legs: Repository) -> None:
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+ 2-"})
    leg(two_legs, "coverage-3.12", {"SRC/pkg/A.py": "1- 2+"})
    assert merged(two_legs)["files"].keys() == {"src/pkg/a.py"}


def test_each_disputed_line_knows_its_legs(two_legs: Repository) -> None:
    leg(two_legs, "coverage-3.11", {"src/pkg/a.py": "1+ 2+ 3- 4+"})
    leg(two_legs, "coverage-3.12", {"src/pkg/a.py": "1+ 2+ 3+"})
    assert merged(two_legs)["files"]["src/pkg/a.py"]["legs"] == [
        {"names": ["coverage-3.11"], "ran": [[4, 4]], "missed": [[3, 3]]},
        {"names": ["coverage-3.12"], "ran": [[3, 3]], "missed": []},
    ]
    shown = two_legs.covlane("report").stdout
    assert "only coverage-3.11 runs src/pkg/a.py 4\nonly coverage-3.12 runs src/pkg/a.py 3\n" in shown


# Other tools


def checked_out(module: Path) -> Path:
    """Write the module, and beside it a program that runs three of its lines."""
    module.parent.mkdir(parents=True)
    module.write_text(SOURCE)
    run = module.with_name("run.py")
    run.write_text("from a import first\nfirst(0)\n")
    return run


def run_under_coverage(module: Path) -> Coverage:
    """Measure by coverage.py what a program runs of the module, in a process of its own."""
    run = checked_out(module)
    data = run.with_name("data")
    command = ["run", "--branch", f"--data-file={data}", f"--include={module}", str(run)]
    subprocess.run([sys.executable, "-m", "coverage", *command], check=True, cwd=run.parent)
    measured = Coverage(data_file=data)
    measured.load()
    return measured


@pytest.mark.parametrize("kind", ["data", "json", "xml", "lcov"])
@pytest.mark.parametrize("folder", ["checkout/src/pkg", "venv/lib/python3.12/site-packages/pkg"])
def test_coverage_py_s_report_of_another_place_is_on_the_repository_s_file(
    two_legs: Repository, tmp_path: Path, folder: str, kind: str
) -> None:
    module = tmp_path / folder / "a.py"
    measured = run_under_coverage(module)
    report = tmp_path / f"report.{kind}"
    if kind == "data":
        shutil.copy(module.with_name("data"), report)
    else:
        getattr(measured, f"{kind}_report")(outfile=str(report))
    legs(two_legs, "1+ 2- 3- 4-")
    found = merged(two_legs, str(report))
    assert found["files"].keys() == {"src/pkg/a.py"}
    assert found["files"]["src/pkg/a.py"]["executed_lines"] == [1, 2, 4]
    assert (found["incomplete"], found["others"]) == ([], [report.name])


def test_lcov_of_another_language_is_in_the_report(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write("reports/js/lcov.info", "TN:\nSF:web/src/x.ts\nDA:1,4\nDA:2,0\nend_of_record\n")
    report = merged(two_legs, "reports/js/lcov.info")
    assert report["files"]["web/src/x.ts"]["executed_lines"] == [1]
    assert (report["others"], report["incomplete"]) == (["reports/js/lcov.info"], [])


def test_what_cannot_be_placed_is_named(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write("x.info", "SF:/etc/passwd\nDA:1,1\nend_of_record\nSF:../out.py\nDA:1,1\nend_of_record\n")
    (sentence,) = refused(two_legs, "x.info")
    assert sentence.startswith("x.info: ../out.py, /etc/passwd matches no file of the repository")
    assert merged(two_legs, "x.info", "--allow-incomplete")["files"].keys() == {"src/pkg/a.py"}


def test_what_is_odd_is_named_by_the_merge_and_in_every_report_for_people(two_legs: Repository) -> None:
    legs(two_legs)
    records = "DA:0,1\nDA:1,-7\nDA:2,4\nDA:400,1\nDA:16707566,1\n"
    header = "SF:/usr/include/stdio.h\nDA:1,1\nend_of_record\n"
    two_legs.write("x.info", f"SF:file://{two_legs.root}/web/src/x.ts\n{records}end_of_record\n{header}")
    done = two_legs.covlane("merge", "x.info")
    assert done.returncode == 0, done.stderr
    report = json.loads((two_legs.root / "reports" / "coverage.json").read_bytes())
    assert report["files"].keys() == {"src/pkg/a.py", "web/src/x.ts"}
    file = report["files"]["web/src/x.ts"]
    assert (file["executed_lines"], file["missing_lines"], report["incomplete"]) == ([2], [1], [])
    name = f"for file://{two_legs.root}/web/src/x.ts"
    assert report["notes"] == [
        "x.info: 1 file outside the repository left out: /usr/include/stdio.h",
        f"x.info: 1 record with a negative hit count: read as 0 (first: line 3 of the report, {name})",
        f"x.info: 2 records with an impossible line number: skipped (first: line 2 of the report, {name})",
        "x.info: web/src/x.ts is read without line 400 past its end at 10",
    ]
    shown = two_legs.covlane("report").stdout
    summary = (two_legs.root / "reports" / "summary.md").read_text()
    for note in report["notes"]:
        assert f"note: {note}\n" in done.stdout
        assert f"note: {note}\n" in shown
    assert summary.count("- note: x.info") == len(report["notes"])


def test_a_note_is_shown_where_the_merge_fails_too(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write(
        "x.info", "SF:web/src/x.ts\nDA:0,1\nDA:1,1\nend_of_record\nSF:gone.ts\nDA:1,1\nend_of_record\n"
    )
    done = two_legs.covlane("merge", "x.info")
    assert done.returncode == 3
    assert "  note: x.info: 1 record with an impossible line number" in done.stderr


def test_omit_holds_for_other_tools_files(two_legs: Repository) -> None:
    settings(two_legs, 'omit = ["web/**", "generated"]')
    two_legs.commit()
    legs(two_legs)
    records = "DA:1,1\nend_of_record\n"
    two_legs.write(
        "x.info", f"SF:web/src/x.ts\n{records}SF:generated/gone.ts\n{records}SF:src/pkg/a.py\n{records}"
    )
    report = merged(two_legs, "x.info")
    assert (list(report["files"]), report["incomplete"]) == (["src/pkg/a.py"], [])


def test_a_source_with_the_line_ends_of_old_macs_has_all_its_lines(two_legs: Repository) -> None:
    (two_legs.root / "src" / "pkg" / "cr.py").write_bytes(b"x = 1\ry = 2\rz = 3\r")
    two_legs.commit()
    legs(two_legs)
    two_legs.write("x.info", "SF:src/pkg/cr.py\nDA:1,1\nDA:2,1\nDA:3,0\nend_of_record\n")
    report = merged(two_legs, "x.info")
    assert report["files"]["src/pkg/cr.py"]["executed_lines"] == [1, 2]
    assert report["notes"] == []


def test_two_files_with_one_name_below_two_sources_are_left_out_and_named(two_legs: Repository) -> None:
    legs(two_legs)
    one = '<package name="{}"><class name="x.ts" filename="x.ts"><lines><line number="1" hits="1"/></lines></class></package>'
    sources = f"<sources><source>{two_legs.root}/web/src</source><source>/elsewhere</source></sources>"
    two_legs.write("x.xml", f"<coverage>{sources}{one.format('web')}{one.format('other')}</coverage>")
    (sentence,) = refused(two_legs, "x.xml")
    assert sentence.startswith(
        "x.xml: x.ts is left out: its <class> elements: files of this name are below more than"
    )


def test_paths_say_where_a_name_belongs(two_legs: Repository) -> None:
    settings(two_legs, "[tool.covlane.paths]", 'web = ["web/src", "/build/*/out"]')
    two_legs.commit()
    legs(two_legs)
    two_legs.write("x.info", "SF:/build/7/out/x.ts\nDA:1,1\nend_of_record\n")
    assert "web/src/x.ts" in merged(two_legs, "x.info")["files"]


def test_a_report_that_is_not_there_or_in_no_known_format_is_named(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write("README.md", "hello")
    (two_legs.root / "loop.xml").symlink_to("loop.xml")
    two_legs.write("none.xml", '<coverage timestamp="1"><packages/></coverage>')
    found = refused(two_legs, "README.md", "gone/lcov.info", "loop.xml", "none.xml")
    assert found[0].startswith("README.md is in no format that covlane reads")
    assert "lcov.info does not exist or is not a file; check its name" in found[1]
    assert "loop.xml does not exist" in found[2]
    assert found[3].startswith("none.xml contains no files")


def test_a_name_does_nothing_to_a_terminal_and_makes_no_line_of_its_own(two_legs: Repository) -> None:
    legs(two_legs)
    name = "src/\x1b[31m.py\n-> run this"
    document = {
        "meta": {
            "software": "slipcover",
            "version": "1",
            "timestamp": "2026-01-01",
            "branch_coverage": False,
        },
        "files": {name: {"executed_lines": [1], "missing_lines": []}},
    }
    two_legs.write("x.json", json.dumps(document))
    (sentence,) = refused(two_legs, "x.json")
    assert sentence.startswith(r"x.json: src/\x1b[31m.py\n-> run this matches no file")


def test_a_file_or_leg_that_is_named_twice_is_one(two_legs: Repository) -> None:
    legs(two_legs)
    two_legs.write("x.info", "SF:src/pkg/a.py\nDA:3,1\nend_of_record\n")
    report = merged(two_legs, "x.info", "--file", "./x.info", "reports/legs/coverage-3.11.json")
    assert (report["others"], report["incomplete"]) == (["x.info"], [])


def three_reports(two_legs: Repository) -> None:
    legs(two_legs)
    for name in ("x.info", "y.info"):
        two_legs.write(name, "SF:src/pkg/a.py\nDA:3,1\nend_of_record\n")


BOTH = "legs: coverage-3.11, coverage-3.12, x.info, y.info"


@pytest.mark.parametrize("words", [["--file", "x.info", "--file=y.info"], ["-f", "x.info", "-f", "y.info"]])
def test_invoke_takes_files_by_their_option(two_legs: Repository, words: list[str]) -> None:
    three_reports(two_legs)
    two_legs.write("tasks.py", "from covlane.tasks import *\n")
    program = [sys.executable, "-m", "invoke", "merge", *words, "report"]
    done = subprocess.run(
        program, cwd=two_legs.root, env=two_legs.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert BOTH in done.stdout
    assert (two_legs.root / "reports" / "coverage.xml").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["x.info", "y.info"],
        ["--file", "x.info", "--file=y.info"],
        ["-f", "x.info", "y.info"],
        ["x.info", "--allow-incomplete", "./y.info"],
    ],
)
def test_covlane_takes_files_with_and_without_their_option(two_legs: Repository, words: list[str]) -> None:
    three_reports(two_legs)
    done = two_legs.covlane("merge", *words, "report")
    assert done.returncode == 0, done.stderr
    assert BOTH in done.stdout
    assert (two_legs.root / "reports" / "coverage.xml").exists()


@pytest.mark.parametrize("words", ["merge x.info y.info", "merge --file x.info -f y.info"])
def test_files_are_read_from_the_command_line_that_invoke_parses(
    two_legs: Repository,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    three_reports(two_legs)
    monkeypatch.chdir(two_legs.root)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    Covlane(namespace=namespace, binary="covlane").run(["covlane", *words.split()], exit=False)
    assert BOTH in capsys.readouterr().out


def test_each_component_has_its_figure_in_every_output_for_people_and_programs(two_legs: Repository) -> None:
    settings(
        two_legs,
        "[tool.covlane.components]",
        'api = { source = ["src"], flags = ["backend"] }',
        'web = { source = ["web"] }',
    )
    two_legs.commit()
    legs(two_legs)
    two_legs.write("x.info", "SF:web/src/x.ts\nDA:1,4\nDA:2,0\nend_of_record\n")
    api, web = merged(two_legs, "x.info")["components"]
    assert (api["name"], api["flags"], api["summary"]["covered_lines"]) == ("api", ["backend"], 3)
    assert (web["name"], web["source"], web["summary"]["missing_lines"]) == ("web", ["web"], 1)
    shown = two_legs.covlane("report").stdout
    assert "api (backend): 75.00% of lines (3/4), 50.00% of branches (1/2)" in shown
    assert "web: 50.00% of lines (1/2)" in shown
    assert "- web: 50.00% of lines" in (two_legs.root / "reports" / "summary.md").read_text()


# What is written


def test_coverage_py_reports_what_covlane_wrote_for_it(two_legs: Repository) -> None:
    legs(two_legs)
    merged(two_legs)
    two_legs.covlane("report")
    command = [sys.executable, "-m", "coverage", "report", "--data-file=reports/.coverage"]
    done = subprocess.run(command, cwd=two_legs.root, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[2].split() == ["src/pkg/a.py", "4", "1", "75%"]
    written = json.loads((two_legs.root / "reports" / "coveragepy.json").read_bytes())
    assert written["files"]["src/pkg/a.py"]["missing_lines"] == [3]


@pytest.fixture(scope="session", params=each_python(PYTHONS[1:]))
def host_python(request: pytest.FixtureRequest, environments: Environments) -> Path:
    """An environment with covlane for each Python of this machine that it runs on."""
    here = str(data_words.__file__).rpartition("tests")[0]
    return environments.make(f"{request.param}-host", request.param, "--editable", here)


def outputs(repository: Repository, program: str, below: str = ".", **environ: str) -> dict[str, bytes]:
    """Merge and report by some Python, in some folder and environment, and return all that was written."""
    for name in OUTPUTS:
        (repository.root / "reports" / name).unlink(missing_ok=True)
    done = subprocess.run(
        [program, "-m", "covlane", "merge", str(repository.root / "x.info"), "report"],
        cwd=repository.root / below,
        env=repository.environ | environ,
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    return {name: (repository.root / "reports" / name).read_bytes() for name in OUTPUTS}


def test_the_same_legs_give_the_same_bytes_everywhere(two_legs: Repository, host_python: Path) -> None:
    two_legs.write("src/pkg/\N{SNOWMAN}.py", SOURCE)
    two_legs.commit()
    names = ("src/pkg/a.py", "src/pkg/\N{SNOWMAN}.py")
    first = dict.fromkeys(names, "1+ 2+ 3- 4+ 2>3- 2>4+")
    second = dict.fromkeys(names, "1+ 2+ 3+ 2>3+ 2>4-")
    paths = [leg(two_legs, "coverage-3.11", first), leg(two_legs, "coverage-3.12", second)]
    two_legs.write("x.info", "SF:web/src/x.ts\nDA:1,4\nBRDA:1,0,0,1\nBRDA:1,0,1,-\nend_of_record\n")
    expected = outputs(two_legs, sys.executable, PYTHONHASHSEED="1", LC_ALL="C.UTF-8", TZ="UTC")
    for path, other in zip(paths, reversed(paths), strict=True):
        path.rename(path.with_name(f"z{other.name}"))  # now they come in another order
    program = str(host_python)
    assert outputs(two_legs, program, PYTHONHASHSEED="2") == expected
    odd = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "TZ": "Pacific/Apia"}
    assert outputs(two_legs, program, "src/pkg", PYTHONHASHSEED="3", **odd) == expected


#: Runs the command in a child again and again, which kills itself when it touches the reports' folder for the Nth time,
#: or calls into C while it writes there; prints how each child ended and which report it left.
KILLED = """
    import hashlib, os, signal, sys
    from pathlib import Path
    import covlane.commands.merge, covlane.tasks
    from covlane.__main__ import main
    former, report, other = Path("former").read_bytes(), Path("reports/coverage.json"), 0
    def count():
        global left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
    def touched(event, arguments):
        if event in ("open", "os.rename", "os.chmod", "os.remove", "os.truncate"):
            if any("reports" in str(argument) for argument in arguments):
                count()
            if any("coverage.json" in str(argument) for argument in arguments):
                sys.setprofile(lambda _frame, kind, _argument: count() if kind == "c_call" else None)
    for left in range(1, 200):
        report.write_bytes(former)
        child = os.fork()
        if child == 0:
            sys.addaudithook(touched)
            main()
            os._exit(0)
        end = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(end, hashlib.sha256(report.read_bytes()).hexdigest(), flush=True)
        other += report.read_bytes() != former
        if other == 3:
            break
    """


@pytest.mark.whole
def test_a_merge_killed_at_any_point_leaves_the_former_report_or_the_new_one(two_legs: Repository) -> None:
    report = two_legs.root / "reports" / "coverage.json"
    legs(two_legs, "1+ 2- 3- 4-")
    merged(two_legs)
    former = report.read_bytes()
    (two_legs.root / "former").write_bytes(former)
    legs(two_legs)
    merged(two_legs)
    new = report.read_bytes()
    program = [sys.executable, "-c", textwrap.dedent(KILLED), "merge"]
    done = subprocess.run(
        program, cwd=two_legs.root, env=two_legs.environ, capture_output=True, text=True, check=True
    )
    ends = [line.split() for line in done.stdout.splitlines()]
    assert {end for end, _ in ends} == {str(-signal.SIGKILL)}
    seen = [name for _, name in ends]
    left = [sha256(former).hexdigest(), sha256(new).hexdigest()]
    assert set(seen) == set(left)
    assert seen == sorted(seen, key=left.index)


def test_a_report_that_cannot_be_written_leaves_the_former_one(two_legs: Repository) -> None:
    legs(two_legs)
    merged(two_legs)
    former = (two_legs.root / "reports" / "coverage.json").read_bytes()
    leg(two_legs, "coverage-3.12", {"src/pkg/a.py": "1+"}, commit=None)
    assert two_legs.covlane("merge").returncode == 3
    assert (two_legs.root / "reports" / "coverage.json").read_bytes() == former


def test_more_reports_than_any_matrix_has_are_refused(two_legs: Repository) -> None:
    folder = two_legs.root / "reports" / "legs"
    folder.mkdir(parents=True)
    for number in range(inputs.MOST_LEGS + 1):
        (folder / f"{number}.json").touch()
    done = two_legs.covlane("merge")
    assert done.returncode == 3
    assert "there are 1,001 reports, more than 1,000" in done.stderr


def test_a_repository_without_git_merges_by_what_lies_there(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    repository.settings(f'pythons = ["{CURRENT}"]')
    leg(repository, f"coverage-{CURRENT}", {"calc.py": "1+"}, commit=None)
    shutil.rmtree(repository.root / ".git")
    assert merged(repository)["incomplete"] == []


def test_hostile_data_of_coverage_py_is_one_sentence(two_legs: Repository) -> None:
    legs(two_legs)
    with sqlite3.connect(two_legs.root / "x.data") as database:
        database.execute("CREATE TABLE file (id INTEGER)")
    (sentence,) = refused(two_legs, "x.data")
    assert "x.data cannot be read as a data file of coverage.py" in sentence


@pytest.mark.parametrize("task", ["merge", "report", "gate", "patch", "annotate", "upload"])
def test_what_was_not_measured_names_the_session_as_it_is_called_here(
    repository: Repository, task: str
) -> None:
    repository.settings('prefix = "lane-"')
    done = repository.covlane(task, CS_ACCESS_TOKEN="t0k3n")
    assert done.returncode in {2, 3}
    assert "run `nox -s lane-coverage` first" in done.stderr
