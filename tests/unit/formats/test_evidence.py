"""Evidence, verdicts and baselines as files: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from covlane.errors import ReportError
from covlane.formats import evidence as files
from covlane.model.diff import Diff, FileDiff
from covlane.model.lines import pack
from covlane.model.verdict import BaselineState
from data_words import report
from judged import evidence, following, measured
from sample_site import agreeing

if TYPE_CHECKING:
    from covlane.model.baseline import Counts
    from covlane.model.evidence import Evidence

BEFORE = measured(report("b.py: 1+ 2- 4..6+ 1>2- 1>4+\na.py: 1+"))
CHANGED = FileDiff(
    "new.py",
    "renamed",
    "old.py",
    pack([1, 2, 5]),
    pack([2]),
    pack([7, 8]),
    pack([0, 4]),
)
WHOLE = replace(
    evidence({"b.py": [3]}, before=BEFORE),
    dirty=True,
    diff=Diff("b" * 40, (CHANGED, FileDiff("b.py", added=pack([3])))),
    base_ref="origin/main",
    statements={"b.py": (pack([3]), pack([5, 6])), "a.py": ()},
    notes={"b.py": "by lines", "a.py": "by tokens"},
    following=following("b.py: 1..4 b.py:11 5..5 a.py:1", "a.py: 1..1 a.py:2"),
    unfollowed=("c.py", "d.py"),
    state=BaselineState(state="accepted", sentence="for a reason"),
    incomplete=("a leg is missing",),
)


@pytest.mark.parametrize("found", [WHOLE, evidence(None), replace(WHOLE, baseline=None, commit=None)])
def test_evidence_is_read_as_it_was_written(found: Evidence) -> None:
    assert files.read_evidence(files.write_evidence(found), "evidence.json") == found


def test_the_order_of_what_has_none_is_not_written() -> None:
    turned = replace(
        WHOLE,
        statements=dict(reversed(list(WHOLE.statements.items()))),
        notes=dict(reversed(list(WHOLE.notes.items()))),
        following=dict(reversed(list(WHOLE.following.items()))),
    )
    assert files.write_evidence(turned) == files.write_evidence(WHOLE)


def test_a_verdict_is_read_as_it_was_written_and_keeps_the_order_of_its_settings() -> None:
    verdict = msgspec.structs.replace(agreeing(), settings={"z": 1.0, "a": 2.0})
    content = files.write_verdict(verdict)
    assert files.read_verdict(content, "verdict.json") == verdict
    assert list(json.loads(content)["settings"]) == ["z", "a"]


def test_a_baseline_has_a_line_for_each_file_in_order() -> None:
    content = files.write_baseline(BEFORE)
    rows = [line for line in content.decode().splitlines() if ".py" in line]
    assert [row.split(":")[0].strip() for row in rows] == ['"a.py"', '"b.py"']
    assert files.read_baseline(content, "baseline.json") == BEFORE
    empty = msgspec.structs.replace(BEFORE, files={})
    assert files.read_baseline(files.write_baseline(empty), "baseline.json") == empty


@pytest.mark.parametrize(
    "changes",
    [
        {"ran": 5},
        {"lines": 6},
        {"taken": 2},
        {"branches": 3},
        {"missed": ((2, 2), (6, 6)), "lines": 5},
    ],
)
def test_a_baseline_whose_counts_cannot_be_is_refused(changes: dict[str, object]) -> None:
    counts: Counts = msgspec.structs.replace(BEFORE.files["b.py"], **changes)
    content = files.write_baseline(msgspec.structs.replace(BEFORE, files={"b.py": counts}))
    with pytest.raises(ReportError, match=r"baseline\.json.*'b\.py'"):
        files.read_baseline(content, "baseline.json")


@pytest.mark.parametrize("read", [files.read_evidence, files.read_verdict, files.read_baseline])
def test_what_is_of_another_covlane_or_no_json_is_refused(read: object) -> None:
    assert callable(read)
    written = {
        files.read_evidence: files.write_evidence(WHOLE),
        files.read_verdict: files.write_verdict(agreeing()),
        files.read_baseline: files.write_baseline(BEFORE),
    }[read]
    other = json.dumps(json.loads(written) | {"schema": 77}).encode()
    with pytest.raises(ReportError, match=r"it\.json.* 77"):
        read(other, "it.json")
    with pytest.raises(ReportError, match=r"it\.json"):
        read(written[:-9], "it.json")


def test_a_diff_is_known_by_what_changed_and_not_by_its_base() -> None:
    diff = Diff("b" * 40, (CHANGED,))
    assert files.diff_identity(None) == ""
    assert files.diff_identity(replace(diff, base="c" * 40)) == files.diff_identity(diff)
    for other in (
        replace(CHANGED, path="x.py"),
        replace(CHANGED, kind="added"),
        replace(CHANGED, old_path="x.py"),
        replace(CHANGED, added=1),
        replace(CHANGED, moved=1),
        replace(CHANGED, removed=1),
        replace(CHANGED, cut=1),
    ):
        assert files.diff_identity(replace(diff, files=(other,))) != files.diff_identity(diff)
