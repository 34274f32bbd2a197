"""Laws of the formats: what is written is read back, counts agree, and no bytes bring a reader down."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

import data_words
from covlane.errors import ReportError
from covlane.formats import cobertura, coveragepy, foreign, lcov, slipcover
from covlane.model.branches import LAST_TARGET, settled
from covlane.model.lines import LAST_LINE, pack
from covlane.model.report import FileCoverage, Ratio, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SAMPLES = [path.read_bytes() for path in sorted((Path(__file__).parents[1] / "data" / "foreign").iterdir())]
NUMBERS = st.integers(min_value=1, max_value=60)
#: A name that every format can hold: XML has no control characters, LCOV no line breaks.
NAMES = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=8).filter(
    lambda name: name.strip() not in ("", ".", "..") and not {"/", "\\", ":"} & set(name)
)
#: What a file of any format may be made of, and what it must not be.
TOKENS = [
    *(
        b"0",
        b"-1",
        b"1000001",
        b"9" * 5_000,
        b"NaN",
        b"1e9",
        b"true",
        b"null",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
    ),
    *(
        b"<",
        b">",
        b'"',
        b"{",
        b"}",
        b"[" * 2_000,
        b"]",
        b",",
        b":",
        b"&a;",
        b"<!DOCTYPE a [",
        b"<line",
        b"</lines>",
    ),
    *(
        b"\r\n",
        b"\n",
        b"SF:a\n",
        b"DA:1,1\n",
        b"BRDA:1,0,0,-\n",
        b"end_of_record\n",
        b"<coverage>",
        b'"files":',
    ),
]


@st.composite
def coverages(draw: st.DrawFn) -> FileCoverage:
    """Draw a file's coverage: branches leave lines that can run, and those that were taken lines that ran."""
    ran, missed = draw(st.sets(NUMBERS)), draw(st.sets(NUMBERS))
    lines = sorted(ran | missed)
    if not lines:
        return FileCoverage()
    targets = st.integers(min_value=0, max_value=60)
    branches = draw(st.frozensets(st.tuples(st.sampled_from(lines), targets), max_size=12))
    taken = frozenset(branch for branch in branches if branch[0] in ran and draw(st.booleans()))
    return FileCoverage(pack(lines), pack(ran), branches, taken)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    files = draw(st.dictionaries(NAMES, coverages(), min_size=1, max_size=3))
    branch = any(file.branches for file in files.values())
    return Report(branch, data_words.WHEN, {name: files[name] for name in sorted(files)})


WRITERS: dict[str, Callable[[Report], bytes]] = {
    "slipcover": lambda report: slipcover.write_report(report, "1.1.0"),
    "coveragepy": coveragepy.write_json,
    "cobertura": lambda report: "".join(cobertura.write(report, "covlane 1")).encode(),
    "lcov": lambda report: "".join(lcov.write(report)).encode(),
}


def read(content: bytes) -> Mapping[str, FileCoverage]:
    return foreign.read(content, "report").files


def by_line(file: FileCoverage) -> dict[int, list[bool]]:
    """Return whether each branch of a line was taken, in the order of their targets."""
    found: dict[int, list[bool]] = {}
    for branch in sorted(file.branches):
        found.setdefault(branch[0], []).append(branch in file.taken)
    return found


def lines(file: FileCoverage) -> tuple[int, int]:
    return file.executable, file.executed


@given(reports())
def test_a_merged_report_is_read_back_whole(report: Report) -> None:
    assert slipcover.read_report(WRITERS["slipcover"](report), "report") == report


@pytest.mark.parametrize("kind", ["slipcover", "coveragepy"])
@given(report=reports())
def test_json_carries_every_line_and_branch(kind: str, report: Report) -> None:
    found = foreign.read(WRITERS[kind](report), "report")
    assert (found.branch, found.timestamp, dict(found.files)) == (
        report.branch,
        report.timestamp,
        report.files,
    )


@given(reports())
def test_lcov_carries_every_line_and_the_branches_in_their_order(report: Report) -> None:
    found = read(WRITERS["lcov"](report))
    assert {name: lines(file) for name, file in found.items()} == {
        name: lines(file) for name, file in report.files.items()
    }
    assert {name: by_line(file) for name, file in found.items()} == {
        name: by_line(file) for name, file in report.files.items()
    }


@given(reports())
def test_cobertura_carries_every_line_and_how_many_of_its_branches_were_taken(report: Report) -> None:
    found = foreign.read(WRITERS["cobertura"](report), "report")
    assert found.timestamp == report.timestamp
    assert found.sources == (".",)
    assert found.files.keys() == report.files.keys()
    for name, file in report.files.items():
        taken = {line: sorted(branches, reverse=True) for line, branches in by_line(file).items()}
        assert (lines(found.files[name]), by_line(found.files[name])) == (lines(file), taken)


@pytest.mark.parametrize("kind", WRITERS)
@given(report=reports())
def test_what_was_read_once_is_read_again_as_it_was(kind: str, report: Report) -> None:
    once = read(WRITERS[kind](report))
    again = read(WRITERS[kind](Report(report.branch, report.timestamp, once)))
    assert again == once


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("kind", WRITERS)
def test_every_format_takes_what_was_read_of_another(kind: str, sample: bytes) -> None:
    first = foreign.read(sample, "report")
    found = read(WRITERS[kind](Report(first.branch, data_words.WHEN, first.files)))
    assert {name: (lines(file), file.branch) for name, file in found.items()} == {
        name: (lines(file), file.branch) for name, file in first.files.items()
    }


def slow_count(lines: int) -> int:
    return sum(lines // 2**number % 2 for number in range(lines.bit_length()))


@given(reports())
def test_all_formats_have_the_counts_of_a_slow_count(report: Report) -> None:
    files = report.files.values()
    can, ran = (sum(slow_count(pair[at]) for pair in map(lines, files)) for at in (0, 1))
    branches, taken = sum(len([*file.branches]) for file in files), sum(len([*file.taken]) for file in files)
    root = etree.fromstring(WRITERS["cobertura"](report))
    assert [
        int(root.get(f"{kind}-{what}")) for kind in ("lines", "branches") for what in ("covered", "valid")
    ] == [ran, can, taken, branches]
    assert [len(root.xpath("//line")), len(root.xpath("//line[@hits='1']"))] == [can, ran]
    conditions = [
        text.partition("(")[2].rstrip(")").split("/") for text in root.xpath("//@condition-coverage")
    ]
    assert [sum(int(pair[at]) for pair in conditions) for at in (0, 1)] == [taken, branches]
    records = [line.partition(":") for line in WRITERS["lcov"](report).decode().split("\n")]
    sums = {
        kind: sum(int(value) for name, _, value in records if name == kind)
        for kind in ("LF", "LH", "BRF", "BRH")
    }
    assert sums == {"LF": can, "LH": ran, "BRF": branches, "BRH": taken}
    counted = {
        kind: [value.split(",")[-1] for name, _, value in records if name == kind] for kind in ("DA", "BRDA")
    }
    assert (len(counted["DA"]), counted["DA"].count("1")) == (can, ran)
    assert (len(counted["BRDA"]), counted["BRDA"].count("1")) == (branches, taken)
    totals = json.loads(WRITERS["coveragepy"](report))["totals"]
    assert (totals["covered_lines"], totals["num_statements"]) == (ran, can)
    assert (totals.get("covered_branches", 0), totals.get("num_branches", 0)) == (taken, branches)


def test_the_same_report_gives_the_same_bytes_whatever_the_hashes_are() -> None:
    program = """
import sys, hashlib
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import data_words, test_formats
files = {f"{n}.py": "".join(f"{i}+ {i}>{i + n}- {i}>0+ " for i in range(1, 40)) for n in range(2, 9)}
for kind, write in test_formats.WRITERS.items():
    print(kind, hashlib.sha256(write(data_words.report(files))).hexdigest())
"""
    here = Path(__file__).parent
    argv = [sys.executable, "-c", program, str(here.parent), str(here)]
    outputs = {
        subprocess.run(argv, env={"PYTHONHASHSEED": seed}, check=True, capture_output=True, text=True).stdout
        for seed in ("0", "1", "2")
    }
    assert len(outputs) == 1
    assert outputs.pop().count("\n") == len(WRITERS)


def read_or_refused(content: bytes) -> None:
    """Read, and hold what is read to what every report is."""
    files: Mapping[str, FileCoverage] = {}
    cause = "fuzz"
    try:
        files = foreign.read(content, "fuzz").files
    except ReportError as error:
        cause = error.cause
    assert cause.startswith("fuzz")
    for name, file in files.items():
        assert name
        assert "\0" not in name
        assert file.executed & ~file.executable == 0
        assert file.taken <= file.branches
        assert file.executable & 1 == 0
        assert file.executable.bit_length() <= LAST_LINE + 1
        assert all(1 <= line <= LAST_LINE and 0 <= target <= LAST_TARGET for line, target in file.branches)
        assert settled(file) == file


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    read_or_refused(content)


@given(
    st.sampled_from([b"<coverage>", b"SF:", b'{"meta":{', b"\xff\xfe<", b"\xef\xbb\xbf{", b"TN:\n"]),
    st.lists(st.sampled_from(TOKENS)),
)
def test_any_tokens_are_read_or_refused(start: bytes, tokens: list[bytes]) -> None:
    read_or_refused(start + b"".join(tokens))


@given(st.data())
def test_a_report_that_was_damaged_is_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from(SAMPLES)))
    for _ in range(data.draw(st.integers(1, 4))):
        first = data.draw(st.integers(0, len(content)))
        last = first + data.draw(st.sampled_from([0, 1, 3, 40, len(content)]))
        piece = st.sampled_from([*TOKENS, bytes(content[first:last]) * 2]) | st.binary(max_size=3)
        content[first:last] = data.draw(piece)
    read_or_refused(bytes(content))


#: One line's branches as a report tells of them, of which some were taken: by name, in a list, or by their count.
TRUE = frozenset({(5, 0), (5, 6), (5, 9)})


@st.composite
def views(draw: st.DrawFn) -> tuple[FileCoverage, set[tuple[int, int]]]:
    taken = {branch for branch in TRUE if draw(st.booleans())}
    kind = draw(st.sampled_from(["named", "listed", "counted", "missing"]))
    if kind == "named":
        return FileCoverage(32, 32, TRUE, frozenset(taken)), taken
    if kind == "listed":
        records = "".join(f"BRDA:5,0,{target},{int((5, target) in taken)}\n" for _, target in sorted(TRUE))
        return read(f"SF:a\nDA:5,1\n{records}end_of_record\n".encode())["a"], taken
    missing = ",".join(str(target or "exit") for _, target in TRUE - taken) if kind == "missing" else ""
    line = (
        f'<line number="5" hits="1" condition-coverage="0% ({len(taken)}/3)" missing-branches="{missing}"/>'
    )
    text = f'<coverage><packages><package><classes><class filename="a"><lines>{line}</lines></class></classes></package></packages></coverage>'
    return read(text.encode())["a"], taken


@given(st.lists(views(), min_size=1, max_size=5))
def test_a_branch_that_reports_tell_of_differently_is_counted_once(
    found: list[tuple[FileCoverage, set[tuple[int, int]]]],
) -> None:
    union = FileCoverage()
    for file, _ in found:
        assert settled(file) == file
        union |= file
    whole = settled(union)
    most, every = max(len(taken) for _, taken in found), set().union(*(taken for _, taken in found))
    assert whole.branch.total == len(TRUE)
    assert most <= whole.branch.covered <= len(every)
    assert settled(whole) == whole
    assert lines(whole) == (32, 32)


@given(st.lists(views(), min_size=1, max_size=4))
def test_reports_that_name_every_branch_lose_none(
    found: list[tuple[FileCoverage, set[tuple[int, int]]]],
) -> None:
    union = FileCoverage(32, 32, TRUE, TRUE)
    for file, _ in found:
        union |= file
    assert settled(union) == FileCoverage(32, 32, TRUE, TRUE)
    assert settled(union).branch == Ratio(3, 3)
