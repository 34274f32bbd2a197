"""Reports of other programs: what each of them tells is read, and what none of them writes is refused."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import data_words
from covlane.errors import ReportError
from covlane.formats import foreign, slipcover, untrusted
from covlane.model.lines import LAST_LINE

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


def lcov(*records: str) -> str:
    return "\n".join(["SF:a.py", *records, "end_of_record", ""])


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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_xml_is_read_in_the_encoding_that_it_declares(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    content = f'<?xml version="1.0" encoding="{declared}"?>' + xml(LINE).replace("a.py", "\xe9.py")
    assert list(foreign.read(content.encode(encoding), "report").files) == ["\xe9.py"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize(
    "content", [lcov("DA:1,1").replace("a.py", "\xe9.py"), (SAMPLES / "slipcover.json").read_text("utf-8")]
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


@pytest.mark.parametrize("number", [2, 3])
def test_both_formats_of_coverage_py_are_read(number: int) -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["meta"]["format"] = number
    assert lines(only_shape(document)) == SHAPE


@pytest.mark.parametrize("number", [None, 1, 4, "3"])
def test_another_format_of_coverage_py_is_refused(number: object) -> None:
    document = json.loads((SAMPLES / "coveragepy.json").read_text("utf-8"))
    document["meta"].pop("format")
    document["meta"] |= {"format": number} if number else {}
    assert "format" in refused(json.dumps(document))


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
    assert bool(only(lcov(f"DA:1,{count}")).executed) is ran


@pytest.mark.parametrize(
    "count", ["", "-1", "-0", "+1", "1.5", "1e3", "NaN", "inf", " 1", "1_0", "\u0661", "\xb2", "true", "-"]
)
def test_what_is_no_count_is_refused(count: str) -> None:
    assert "line 1: " in refused(xml(f'<line number="1" hits="{count}"/>'))
    assert "line 2: " in refused(lcov(f"DA:1,{count}"))
    if count != "-":
        refused(lcov("DA:1,1", f"BRDA:1,0,0,{count}"))


@pytest.mark.parametrize(
    "number",
    [
        "",
        "0",
        "-1",
        "1000001",
        "1.0",
        "1e3",
        "NaN",
        " 1",
        "1_0",
        "\u0661",
        "\xb9",
        "9" * 9_999,
        "00000000001",
    ],
)
def test_what_is_no_line_number_is_refused(number: str) -> None:
    assert "is no line number" in refused(xml(f'<line number="{number}" hits="1"/>'))
    assert "is no line number" in refused(lcov(f"DA:{number},1"))
    assert "is no line number" in refused(lcov(f"BRDA:{number},0,0,1"))
    missing = f'missing-branches="2,{number or 0}x"'
    assert "is no line number" in refused(
        xml(f'<line number="1" hits="1" condition-coverage="0% (0/2)" {missing}/>')
    )


@pytest.mark.parametrize(
    "value", ["0", "-1", "1000001", "1.5", '"1"', "true", "null", "NaN", "[]", "1e400", "9" * 9_999]
)
@pytest.mark.parametrize("key", ["executed_lines", "missing_lines", "executed_branches", "missing_branches"])
@pytest.mark.parametrize("name", ["coveragepy.json", "slipcover.json"])
def test_what_is_no_number_of_a_line_is_refused_in_json(name: str, key: str, value: str) -> None:
    pair = f"[{value}, 1]" if "branches" in key else value
    content = (SAMPLES / name).read_text("utf-8")
    assert f'"{key}": []' in content
    cause = refused(content.replace(f'"{key}": []', f'"{key}": [{pair}]', 1))
    assert "$.files" in cause or "malformed" in cause


@pytest.mark.parametrize(
    "text", ["50%", "50% (1/2", "(3/2)", "(-1/2)", "(1/99999)", "(1/100001)", "(1.5/2)", "(1/2) or so"]
)
def test_what_is_no_condition_coverage_is_refused(text: str) -> None:
    assert "condition" in refused(xml(f'<line number="1" hits="1" condition-coverage="{text}"/>'))


def test_more_missing_branches_than_there_are_are_refused() -> None:
    refused(xml('<line number="1" hits="1" condition-coverage="50% (1/2)" missing-branches="2,3"/>'))


@pytest.mark.parametrize("text", ["0% (0/0)", "NaN% (0/0)"])
def test_no_branches_are_none(text: str) -> None:
    assert not only(xml(f'<line number="1" hits="1" condition-coverage="{text}"/>')).branches


def test_a_line_of_a_method_is_left_to_its_class() -> None:
    content = xml(LINE).replace(
        "<lines>", '<methods><method><lines><line number="9" hits="0"/></lines></method></methods><lines>'
    )
    assert lines(only(content)) == "1+"


@pytest.mark.parametrize("name", ["", "\0", "a" * 4_097])
def test_what_is_no_name_is_refused(name: str) -> None:
    assert "no file's name" in refused(lcov().replace("a.py", name))
    meta = {"software": "slipcover", "version": "1", "timestamp": "", "branch_coverage": True}
    refused(json.dumps({"meta": meta, "files": {name: {"executed_lines": [], "missing_lines": []}}}))
    refused(xml().replace("a.py", name))
    if name:
        refused(xml().replace("<packages>", f"<sources><source>{name}</source></sources><packages>"))


@pytest.mark.parametrize(
    "name", ["/a.py", "C:\\a b.py", "../a.py", "\\\\server\\a.py", "a\tb.py", "\N{SNOWMAN}", "a" * 4_096]
)
def test_any_other_name_is_kept_as_it_is_written(name: str) -> None:
    assert list(foreign.read(lcov().replace("a.py", name).encode(), "report").files) == [name]


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (lcov("DA:1,1").removesuffix("end_of_record\n"), "line 2: the file ends before `end_of_record`"),
        ("DA:1,1\n" + lcov(), "in/report is in no format"),
        ("TN:\nDA:1,1\n", "line 2: 'DA:1,1' is out of place"),
        ("TN:\nend_of_record\n", "line 2: 'end_of_record' is out of place"),
        (lcov("SF:b.py"), "line 2: 'SF:b.py' is out of place"),
        (lcov("DA"), "line 2: '' is no count"),
        (lcov("<html>"), "line 2: '<html>' is out of place"),
        (lcov("BRDA:1"), "line 2: '1' is no branch"),
        (lcov("BRDA:1,0,1"), "line 2: '1,0,1' is no branch"),
        (lcov("BRDA:1,0,0,"), "line 2: '' is no count"),
        (lcov(*(f"BRDA:1,0,{number},0" for number in range(10_001))), "line 10002: '1,0,10000,0' is no branch"),
    ],
)  # fmt: skip
def test_a_broken_tracefile_is_refused_by_its_line(content: str, place: str) -> None:
    assert place in refused(content)


def test_a_tracefile_in_another_encoding_is_refused_by_its_line() -> None:
    assert refused(lcov("DA:1,1", "TN:\xe9").encode("latin-1")) == "in/report, line 3: not UTF-8"


def test_a_tracefile_of_windows_is_read() -> None:
    assert lines(only(lcov("DA:1,1", "DA:2,0").replace("\n", "\r\n"))) == "1+ 2-"


def test_a_last_line_without_an_end_is_read() -> None:
    assert lines(only(lcov("DA:1,1").rstrip("\n"))) == "1+"


def test_an_exception_s_branch_is_another_one() -> None:
    assert conditions(only(lcov("BRDA:1,0,0,1", "BRDA:1,e0,0,-", "BRDA:1,E0,1,0"))) == {1: "1/3"}


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
        xml(LINE).replace("a.py", "\xe9.py").encode("latin-1"),
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
    assert "<a> is in no Cobertura report" in refused(bomb)


def test_a_tracefile_that_found_no_branches_did_measure_them() -> None:
    assert foreign.read(lcov("BRF:0").encode(), "report").branch
    assert not foreign.read(lcov("LF:0").encode(), "report").branch


def test_a_fault_in_xml_is_named_by_its_line() -> None:
    assert ", line 3: " in refused(xml("\n", "\n", '<line number="0" hits="1"/>'))
    assert ", line 2: " in refused(xml(LINE).replace("<packages>", "\n<packages><b>"))


def test_the_plain_doctype_is_accepted_and_its_dtd_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "coverage.dtd").write_text('<!ATTLIST line hits CDATA "0"><!ENTITY x "a.py">')
    doctype = f'<!DOCTYPE coverage SYSTEM "{(tmp_path / "coverage.dtd").as_uri()}">'
    assert lines(only(doctype + xml(LINE))) == "1+"
    refused(doctype + xml('<line number="1"/>'))


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY a "b">',
        '<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ATTLIST line hits CDATA "1">',
        "<!ELEMENT coverage ANY>",
        "",
    ],
)
def test_a_dtd_of_its_own_is_refused(subset: str) -> None:
    cause = refused(f"<!DOCTYPE coverage [{subset}]>" + xml(LINE).replace("a.py", "&a;"))
    assert cause == "in/report, line 1: it declares parts of a DTD, which no report needs"


def test_too_large_a_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "MOST_BYTES", 10)
    assert "has 11 bytes" in refused("x" * 11)


@pytest.mark.parametrize("bound", ["MOST_FILES", "MOST_LINES", "MOST_BRANCHES"])
def test_more_than_any_report_has_is_refused(monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    record = lcov("DA:1,1", "BRDA:1,0,0,1")
    content = record + record.replace("a.py", "b.py")
    foreign.read(content.encode(), "report")
    monkeypatch.setattr(untrusted, bound, 1)
    assert "more files, lines or branches" in refused(content)
    for name in ("coveragepy.json", "slipcover.json", "coveragepy.xml"):
        refused((SAMPLES / name).read_bytes())
