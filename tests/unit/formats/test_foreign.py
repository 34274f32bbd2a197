"""Reports of other programs: what each of them tells is read, an odd record is named, what would be false refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.errors import ReportError
from covlane.formats import cobertura, coveragepy, foreign, gathered, lcov, slipcover
from covlane.model.lines import LAST_LINE
from foreign import foreign as comparison

if TYPE_CHECKING:
    from covlane.formats.foreign import Foreign
    from covlane.model.report import FileCoverage

SAMPLES = Path(__file__).parents[2] / "data" / "foreign"
#: The lines of one small function, as every Python tool sees them.
SHAPE = "1+ 2+ 3+ 4+ 5+ 6- 7+ 10+ 11-"
SHAPE_C = "2+ 3+ 4+ 5+ 7- 8+ 9+ 10+ 11+"
READ: list[tuple[str, tuple[str, ...], str, str, dict[int, str]]] = [
    ("coveragepy.xml", ("/home/me/project",), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("coveragepy.json", (), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("coveragepy.lcov", (), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("coveragepy-5.5.xml", ("/home/me/project",), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("coveragepy-7.2.json", (), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("coveragepy-7.5.lcov", (), "pkg/shape.py", SHAPE, {3: "1/1", 4: "1/2", 5: "1/1", 6: "0/1", 7: "1/1"}),
    ("slipcover.xml", ("/home/me/project",), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("slipcover.json", (), "pkg/shape.py", SHAPE, {2: "1/2", 4: "2/2", 5: "1/2"}),
    ("gcovr.xml", ("/home/me/project",), "a.c", SHAPE_C, {3: "3/4", 9: "2/2"}),
    ("geninfo.info", (), "/home/me/project/a.c", SHAPE_C, {3: "3/4", 9: "2/2"}),
    ("lcov2.info", (), "/home/me/project/src/shape.cpp", "3+ 4+ 5+ 9-", {4: "2/3", 5: "1/2"}),
    ("istanbul.xml", ("/home/me/project",), "src/shape.js", "2+ 3+", {2: "2/3"}),
    ("phpunit.xml", ("/home/me/project/src",), "Shape.php", "7+ 9+ 14-", {}),
    ("coverlet.xml", ("C:\\work\\",), "src\\Shape.cs", "10+ 11+ 20+", {10: "1/2", 20: "1/2"}),
]  # fmt: skip
CLASS = (
    '<coverage><packages><package><classes><class filename="a.py">'
    "<lines>{}</lines></class></classes></package></packages></coverage>"
)
LINE = '<line number="1" hits="1"/>'
MISSED = '<line number="2" hits="0"/>'


def sample(name: str) -> Foreign:
    return foreign.read((SAMPLES / name).read_bytes(), name)


def lines(file: FileCoverage) -> str:
    return " ".join(word for word in data_words.said({"": file})[""].split() if ">" not in word)


def named(file: FileCoverage) -> str:
    """Return the branches that have targets."""
    words = (word for word in data_words.said({"": file})[""].split() if ">" in word)
    return " ".join(word for word in words if int(word.partition(">")[2][:-1]) <= LAST_LINE)


def conditions(file: FileCoverage) -> dict[int, str]:
    """Return how many branches of each line were taken, of how many."""
    found = sorted({line for line, _ in file.branches})
    return {
        line: f"{sum(a == line for a, _ in file.taken)}/{sum(a == line for a, _ in file.branches)}"
        for line in found
    }


def refused(content: bytes | str) -> str:
    """Return the cause for which this is not read."""
    with pytest.raises(ReportError) as caught:
        foreign.read(content if isinstance(content, bytes) else content.encode(), "in/report")
    assert caught.value.cause.startswith("in/report")
    assert caught.value.remedy
    assert "\n" not in caught.value.cause
    assert len(caught.value.cause) < 500
    return caught.value.cause


def xml(*lines: str) -> str:
    return CLASS.format("".join(lines))


def tracefile(*records: str) -> str:
    return "\n".join(["SF:a.py", *records, "end_of_record", ""])


def odd(found: Foreign) -> list[str]:
    """Return what was skipped or clamped, after how often."""
    return [f"{one.records} {one.what}" for one in found.odd]


def read(content: str) -> tuple[str, list[str]]:
    """Return the lines of the one file of a report, and what was odd."""
    found = foreign.read(content.encode(), "report")
    (file,) = found.files.values()
    return lines(file), odd(found)


def only(content: str) -> FileCoverage:
    """Return the one file of a report."""
    (file,) = foreign.read(content.encode(), "report").files.values()
    return file


@pytest.mark.parametrize(("name", "sources", "file", "words", "branches"), READ)
def test_a_report_is_read_as_its_program_meant_it(
    name: str, sources: tuple[str, ...], file: str, words: str, branches: dict[int, str]
) -> None:
    found = sample(name)
    coverage = found.files[file]
    assert (found.sources, found.branch) == (sources, bool(branches))
    assert (lines(coverage), conditions(coverage)) == (words, branches)


@pytest.mark.parametrize("name", sorted(path.name for path in SAMPLES.iterdir()))
def test_a_parser_apart_finds_the_same_figures(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert comparison.main([str(SAMPLES / name)]) == 0
    assert "1 same, 0 differ" in capsys.readouterr().out


def test_a_figure_that_the_parser_apart_does_not_find_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(gathered.Gathered, "ran", lambda *_: True)
    assert comparison.main([str(SAMPLES / "geninfo.info")]) == 1
    assert "the parser apart" in capsys.readouterr().out


def test_every_sample_is_tried() -> None:
    assert {row[0] for row in READ} == {path.name for path in SAMPLES.iterdir()}


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("coveragepy.json", "coverage.py JSON"),
        ("slipcover.json", "SlipCover JSON"),
        ("gcovr.xml", "Cobertura XML"),
        ("lcov2.info", "LCOV"),
    ],
)
def test_a_report_is_known_by_its_content(name: str, kind: str) -> None:
    assert sample(name).format == kind


@pytest.mark.parametrize("name", ["coveragepy.json", "slipcover.json"])
def test_json_names_both_ends_of_a_branch(name: str) -> None:
    assert named(sample(name).files["pkg/shape.py"]) == "2>3+ 2>4- 4>5+ 4>7+ 5>4+ 5>6-"


@pytest.mark.parametrize("name", ["coveragepy.xml", "slipcover.xml"])
def test_cobertura_names_the_branches_that_were_missed(name: str) -> None:
    assert named(sample(name).files["pkg/shape.py"]) == "2>4- 5>6-"


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("phpunit.xml", "2026-01-02T03:04:05+00:00"),  # seconds
        ("istanbul.xml", "2026-01-02T03:04:05+00:00"),  # milliseconds
        ("coveragepy.json", "2026-11-23T21:12:29+00:00"),  # without a zone
        ("geninfo.info", None),
    ],
)
def test_times_are_in_utc(name: str, when: str | None) -> None:
    assert sample(name).timestamp == when


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "yesterday",
        "-1",
        "NaN",
        "9" * 15,
        "9" * 5_000,
        "\uff11" * 9,
    ],
)
def test_a_time_that_is_none_is_no_fault_of_the_lines(text: str) -> None:
    content = xml(LINE).replace("<coverage>", f'<coverage timestamp="{text}">')
    assert foreign.read(content.encode(), "report").timestamp is None


def test_a_time_without_a_zone_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "XXX-5")
    time.tzset()
    assert sample("coveragepy.json").timestamp == "2026-11-23T21:12:29+00:00"
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("declared", ["utf-16", "UTF-8", "utf8", "utf_8"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_xml_is_read_in_the_encoding_that_it_has_whatever_utf_it_declares(
    encoding: str, declared: str
) -> None:
    content = f'<?xml version="1.0" encoding="{declared}"?>' + xml(LINE).replace("a.py", "\xe9.py")
    assert list(foreign.read(content.encode(encoding), "report").files) == ["\xe9.py"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    content = f'<?xml version="1.0" encoding="{declared}"?>' + xml(LINE).replace("a.py", "\xe9.py")
    assert list(foreign.read(content.encode(encoding), "report").files) == ["\xe9.py"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize(
    "content",
    [tracefile("DA:1,1").replace("a.py", "\xe9.py"), (SAMPLES / "slipcover.json").read_text("utf-8")],
)
def test_text_is_read_with_a_byte_order_mark_and_without(content: str, encoding: str) -> None:
    plain = foreign.read(content.encode(), "report")
    assert foreign.read(content.encode(encoding), "report") == plain


def test_the_way_out_of_a_function_is_line_0() -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["files"]["pkg/shape.py"] |= {"executed_branches": [[7, -1]], "missing_branches": [[2, -10]]}
    assert named(only_shape(document)) == "2>0- 7>0+"
    exits = xml('<line number="1" hits="1" condition-coverage="50% (1/2)" missing-branches="exit"/>')
    assert named(only(exits)) == "1>0-"


def only_shape(document: dict[str, object]) -> FileCoverage:
    return foreign.read(json.dumps(document).encode(), "report").files["pkg/shape.py"]


@pytest.mark.parametrize("number", [None, 1, 2, 3])
def test_every_format_of_coverage_py_is_read(number: int | None) -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["meta"].pop("format")
    document["meta"] |= {"format": number} if number else {}
    assert lines(only_shape(document)) == SHAPE


@pytest.mark.parametrize("number", [0, 4, "3"])
def test_another_format_of_coverage_py_is_refused(number: object) -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["meta"]["format"] = number
    assert "format" in refused(json.dumps(document))


def test_branches_that_coverage_py_only_counts_are_named() -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    for file in document["files"].values():
        del file["executed_branches"], file["missing_branches"]
    found = foreign.read(json.dumps(document).encode(), "report")
    assert (found.branch, lines(found.files["pkg/shape.py"])) == (False, SHAPE)
    assert odd(found) == [f"{len(document['files'])} {coveragepy.NO_BRANCHES}"]


def test_a_line_that_ran_although_it_is_excluded_is_no_line() -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["files"]["pkg/shape.py"] |= {
        "executed_lines": [1, 10],
        "missing_lines": [2],
        "excluded_lines": [10, 11],
    }
    assert lines(only_shape(document)) == "1+ 2-"


def test_contexts_are_left_out() -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["files"]["pkg/shape.py"]["contexts"] = {"1": ["test_a", ""]}
    assert lines(only_shape(document)) == SHAPE


def test_a_merged_report_of_covlane_is_read_as_slipcover_s() -> None:
    report = data_words.report("pkg/a.py: 1+ 2- 1>2- 1>0+")
    assert foreign.read(slipcover.write_report(report, "1.1.0"), "report").files == report.files


def test_what_says_of_itself_that_it_lacks_something_is_refused() -> None:
    content = slipcover.write_report(
        data_words.report("a.py: 1+", incomplete=("coverage-3.12 did not run",)), ""
    )
    assert refused(content) == "in/report is itself incomplete: coverage-3.12 did not run"


def test_a_leg_outside_of_its_folder_is_refused_for_its_stamp_would_be_lost() -> None:
    document = json.loads((SAMPLES / "slipcover.json").read_text("utf-8"))
    assert "is a leg" in refused(json.dumps({**document, "covlane": {"complete": False}}))


def test_what_is_in_both_lists_ran() -> None:
    meta = {"software": "slipcover", "version": "1", "timestamp": "", "branch_coverage": True}
    file = {
        "executed_lines": [1, 1],
        "missing_lines": [1, 2],
        "executed_branches": [[1, 2]],
        "missing_branches": [[1, 2], [1, 0]],
    }
    found = only(json.dumps({"meta": meta, "files": {"a.py": file}}))
    assert data_words.said({"": found})[""] == "1+ 2- 1>0- 1>2+"


@pytest.mark.parametrize(
    ("count", "ran"),
    [("0", False), ("00", False), ("1", True), ("18446744073709551615", True), ("9" * 9_999, True)],
)
def test_a_line_that_ran_any_number_of_times_ran(count: str, ran: bool) -> None:
    assert bool(only(xml(f'<line number="1" hits="{count}"/>')).executed) is ran
    assert bool(only(tracefile(f"DA:1,{count}")).executed) is ran


@pytest.mark.parametrize(
    ("count", "ran", "what"),
    [
        ("-7", False, gathered.NEGATIVE),
        ("-1.5e3", False, gathered.NEGATIVE),
        ("+1", True, gathered.UNUSUAL),
        ("1.0", True, gathered.UNUSUAL),
        ("0.0", False, gathered.UNUSUAL),
        ("1e3", True, gathered.UNUSUAL),
        ("1.84467440737096e+19", True, gathered.UNUSUAL),
        ("1e999", True, gathered.UNUSUAL),
        ("=====", False, gathered.MARKED),
        ("#####", False, gathered.MARKED),
    ],
)
def test_a_count_that_is_written_oddly_is_read_by_its_value_and_named(
    count: str, ran: bool, what: str
) -> None:
    expected = ("1+ 2-" if ran else "1- 2-"), [f"1 {what}"]
    assert read(xml(f'<line number="1" hits="{count}"/>', MISSED)) == expected
    assert read(tracefile(f"DA:1,{count}", "DA:2,0")) == expected
    found = foreign.read(tracefile("DA:1,1", f"BRDA:1,0,0,{count}").encode(), "report")
    assert (conditions(found.files["a.py"]), odd(found)) == ({1: f"{int(ran)}/1"}, [f"1 {what}"])


def test_a_count_with_thousands_separators_is_one() -> None:
    assert read(xml('<line number="1" hits="1,234"/>', '<line number="1,002" hits="0"/>'))[0] == "1+ 1002-"


@pytest.mark.parametrize("count", [" 1", "1 ", "\t1"])
def test_blanks_around_a_number_are_nothing_odd(count: str) -> None:
    assert read(tracefile(f"DA:{count},{count}", "DA:2,0 ")) == ("1+ 2-", [])
    assert read(xml(f'<line number="{count}" hits="{count}"/>')) == ("1+", [])


@pytest.mark.parametrize(
    "count",
    ["", "undefined", "null", "NaN", "inf", "1_0", "\u0661", "\xb2", "true", "-", "--1", "1,23", "1.2.3"],
)
def test_a_line_whose_count_tells_nothing_is_skipped_and_named(count: str) -> None:
    expected = "2-", [f"1 {gathered.NO_COUNT}"]
    assert read(xml(f'<line number="1" hits="{count}"/>', MISSED)) == expected
    if count != "1,23":
        assert read(tracefile(f"DA:1,{count}", "DA:2,0")) == expected
    if count not in {"-", "1,23"}:
        found = foreign.read(tracefile("DA:1,1", f"BRDA:1,0,0,{count}", "BRDA:1,0,1,0").encode(), "report")
        assert (conditions(found.files["a.py"]), odd(found)) == ({1: "0/1"}, [f"1 {gathered.NO_COUNT}"])


def test_a_line_without_a_count_is_skipped_and_named() -> None:
    assert read(xml('<line number="1"/>', MISSED)) == ("2-", [f"1 {gathered.NO_COUNT}"])
    assert read(tracefile("DA:1", "DA:2,0")) == ("2-", [f"1 {gathered.NO_COUNT}"])


@pytest.mark.parametrize("content", [xml('<line number="1" hits="?"/>'), tracefile("DA:1,?", "DA:2,?")])
def test_a_file_of_which_no_count_is_left_is_refused_alone(content: str) -> None:
    found = foreign.read(content.encode(), "report")
    assert found.files == {}
    assert found.refused["a.py"].endswith(gathered.NOTHING_LEFT)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "0",
        "-1",
        "1000001",
        "16707566",
        "1.5",
        "1e9",
        "NaN",
        "undefined",
        "1_0",
        "\u0661",
        "\xb9",
        "9" * 9_999,
    ],
)
def test_a_record_of_a_line_that_no_file_has_is_skipped_and_named(number: str) -> None:
    expected = "2-", [f"1 {gathered.NO_LINE}"]
    assert read(xml(f'<line number="{number}" hits="1"/>', MISSED)) == expected
    assert read(tracefile(f"DA:{number},1", "DA:2,0")) == expected
    found = foreign.read(
        tracefile(f"BRDA:{number},0,0,1", "BRDA:2,0,0,1").replace("a.py", "a.c").encode(), "report"
    )
    assert (conditions(found.files["a.c"]), odd(found)) == ({2: "1/1"}, [f"1 {gathered.NO_LINE}"])


@pytest.mark.parametrize("number", ["12.0", "1.2e1", " 12", "00000000012"])
def test_a_line_number_may_be_written_in_any_way(number: str) -> None:
    assert read(xml(f'<line number="{number}" hits="1"/>')) == ("12+", [])
    assert read(tracefile(f"DA:{number},1")) == ("12+", [])


@pytest.mark.parametrize("value", [0, -1, 1_000_001])
@pytest.mark.parametrize("key", ["executed_lines", "missing_lines", "executed_branches", "missing_branches"])
@pytest.mark.parametrize("name", ["coveragepy.json", "slipcover.json"])
def test_a_number_of_no_line_is_skipped_and_named_in_json(name: str, key: str, value: int) -> None:
    document = json.loads((SAMPLES / name).read_text("utf-8"))
    before = foreign.read(json.dumps(document).encode(), "report")
    document["files"]["pkg/shape.py"][key].append([value, 1] if "branches" in key else value)
    found = foreign.read(json.dumps(document).encode(), "report")
    assert (found.files, odd(found)) == (before.files, [f"1 {gathered.NO_LINE}"])


@pytest.mark.parametrize("value", ["1.5", '"1"', "true", "null", "[]", "1e400", "9" * 9_999])
@pytest.mark.parametrize("key", ["executed_lines", "missing_lines", "executed_branches", "missing_branches"])
@pytest.mark.parametrize("name", ["coveragepy.json", "slipcover.json"])
def test_a_file_whose_entry_in_json_is_broken_is_refused_alone(name: str, key: str, value: str) -> None:
    pair = f"[{value}, 1]" if "branches" in key else value
    content = (SAMPLES / name).read_text("utf-8")
    assert f'"{key}": []' in content
    found = foreign.read(content.replace(f'"{key}": []', f'"{key}": [{pair}]', 1).encode(), "report")
    assert list(found.refused) == ["pkg/__init__.py"]
    assert list(found.files) == ["pkg/shape.py"]


@pytest.mark.parametrize(
    "text", ["50%", "50", "(3/2)", "(-1/2)", "(1.5/2)", "(1/100001)", "(1/2,5)", "50% (1/"]
)
def test_the_branches_of_a_line_that_does_not_count_them_are_skipped_and_named(text: str) -> None:
    found = foreign.read(xml(f'<line number="1" hits="1" condition-coverage="{text}"/>').encode(), "report")
    assert lines(found.files["a.py"]) == "1+"
    assert not found.files["a.py"].branches
    assert odd(found) == [f"1 {cobertura.UNCOUNTED}"]


@pytest.mark.parametrize(
    "text", ["50% (1/2)", "50 % (1 / 2)", "50,0% (1/2)", "(1/2) or so", "1/2", "50% (1/2"]
)
def test_a_condition_coverage_counts_in_any_words(text: str) -> None:
    assert conditions(only(xml(f'<line number="1" hits="1" condition-coverage="{text}"/>'))) == {1: "1/2"}


def test_a_file_with_more_branches_on_a_line_than_are_numbered_is_refused_alone() -> None:
    many = xml('<line number="1" hits="1" condition-coverage="50% (1/99999)"/>')
    found = foreign.read(many.encode(), "report")
    assert (found.files, found.refused) == ({}, {"a.py": f"line 1: {cobertura.TOO_MANY}"})
    records = [f"BRDA:1,0,{number},0" for number in range(10_001)]
    found = foreign.read(
        (tracefile(*records) + tracefile("DA:1,1").replace("a.py", "b.py")).encode(), "report"
    )
    assert (list(found.files), list(found.refused)) == (["b.py"], ["a.py"])


@pytest.mark.parametrize("missing", ["2,3", "2,x", "2,1000000000"])
def test_missing_branches_that_do_not_fit_are_counted_without_names(missing: str) -> None:
    content = xml(f'<line number="1" hits="1" condition-coverage="50% (1/2)" missing-branches="{missing}"/>')
    found = foreign.read(content.encode(), "report")
    assert (conditions(found.files["a.py"]), named(found.files["a.py"])) == ({1: "1/2"}, "")
    assert odd(found) == [f"1 {cobertura.MISNAMED}"]


@pytest.mark.parametrize("text", ["0% (0/0)", "NaN% (0/0)"])
def test_no_branches_are_none(text: str) -> None:
    assert not only(xml(f'<line number="1" hits="1" condition-coverage="{text}"/>')).branches


def test_a_line_of_a_method_is_left_to_its_class() -> None:
    content = xml(LINE).replace(
        "<lines>", '<methods><method><lines><line number="9" hits="0"/></lines></method></methods><lines>'
    )
    assert lines(only(content)) == "1+"


def test_lines_that_only_methods_tell_are_the_class_s() -> None:
    method = '<methods><method><lines><line number="9" hits="0" condition-coverage="0% (0/2)"/></lines></method></methods>'
    for content in (xml(), xml().replace("<lines></lines>", "")):
        found = only(content.replace('"a.py">', f'"a.py">{method}'))
        assert (lines(found), conditions(found)) == ("9-", {9: "0/2"})


@pytest.mark.parametrize(
    "skipped",
    [("classes",), ("package",), ("packages", "package"), ("packages", "package", "classes"), ("lines",)],
)
def test_elements_around_a_class_may_be_left_out(skipped: tuple[str, ...]) -> None:
    content = xml(LINE)
    for name in skipped:
        content = content.replace(f"<{name}>", "").replace(f"</{name}>", "")
    assert lines(only(content)) == "1+"


def test_a_namespace_changes_no_name() -> None:
    assert lines(only(xml(LINE).replace("<coverage>", '<coverage xmlns="urn:example">'))) == "1+"
    prefixed = xml(LINE).replace("</", "</c:").replace("<", "<c:").replace("<c:/c:", "</c:")
    assert lines(only(prefixed.replace("<c:coverage>", '<c:coverage xmlns:c="urn:example">', 1))) == "1+"


@pytest.mark.parametrize("name", ["", " ", "\0", "a" * 4_097])
def test_a_record_without_a_name_that_a_file_can_have_is_skipped_and_named(name: str) -> None:
    other = tracefile("DA:2,0").replace("a.py", "b.py")
    found = foreign.read((tracefile("DA:1,1").replace("a.py", name) + other).encode(), "report")
    assert (data_words.said(found.files), odd(found)) == ({"b.py": "2-"}, [f"1 {gathered.NO_NAME}"])
    document = json.loads((SAMPLES / "slipcover.json").read_text("utf-8"))
    document["files"][name] = document["files"].pop("pkg/__init__.py")
    found = foreign.read(json.dumps(document).encode(), "report")
    assert (list(found.files), odd(found)) == (["pkg/shape.py"], [f"1 {gathered.NO_NAME}"])
    if name != "\0":
        found = foreign.read(xml(LINE).replace("a.py", name).encode(), "report")
        assert (found.files, odd(found)) == ({}, [f"1 {gathered.NO_NAME}"])


def test_a_class_without_a_file_is_skipped_and_named() -> None:
    found = foreign.read(xml(LINE).replace(' filename="a.py"', "").encode(), "report")
    assert (found.files, odd(found)) == ({}, [f"1 {gathered.NO_NAME}"])


@pytest.mark.parametrize("text", ["", " \n", "--source"])
def test_a_source_that_says_nothing_is_none(text: str) -> None:
    content = xml(LINE).replace(
        "<packages>", f"<sources><source>{text}</source><source>src</source></sources><packages>"
    )
    assert foreign.read(content.encode(), "report").sources == ("src",)


def classes(*elements: str, sources: int) -> Foreign:
    """Read the classes of a report with so many sources."""
    roots = "".join(f"<source>/{number}</source>" for number in range(sources))
    content = f"<coverage><sources>{roots}</sources><packages>{''.join(elements)}</packages></coverage>"
    return foreign.read(content.encode(), "report")


def in_package(package: str, name: str, filename: str = "x.py", line: int = 1) -> str:
    lines = f'<lines><line number="{line}" hits="1"/></lines>'
    return f'<package name="{package}"><classes><class name="{name}" filename="{filename}">{lines}</class></classes></package>'


@pytest.mark.parametrize("packages", [(".", "."), ("a", "b")])
def test_two_files_with_one_name_below_two_sources_are_never_one(packages: tuple[str, str]) -> None:
    both = [in_package(package, "x.py", line=line) for line, package in enumerate(packages, 1)]
    found = classes(*both, in_package(".", "y.py", "y.py"), sources=2)
    assert (list(found.files), list(found.refused)) == (["y.py"], ["x.py"])


def test_two_classes_of_one_file_are_one() -> None:
    pair = in_package("p", "A", line=1), in_package("p", "B", line=2)
    for sources in (1, 2):
        assert data_words.said(classes(*pair, sources=sources).files) == {"x.py": "1+ 2+"}
    same = in_package("a", "x", line=1), in_package("b", "x", line=2)
    assert data_words.said(classes(*same, sources=1).files) == {"x.py": "1+ 2+"}
    absolute = [one.replace("x.py", "/src/x.py") for one in same]
    assert data_words.said(classes(*absolute, sources=2).files) == {"/src/x.py": "1+ 2+"}


@pytest.mark.parametrize(
    "name", ["/a.py", "C:\\a b.py", "../a.py", "\\\\server\\a.py", "a\tb.py", "\N{SNOWMAN}", "a" * 4_096]
)
def test_any_other_name_is_kept_as_it_is_written(name: str) -> None:
    assert list(foreign.read(tracefile().replace("a.py", name).encode(), "report").files) == [name]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("TN:\nDA:7,1\n" + tracefile("DA:1,1"), lcov.OUTSIDE),
        ("TN:\nend_of_record\n" + tracefile("DA:1,1"), lcov.OUTSIDE),
        (tracefile("DA:1,1").removesuffix("end_of_record\n") + tracefile(), lcov.NO_END),
        (tracefile("DA:1,1", "<html>"), lcov.UNKNOWN),
        (tracefile("DA:1,1", "KF:1"), lcov.UNKNOWN),
        ("warning: something\n" + tracefile("DA:1,1"), lcov.UNKNOWN),
        (tracefile("DA:1,1", "X") + "\ufeff" + tracefile("DA:1,1"), lcov.UNKNOWN),
        (tracefile("DA:1,1", "BRDA:1"), lcov.NO_BRANCH),
        (tracefile("DA:1,1", "BRDA:1,0,1"), lcov.NO_BRANCH),
    ],
)
def test_an_odd_record_of_a_tracefile_is_skipped_and_named(content: str, what: str) -> None:
    assert read(content) == ("1+", [f"1 {what}"])


def test_the_first_odd_record_of_a_kind_is_named_with_its_place() -> None:
    found = foreign.read(tracefile("DA:1,1", "DA:0,1", "DA:0,1").encode(), "report")
    assert [str(one) for one in found.odd] == [
        "2 records with an impossible line number: skipped (first: line 3 of the report, for a.py)"
    ]


def test_a_file_whose_record_is_cut_short_is_refused_alone() -> None:
    content = tracefile("DA:1,1") + tracefile("DA:1,1").replace("a.py", "b.py").removesuffix(
        "end_of_record\n"
    )
    found = foreign.read(content.encode(), "report")
    assert list(found.files) == ["a.py"]
    assert found.refused["b.py"].startswith("line 5: the report ends before `end_of_record`")


def test_what_is_not_utf_8_is_latin_1_and_named() -> None:
    found = foreign.read(tracefile("DA:1,1").replace("a.py", "\xe9.py").encode("latin-1"), "report")
    assert (list(found.files), odd(found)) == (["\xe9.py"], [f"1 {gathered.LATIN}"])
    found = foreign.read(xml(LINE).replace("a.py", "\xe9.py").encode("latin-1"), "report")
    assert (list(found.files), odd(found)) == (["\xe9.py"], [f"1 {gathered.LATIN}"])


def test_the_way_out_of_coverage_py_before_7_6_is_a_branch_beside_the_others() -> None:
    records = ("DA:2,1,abc", "DA:3,1,abc", "LF:2", "LH:2", "BRDA:3,0,0,1", "BRDA:0,0,1,-", "BRDA:0,1,0,1")
    found = foreign.read(tracefile(*records).encode(), "report")
    assert conditions(found.files["a.py"]) == {2: "1/1", 3: "1/2"}
    assert (found.led, odd(found)) == (frozenset({"a.py"}), [f"3 {lcov.LED}", f"2 {lcov.EXIT}"])


def test_branches_that_coverage_py_before_7_6_tells_by_where_they_lead_are_known_as_such() -> None:
    old = ("DA:2,1,abc", "LH:1", "BRDA:2,0,0,1")
    assert foreign.read(tracefile(*old).encode(), "report").led == {"a.py"}
    for other in (("DA:2,1", *old[1:]), (old[0], old[2], old[1]), (*old[:2], "BRDA:2,0,jump to line 3,1")):
        assert not foreign.read(tracefile(*other).encode(), "report").led


@pytest.mark.parametrize("total", ["1", "1e999", "x", "-1"])
def test_lines_that_the_report_s_own_total_leaves_out_are_counted_and_named(total: str) -> None:
    too_many = {"1": [f"1 {gathered.MORE_LINES}"], "-1": [f"3 {gathered.MORE_LINES}"]}.get(total, [])
    assert read(tracefile("DA:1,1", "DA:2,0", "DA:2,0", f"LF:{total}")) == ("1+ 2-", too_many)


def test_docstrings_of_coverage_py_s_json_are_counted_and_named() -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["files"]["pkg/shape.py"]["executed_lines"].append(12)
    found = foreign.read(json.dumps(document).encode(), "report")
    assert (lines(found.files["pkg/shape.py"]), odd(found)) == (f"{SHAPE} 12+", [f"1 {gathered.MORE_LINES}"])


def test_branches_of_a_line_that_comes_twice_in_a_class_are_counted_once() -> None:
    found = only(xml(*(f'<line number="1" hits="1" condition-coverage="({n}/{n + 1})"/>' for n in (1, 2))))
    assert conditions(found) == {1: "2/3"}


def test_branches_of_bazel_are_counted() -> None:
    found = only(tracefile("DA:1,1", "DA:2,1", "BA:1,2", "BA:1,1", "BA:1,0", "BA:2,2", "BRDA:2,0,0,0"))
    assert conditions(found) == {1: "1/3", 2: "0/1"}


@pytest.mark.parametrize("ends", ["\r", "\r\n", " \n", "\t\r\n"])
def test_any_line_ends_are_read(ends: str) -> None:
    content = tracefile("DA:1,1", "DA:2,0", "BRDA:1,0,0,-").replace("\n", ends)
    found = foreign.read(content.encode(), "report")
    (coverage,) = found.files.values()
    assert (lines(coverage), odd(found)) == ("1+ 2-", [])


def test_a_tracefile_of_windows_is_read() -> None:
    assert lines(only(tracefile("DA:1,1", "DA:2,0").replace("\n", "\r\n"))) == "1+ 2-"


def test_a_last_line_without_an_end_is_read() -> None:
    assert lines(only(tracefile("DA:1,1").rstrip("\n"))) == "1+"


def test_an_exception_s_branch_is_another_one() -> None:
    assert conditions(only(tracefile("BRDA:1,0,0,1", "BRDA:1,e0,0,-", "BRDA:1,E0,1,0"))) == {1: "1/3"}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "\ufeff",
        "  \n ",
        "hello",
        "[]",
        "{",
        "{}",
        "null",
        "<",
        "<html><body>502 Bad Gateway</body></html>",
        "<!DOCTYPE html><html></html>",
        "<report><package/></report>",
        '<coverage generated="1" clover="4"><project><file name="a.php"/></project></coverage>',
        "<coverage>",
        xml(LINE)[:-30],
        xml(LINE) + "x",
        xml("\0"),
        "<coverage>" * 200,
        "<coverage>" + "<a>" * 100_000,
        '{"meta": ' + "[" * 100_000,
        '{"meta": ' + '{"a":' * 100_000,
        '{"meta": {"software": "slipcover"}}',
        '{"meta": {"software": "slipcover", "version": "1", "timestamp": "", "branch_coverage": 1}, "files": {}}',
        '{"meta": {"software": "\\ud800"}}',
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_report_is_refused(content: str) -> None:
    refused(content)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe{",
        b"\xfe\xff\xd8\x00",
        b"\xff\xfe\x00\x00{\x00\x00\x00",
        b"\x00",
        b"PK\x03\x04",
        b"\x1f\x8b\x08\x00",
        b"SQLite format 3\x00" + bytes(100),
        b'<?xml version="1.0" encoding="nothing"?>' + xml(LINE).encode(),
        b'<?xml version="1.0" encoding="utf-7"?>' + xml(LINE).encode(),
        b'<?xml version="1.0" encoding="punycode"?>' + xml(LINE).encode(),
        b'<?xml version="1.0" encoding="hex"?>' + xml(LINE).encode(),
        b'{"meta": {"software": "\xe9"}}',
    ],
)
def test_bytes_that_are_no_report_are_refused(content: bytes) -> None:
    refused(content)


def test_elements_deeper_than_any_report_s_are_refused() -> None:
    bomb = "<coverage>" + "<a>" * 5_000 + "</a>" * 5_000 + "</coverage>"
    assert "<a> does not belong in a Cobertura report" in refused(bomb)


def test_a_tracefile_that_found_no_branches_did_measure_them() -> None:
    assert foreign.read(tracefile("BRF:0").encode(), "report").branch
    assert not foreign.read(tracefile("LF:0").encode(), "report").branch


def test_a_fault_in_xml_is_named_by_its_line() -> None:
    found = foreign.read(xml("\n", "\n", '<line number="0" hits="1"/>').encode(), "report")
    assert found.odd[0].where == "line 3"
    assert ", line 2: " in refused(xml(LINE).replace("<packages>", "\n<packages><b>"))


@pytest.mark.parametrize("subset", ["", "[]", " [ ]", "[<!ELEMENT coverage ANY>]"])
def test_a_doctype_is_accepted_and_its_dtd_not_loaded(tmp_path: Path, subset: str) -> None:
    (tmp_path / "coverage.dtd").write_text('<!ATTLIST line hits CDATA "0"><!ENTITY x "a.py">')
    doctype = f'<!DOCTYPE coverage SYSTEM "{(tmp_path / "coverage.dtd").as_uri()}"{subset}>'
    assert read(doctype + xml(LINE, '<line number="2"/>')) == ("1+", [f"1 {gathered.NO_COUNT}"])


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "b">',
        '<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ATTLIST line hits CDATA "1">',
    ],
)
def test_a_dtd_of_its_own_is_refused(subset: str) -> None:
    cause = refused(f"<!DOCTYPE coverage [{subset}]>" + xml(LINE).replace("a.py", "&a;"))
    assert cause == "in/report, line 1: it declares entities or attributes, which are refused"


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MOST_BYTES", 10)
    assert "has 11 bytes" in refused("x" * 11)


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_LINES", "MOST_BRANCHES"])
def test_more_than_any_report_has_is_refused(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    record = tracefile("DA:1,1", "BRDA:1,0,0,1")
    content = record + record.replace("a.py", "b.py")
    foreign.read(content.encode(), "report")
    monkeypatch.setattr(gathered, bound, 1)
    assert "more files, lines or branches" in refused(content)
    for name in ("coveragepy.json", "slipcover.json", "coveragepy.xml"):
        refused((SAMPLES / name).read_bytes())
