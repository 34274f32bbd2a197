"""coverage.py's formats, by coverage.py itself: what it writes is read, and what is written it reads."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage import Coverage, CoverageData

import data_words
from covlane.errors import ReportError
from covlane.formats import coveragepy, foreign
from covlane.model.report import Report
from golden_file import golden

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SAMPLES = Path(__file__).parents[2] / "data" / "foreign"
SOURCE = """
def sign(number):
    if number < 0:
        return (
            -1
        )
    return 1


def never():  # pragma: no cover
    return 0
""".lstrip()
TYPICAL = """
    pkg/__init__.py:
    pkg/core.py: 1+ 2+ 3- 5+ 6- 7- 2>3- 2>5+ 5>6- 5>0-
    pkg/sub/deep.py: 1- 2- 1>2- 1>0-
    setup.py: 1+ 2+ 3+ 1>2+ 1>3+
"""


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository of one module, in which the test runs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "sign.py").write_text(SOURCE)
    return tmp_path


def recorded(root: Path, lines: dict[str, list[int]] | None = None, arcs: Any = None) -> Path:
    """Return a data file in which these lines or arcs were recorded."""
    data = CoverageData(str(root / "data"))
    if arcs is None:
        data.add_lines(lines or {})
    else:
        data.add_arcs(arcs)
    data.close(force=True)
    return root / "data"


def read(path: Path, locate: Callable[[str], Path | None] = Path) -> dict[str, str]:
    return data_words.said(coveragepy.read_data(path, locate).files)


def refused(path: Path) -> str:
    with pytest.raises(ReportError) as caught:
        coveragepy.read_data(path, Path)
    assert caught.value.cause.startswith(str(path))
    return caught.value.cause


def test_json_is_written_as_its_golden_file_has_it() -> None:
    report = data_words.report(TYPICAL)
    text = json.dumps(json.loads(coveragepy.write_json(report, "covlane 1")), indent=1) + "\n"
    assert text == golden("coveragepy.json")


def test_coverage_py_writes_the_same_json() -> None:
    theirs = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    files = foreign.read((SAMPLES / "coveragepy.json").read_bytes(), "").files
    ours = json.loads(coveragepy.write_json(Report(True, data_words.WHEN, files), "7.17.3"))
    ours["meta"]["timestamp"] = theirs["meta"]["timestamp"]
    for file in theirs["files"].values():
        del file["functions"], file["classes"]
    # It rounds to the nearest whole number.
    for summary in (theirs["totals"], theirs["files"]["pkg/shape.py"]["summary"]):
        assert summary["percent_statements_covered_display"] == "78"
        assert summary["percent_branches_covered_display"] == "67"
        summary |= {"percent_statements_covered_display": "77", "percent_branches_covered_display": "66"}
    assert ours == theirs


def test_a_report_without_branches_says_nothing_of_them() -> None:
    content = coveragepy.write_json(data_words.report("a.py: 1+", branch=False))
    document = json.loads(content)
    document["meta"].pop("branch_coverage")
    assert "branch" not in json.dumps(document)
    assert not foreign.read(content, "").branch


def test_a_way_out_is_written_below_0() -> None:
    document = json.loads(coveragepy.write_json(data_words.report("a.py: 1+ 1>0- 1>2+")))
    assert document["files"]["a.py"]["missing_branches"] == [[1, -1]]


def test_almost_everything_is_not_displayed_as_100() -> None:
    document = json.loads(coveragepy.write_json(data_words.report("a.py: 1..999+ 1000-")))
    assert document["totals"]["percent_covered_display"] == "99"


def test_data_tell_what_ran_and_the_sources_what_can(root: Path) -> None:
    path = recorded(root, {"pkg/sign.py": [1, 2, 6, 9]})
    assert read(path) == {"pkg/sign.py": "1+ 2+ 3- 6+"}


def test_arcs_of_data_are_branches(root: Path) -> None:
    path = recorded(root, arcs={"pkg/sign.py": [(-1, 1), (1, 9), (9, -1), (-1, 2), (2, 6), (6, -1)]})
    assert read(path) == {"pkg/sign.py": "1+ 2+ 3- 6+ 2>3- 2>6+"}
    assert coveragepy.read_data(path, Path).branch


def test_a_file_of_which_nothing_ran_is_in_data_of_branches_too(root: Path) -> None:
    (root / "pkg" / "never.py").write_text("x = 1\n")
    path = recorded(root, arcs={"pkg/sign.py": [(-1, 1)], "pkg/never.py": []})
    data = CoverageData(str(path))
    data.read()
    data.touch_file("pkg/never.py")
    data.close(force=True)
    assert read(path)["pkg/never.py"] == "1-"


def test_data_and_the_json_that_coverage_py_makes_of_them_are_the_same(root: Path) -> None:
    path = recorded(
        root, arcs={str(root / "pkg" / "sign.py"): [(-1, 1), (1, 9), (9, -1), (-1, 2), (2, 3), (3, -1)]}
    )
    analysis = Coverage(data_file=str(path), config_file=False)
    analysis.load()
    analysis.json_report(outfile=str(root / "report.json"))
    analysis.get_data().close(force=True)
    (theirs,) = foreign.read((root / "report.json").read_bytes(), "").files.values()
    assert coveragepy.read_data(path, Path).files == {str(root / "pkg" / "sign.py"): theirs}


def test_a_file_of_another_machine_is_found_by_who_knows_its_place(root: Path) -> None:
    path = recorded(root, {"C:\\build\\pkg\\sign.py": [1]})
    assert read(path, lambda name: root / "pkg" / name.rpartition("\\")[2]) == {
        "C:\\build\\pkg\\sign.py": "1+ 2- 3- 6-"
    }


def test_of_a_file_that_is_not_here_only_what_ran_is_known(root: Path) -> None:
    path = recorded(root, {"/elsewhere/a.py": [3, 4], "pkg/sign.py": [1]})
    found = read(path, lambda name: None if "elsewhere" in name else Path(name))
    assert found == {"/elsewhere/a.py": "3+ 4+", "pkg/sign.py": "1+ 2- 3- 6-"}
    assert read(path, lambda _: None)["pkg/sign.py"] == "1+"


def test_data_of_nothing_are_a_report_of_nothing(root: Path) -> None:
    assert read(recorded(root)) == {}


@pytest.mark.parametrize("source", [None, "print 'x'\n"])
def test_a_source_that_is_gone_or_cannot_be_parsed_is_refused_alone(root: Path, source: str | None) -> None:
    if source:
        (root / "pkg" / "old.py").write_text(source)
    alone = coveragepy.read_data(recorded(root, {"pkg/old.py": [1]}), Path)
    assert (alone.files, list(alone.refused)) == ({}, ["pkg/old.py"])
    (root / "data").unlink()
    found = coveragepy.read_data(recorded(root, {"pkg/old.py": [1], "pkg/sign.py": [1]}), Path)
    assert (list(found.files), list(found.refused)) == (["pkg/sign.py"], ["pkg/old.py"])


def test_the_repository_s_own_configuration_of_coverage_py_is_not_run(root: Path) -> None:
    (root / ".coveragerc").write_text("[run]\nplugins = no_such_plugin\n[report]\nomit = *\n")
    assert read(recorded(root, {"pkg/sign.py": [1]})) == {"pkg/sign.py": "1+ 2- 3- 6-"}


@pytest.mark.parametrize("content", [b"", b"x", coveragepy.DATA, coveragepy.DATA + bytes(4_000)])
def test_what_is_no_database_is_refused(root: Path, content: bytes) -> None:
    (root / "data").write_bytes(content)
    refused(root / "data")


def test_no_file_is_refused(root: Path) -> None:
    refused(root / "none")
    assert not (root / "none").exists()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON file BEGIN SELECT 1; END",
        "DROP TABLE line_bits",
        "DROP TABLE coverage_schema",
        "UPDATE coverage_schema SET version = 99",
        "UPDATE line_bits SET numbits = 'text'",
        "UPDATE line_bits SET numbits = 5",
        "UPDATE line_bits SET numbits = zeroblob(200000)",
        "INSERT INTO arc (file_id, fromno, tono) VALUES (1, 1, 1000001)",
        "INSERT INTO arc (file_id, fromno, tono) VALUES (1, -1000001, 1)",
        "INSERT INTO arc (file_id, fromno, tono) VALUES (1, 1.5, 1)",
        "INSERT INTO arc (file_id, fromno, tono) VALUES (1, 'a', 1)",
        "INSERT INTO arc (file_id, fromno, tono) VALUES (1, -9223372036854775808, 1)",
        "UPDATE meta SET value = 'x' WHERE key = 'has_arcs'",
        "UPDATE file SET path = x'ff'",
    ],
)
def test_data_that_coverage_py_would_not_write_are_refused(root: Path, statement: str) -> None:
    path = recorded(root, {"pkg/sign.py": [1]})
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()
    refused(path)


@pytest.mark.parametrize("name", ["5", "''", "'a' || char(0)"])
def test_a_file_whose_name_in_data_can_be_none_is_left_out_alone(root: Path, name: str) -> None:
    path = recorded(root, {"pkg/sign.py": [1], "pkg/other.py": [1]})
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"UPDATE file SET path = {name} WHERE path LIKE '%other.py'")
        database.commit()
    assert list(coveragepy.read_data(path, Path).files) == ["pkg/sign.py"]


def test_data_that_were_cut_are_refused(root: Path) -> None:
    path = recorded(root, {"pkg/sign.py": [1]})
    path.write_bytes(path.read_bytes()[:9_000])
    refused(path)


def analysed(path: Path) -> dict[str, Any]:
    """Return coverage.py's own report of a data file, as `coverage json` in the repository's root makes it."""
    analysis = Coverage(data_file=str(path))
    analysis.load()
    analysis.json_report(outfile="theirs.json")
    analysis.get_data().close(force=True)
    document: dict[str, Any] = json.loads(Path("theirs.json").read_text("utf-8"))
    return document


def lists(document: dict[str, Any], names: Iterable[str]) -> list[list[int]]:
    return [document["files"]["pkg/sign.py"][name] for name in names]


@pytest.mark.parametrize("relative", [False, True])
def test_coverage_py_reports_the_lines_that_ran(root: Path, relative: bool) -> None:
    (root / ".coveragerc").write_text(f"[run]\nrelative_files = {relative}\n")
    (root / "pkg" / "never.py").write_text("x = 1\n")
    coveragepy.write_data(
        data_words.report("pkg/never.py: 1-\npkg/sign.py: 1+ 2+ 3- 4- 6+ 2>3- 2>6+"), Path("out/.coverage")
    )
    document = analysed(Path("out/.coverage"))
    assert lists(document, ("executed_lines", "missing_lines", "excluded_lines")) == [[1, 2, 6], [3], [9, 10]]
    assert document["files"]["pkg/never.py"]["missing_lines"] == [1]
    assert not document["meta"]["branch_coverage"]


def test_any_line_of_a_statement_makes_it_one_that_ran(root: Path) -> None:
    coveragepy.write_data(data_words.report("pkg/sign.py: 1+ 2+ 3- 4+"), root / ".coverage")
    assert lists(analysed(root / ".coverage"), ["executed_lines"]) == [[1, 2, 3]]


def test_files_that_are_not_python_s_are_left_out(root: Path) -> None:
    coveragepy.write_data(data_words.report("pkg/sign.py: 1+\nsrc/shape.js: 1+"), root / ".coverage")
    assert list(analysed(root / ".coverage")["files"]) == ["pkg/sign.py"]


def test_names_are_of_the_repository_wherever_it_is_written_from(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(root / "pkg")
    coveragepy.write_data(data_words.report("pkg/sign.py: 1+"), root / ".coverage", root)
    assert coveragepy.read_data(root / ".coverage", Path).files.keys() == {str(root / "pkg" / "sign.py")}


def test_a_root_that_the_locale_cannot_spell_is_the_utf_8_that_it_is(root: Path) -> None:
    spelled = Path("/", "\N{SNOWMAN}".encode().decode("ascii", "surrogateescape"))
    coveragepy.write_data(data_words.report("a.py: 1+"), root / ".coverage", spelled)
    data = CoverageData(str(root / ".coverage"))
    data.read()
    assert data.measured_files() == {"/\N{SNOWMAN}/a.py"}
    data.close()


def test_a_configuration_that_coverage_py_refuses_does_not_matter(root: Path) -> None:
    (root / ".coveragerc").write_text("[run]\nrelative_files = perhaps\n")
    coveragepy.write_data(data_words.report("pkg/sign.py: 1+"), root / ".coverage")
    assert read(root / ".coverage") == {str(root / "pkg" / "sign.py"): "1+ 2- 3- 6-"}


def test_the_former_data_stand_where_they_cannot_be_written(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / ".coverage").write_text("former")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(CoverageData, "add_lines", full)
    with pytest.raises(ReportError, match="No space left on device"):
        coveragepy.write_data(data_words.report("pkg/sign.py: 1+"), root / ".coverage")
    assert (root / ".coverage").read_text() == "former"
    assert {path.name for path in root.iterdir()} == {".coverage", "pkg"}


def test_a_file_in_the_folder_s_place_is_an_error_of_ours(root: Path) -> None:
    (root / "reports").write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        coveragepy.write_data(data_words.report("pkg/sign.py: 1+"), root / "reports" / ".coverage")
