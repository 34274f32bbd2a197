"""The outbox: what is put there stays until it is delivered, once, in order, whatever ends the program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import msgspec
import pytest

from covlane.adapters import files
from covlane.clients.codescene.outbox import Entry, Outbox
from covlane.clients.codescene.submission import Submission
from covlane.errors import ReportError

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.clients.codescene.submission import Metric


def entry(commit: str = "a", metric: Metric = "line-coverage") -> Entry:
    told = Submission(
        commit_sha=commit * 40,
        repo_url="https://example.com/o/r",
        repo_path="/checkout",
        format="cobertura" if metric == "line-coverage" else "lcov",
        metric=metric,
    )
    return Entry(url="https://codescene.example.com/v2", submission=told, files=1, digest="")


def box(folder: Path) -> Outbox:
    return Outbox(folder, files.read_bytes, files.write_whole)


def held(folder: Path) -> list[str]:
    """Return the first letter of the commit of each entry and its content, in order."""
    outbox = box(folder)
    return [
        waiting.entry.submission.commit_sha[0] + ": " + outbox.content(waiting).decode()
        for waiting in outbox.waiting()
    ]


def test_a_folder_that_does_not_exist_holds_nothing(tmp_path: Path) -> None:
    assert held(tmp_path / "outbox") == []


def test_what_is_put_there_waits_in_its_order(tmp_path: Path) -> None:
    for commit in "cabdefghi":
        box(tmp_path).put(entry(commit.translate(str.maketrans("ghi", "012"))), commit.encode())
    assert [one[-1] for one in held(tmp_path)] == list("cabdefghi")


def test_a_report_has_the_suffix_by_which_cs_coverage_knows_it(tmp_path: Path) -> None:
    for metric in ("line-coverage", "branch-coverage"):
        box(tmp_path).put(entry("a", metric), b"report")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000001-aaaaaaaaaa-line-coverage.json",
        "000001-aaaaaaaaaa-line-coverage.xml",
        "000002-aaaaaaaaaa-branch-coverage.info",
        "000002-aaaaaaaaaa-branch-coverage.json",
    ]


def test_a_newer_report_of_a_commit_takes_the_older_one_s_place(tmp_path: Path) -> None:
    for content in (b"old", b"new"):
        box(tmp_path).put(entry("a"), content)
        box(tmp_path).put(entry("b"), content)
    assert held(tmp_path) == ["a: new", "b: new"]


def test_the_same_report_put_again_is_the_same_upload_with_its_id(tmp_path: Path) -> None:
    outbox = box(tmp_path)
    first = outbox.put(entry(), b"report")
    assert first
    outbox.announced(first, 65)
    again = outbox.put(entry(), b"report")
    assert again
    assert (again.path, again.entry.id) == (first.path, 65)


def test_what_is_delivered_is_gone_and_does_not_come_back(tmp_path: Path) -> None:
    outbox = box(tmp_path)
    waiting = outbox.put(entry(), b"report")
    assert waiting
    outbox.done(outbox.announced(waiting, 65))
    assert held(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir()] == ["delivered.json"]
    assert outbox.put(entry(), b"report") is None
    assert outbox.put(entry(), b"another report")


def test_a_program_that_was_killed_after_the_delivery_leaves_nothing_to_send(tmp_path: Path) -> None:
    outbox = box(tmp_path)
    waiting = outbox.put(entry(), b"report")
    assert waiting
    kept = {path: path.read_bytes() for path in (waiting.path, waiting.report)}
    outbox.done(waiting)
    for path, content in kept.items():  # as if it had been killed between the two steps of `done`
        path.write_bytes(content)
    assert held(tmp_path) == []
    assert not waiting.path.exists()


def test_what_a_killed_program_left_of_a_report_is_swept_away(tmp_path: Path) -> None:
    (tmp_path / "000007-aaaaaaaaaa-line-coverage.xml").write_text("its JSON file was never written")
    (tmp_path / ".000007-aaaaaaaaaa-line-coverage.xml.x1y2z3").write_text("half")
    (tmp_path / ".delivered.json.x1y2z3").write_text("[")
    (tmp_path / "notes.txt").write_text("somebody's own")
    assert held(tmp_path) == []
    box(tmp_path).put(entry("b"), b"report")
    assert held(tmp_path) == ["b: report"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "000001-bbbbbbbbbb-line-coverage.json",
        "000001-bbbbbbbbbb-line-coverage.xml",
        "notes.txt",
    ]


def test_each_step_of_putting_may_be_the_last(tmp_path: Path) -> None:
    """Whichever write a program does not survive, the outbox holds the upload whole or not at all."""

    class Killed(BaseException):
        pass

    for last in range(3):
        folder, writes = tmp_path / str(last), 0

        def write(path: Path, content: bytes) -> None:
            nonlocal writes
            if writes == last:  # noqa: B023 - called in this turn
                raise Killed
            writes += 1
            files.write_whole(path, content)

        outbox = Outbox(folder, files.read_bytes, write)
        try:
            outbox.put(entry(), b"report")
        except Killed:
            assert held(folder) == []
        else:
            assert held(folder) == ["a: report"]


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"digest": None},
        {"id": "65"},
        {"token": "t0k3n"},
        {"submission": {"commit-sha": "a" * 40}},
        {"submission": msgspec.to_builtins(entry().submission) | {"commit-sha": "../../x"}},
        {"submission": msgspec.to_builtins(entry().submission) | {"format": "exe"}},
    ],
    ids=str,
)
def test_an_entry_that_is_none_of_ours_is_named(tmp_path: Path, change: dict[str, object]) -> None:
    waiting = box(tmp_path).put(entry(), b"report")
    assert waiting
    waiting.path.write_text(json.dumps(json.loads(waiting.path.read_bytes()) | change))
    with pytest.raises(ReportError, match=waiting.path.name) as caught:
        box(tmp_path).waiting()
    assert "--drop ID" in caught.value.remedy


@pytest.mark.parametrize("name", ["delivered.json", "000001-aaaaaaaaaa-line-coverage.json"])
def test_a_file_that_was_damaged_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("{")
    with pytest.raises(ReportError, match=name):
        box(tmp_path).waiting()


def test_a_file_that_is_none_of_ours_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "2026-notes.json").write_text("{")
    box(tmp_path).put(entry(), b"report")
    assert held(tmp_path) == ["a: report"]
    assert (tmp_path / "2026-notes.json").exists()


@pytest.mark.parametrize("content", [None, b"", b"repor"])
def test_a_report_that_did_not_come_whole_is_not_sent(tmp_path: Path, content: bytes | None) -> None:
    outbox = box(tmp_path)
    waiting = outbox.put(entry(), b"report")
    assert waiting
    if content is None:
        waiting.report.unlink()
    else:
        waiting.report.write_bytes(content)
    with pytest.raises(ReportError, match=waiting.report.name):
        outbox.content(waiting)
