"""SlipCover's JSON with covlane's additions: what is written is read back, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

import data_words
from covlane.errors import ReportError
from covlane.formats import slipcover
from covlane.model.branches import LAST_TARGET
from covlane.model.lines import pack
from covlane.model.report import Alone, Component, LegGroup, Report

if TYPE_CHECKING:
    from collections.abc import Mapping

TYPICAL = "a.py: 1+ 2- 3+ 1>2- 1>3+\npkg/b.py: 1- 1>0-\nempty.py:"


def leg_document(**changes: object) -> dict[str, Any]:
    """Return a leg's file as the collector writes it."""
    return {
        "meta": {
            "software": "slipcover",
            "version": "1.1.0",
            "timestamp": data_words.WHEN,
            "branch_coverage": True,
            "show_contexts": False,
        },
        "files": {
            "a.py": {
                "executed_lines": [1, 3],
                "missing_lines": [2],
                "executed_branches": [[1, 3]],
                "missing_branches": [[1, 2], [3, 0]],
                "summary": {"covered_lines": 2},
                "digest": "d1",
            }
        },
        "summary": {"covered_lines": 2},
        "covlane": msgspec.to_builtins(data_words.stamp("coverage-3.12")),
        **changes,
    }


def with_file(path: str, fields: Mapping[str, object] | None = None) -> dict[str, Any]:
    return leg_document(files={path: {"executed_lines": [], "missing_lines": [], **(fields or {})}})


def refused(content: bytes | dict[str, Any]) -> ReportError:
    """Return the error of reading a leg that must not be read."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(ReportError) as caught:
        _ = slipcover.read_leg(raw, "reports/legs/x.json").files
    assert "reports/legs/x.json" in caught.value.cause
    assert caught.value.exit_code == 3
    return caught.value


def test_a_leg_is_read_whole() -> None:
    leg = slipcover.read_leg(json.dumps(leg_document()).encode(), "leg")
    expected = data_words.leg("coverage-3.12", "a.py: 1+ 2- 3+ 1>2- 1>3+ 3>0-", digests={"a.py": "d1"})
    assert leg.files == expected.files
    assert replace(leg, leg_files={}) == replace(expected, leg_files={})


def test_the_self_check_is_called_canary_in_the_file() -> None:
    document = leg_document()
    document["covlane"]["canary"] = "missed: forked"
    stamp = slipcover.read_leg(json.dumps(document).encode(), "leg").stamp
    assert stamp.self_check == "missed: forked"
    assert msgspec.to_builtins(stamp)["canary"] == "missed: forked"


def test_a_leg_without_branches_is_read() -> None:
    document = leg_document(files={"a.py": {"executed_lines": [1], "missing_lines": [2]}})
    leg = slipcover.read_leg(json.dumps(document).encode(), "leg")
    assert data_words.said(leg.files) == {"a.py": "1+ 2-"}


@pytest.mark.parametrize("branch", [True, False])
def test_a_report_is_read_back_as_it_was_written(branch: bool) -> None:
    words = TYPICAL if branch else "a.py: 1+ 2- 3+"
    report = replace(
        data_words.report(words, branch=branch, incomplete=("a leg is missing",)),
        others=("other.xml",),
        disputed={"a.py": (LegGroup(("coverage-3.12",), pack([2, 3]), pack([3])),)},
        alone={"coverage-3.12": Alone(1, 0)},
        components=(Component("core", ("pkg",), ("a",)),),
    )
    assert slipcover.read_report(slipcover.write_report(report, "1.1.0"), "report") == report


def test_an_odd_name_is_read_back_as_it_was_written() -> None:
    report = data_words.report({'q"<\n\x1b\N{SNOWMAN}.py': "1+"})
    assert slipcover.read_report(slipcover.write_report(report, ""), "report") == report


def test_a_report_s_bytes_do_not_depend_on_the_order_of_its_files() -> None:
    report = data_words.report(TYPICAL)
    backwards = replace(report, files=dict(sorted(report.files.items(), reverse=True)))
    assert slipcover.write_report(backwards, "1") == slipcover.write_report(report, "1")


def test_a_report_has_slipcover_s_own_summaries() -> None:
    document = json.loads(slipcover.write_report(data_words.report(TYPICAL), "1.1.0"))
    assert document["summary"] == {
        "covered_lines": 2,
        "missing_lines": 2,
        "covered_branches": 1,
        "missing_branches": 2,
        "percent_covered": pytest.approx(100 * 3 / 7),
    }


def test_slipcover_itself_makes_the_same_summaries() -> None:
    from slipcover.slipcover import add_summaries

    document = json.loads(slipcover.write_report(data_words.report(TYPICAL), "1.1.0"))
    again = json.loads(json.dumps(document))
    add_summaries(again)
    # A whole number, rounded to the nearest: 99.6 would read 100.
    del again["summary"]["percent_covered_display"]
    assert again == document


def test_a_report_without_branches_has_no_lists_of_them() -> None:
    document = json.loads(slipcover.write_report(data_words.report("a.py: 1+", branch=False), "1"))
    assert not [key for key in document["files"]["a.py"] if "branches" in key]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b'{"covlane": {"schema": 1}}',
        b'{"covlane": {"schema": "1"}}',
        b'{"files": {}}',
        b'{"covlane": ' + b"[" * 100_000,
        b'{"covlane": {"schema": 1}, "files": ' + b'{"a":' * 100_000,
        b'{"covlane": {"schema": 1}, "x": "\xff"}',
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "null",
        "utf-16",
        "stamp alone",
        "text as a schema",
        "no stamp",
        "deep lists",
        "deep objects",
        "no UTF-8",
    ],
)
def test_what_is_no_leg_is_refused(content: bytes) -> None:
    refused(content)


@pytest.mark.parametrize("schema", [0, 2, 99])
def test_another_schema_is_named(schema: int) -> None:
    error = refused(b'{"covlane": {"schema": %d}}' % schema)
    assert f"has schema {schema}; this covlane reads schema 1" in error.cause


@pytest.mark.parametrize(
    "path",
    [
        "",
        ".",
        "/etc/passwd",
        "//server/share.py",
        "../a.py",
        "pkg/../../a.py",
        "pkg/..",
        "pkg\\a.py",
        "C:/a.py",
        "c:a.py",
        "./a.py",
        "pkg//a.py",
        "pkg/",
    ],
)
def test_a_path_that_is_none_inside_the_repository_is_refused(path: str) -> None:
    assert repr(path) in refused(with_file(path)).cause


@pytest.mark.parametrize("path", ["a.py", "pkg/a.py", "pkg/..a.py", ".hidden/a.py", "a b.py", "~a.py"])
def test_a_path_inside_the_repository_is_read(path: str) -> None:
    content = json.dumps(with_file(path)).encode()
    assert list(slipcover.read_leg(content, "leg").files) == [path]


@pytest.mark.parametrize("number", [-1, 0, 1_000_001, 10**30, 1.5, "1", True, None])
@pytest.mark.parametrize("field", ["executed_lines", "missing_lines"])
def test_what_is_no_line_number_is_refused(field: str, number: object) -> None:
    refused(with_file("a.py", {field: [number]}))


@pytest.mark.parametrize("branch", [[1], [1, 2, 3], [0, 1], [-1, 1], [1, -1], [1, LAST_TARGET + 1], "1>2", 1])
@pytest.mark.parametrize("field", ["executed_branches", "missing_branches"])
def test_what_is_no_branch_is_refused(field: str, branch: object) -> None:
    refused(with_file("a.py", {field: [branch]}))


@pytest.mark.parametrize(
    "changes",
    [
        {"files": []},
        {"files": {"a.py": None}},
        {"files": {"a.py": {"executed_lines": [1]}}},
        {"files": {"a.py": {"executed_lines": {}, "missing_lines": []}}},
        {"meta": None},
        {"meta": {"software": "slipcover"}},
        {"covlane": {"schema": 1}},
    ],
)
def test_a_wrong_type_is_refused(changes: dict[str, object]) -> None:
    refused(leg_document(**changes))


@pytest.mark.parametrize("field", sorted(data_words.stamp("x").__struct_encode_fields__))
def test_a_stamp_with_a_field_of_a_wrong_type_is_refused(field: str) -> None:
    document = leg_document()
    document["covlane"][field] = {"a": [None]}
    refused(document)


@pytest.mark.parametrize("time", ["", "yesterday", "2026-13-01", "2026-01-01T25:00:00"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    document = leg_document()
    document["meta"]["timestamp"] = time
    refused(document)


def test_what_slipcover_may_add_is_ignored() -> None:
    document = leg_document(more={"a": 1})
    document["files"]["a.py"]["contexts"] = []
    assert slipcover.read_leg(json.dumps(document).encode(), "leg").files


@pytest.mark.parametrize(
    "content", [b"", b"{}", json.dumps(leg_document()).encode()], ids=["empty", "no field", "a leg"]
)
def test_what_is_no_merged_report_is_refused(content: bytes) -> None:
    with pytest.raises(ReportError, match=r"^reports/coverage\.json is not a report of this kind"):
        slipcover.read_report(content, "reports/coverage.json")


def test_a_merged_report_with_a_climbing_path_is_refused() -> None:
    content = slipcover.write_report(data_words.report({"../a.py": "1+"}), "1")
    with pytest.raises(ReportError, match=r"\.\./a\.py"):
        slipcover.read_report(content, "reports/coverage.json")


def test_a_merged_report_with_a_wrong_time_is_refused() -> None:
    content = slipcover.write_report(Report(branch=True, timestamp="now", files={}), "1")
    with pytest.raises(ReportError, match=r"reports/coverage\.json"):
        slipcover.read_report(content, "reports/coverage.json")
