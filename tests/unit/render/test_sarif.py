"""SARIF: the public schema, GitHub's limits, and names that are not trusted."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from covlane.analysis.fingerprints import fingerprints
from covlane.model.target import Place, Target
from covlane.render import sarif
from data_words import COMMIT
from golden_file import golden

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

SOURCE = (
    b"import math\n\n\ndef area(r):\n    if r < 0:\n        raise ValueError(r)\n    return math.pi * r**2\n"
)


def target(path: str = "src/shapes.py", *places: Place, changed: bool = False) -> Target:
    return Target(path=path, changed=changed, missing=1, untaken=1, commits=1, score=4, places=places)


def of_source(_: str, lines: Collection[int]) -> Mapping[int, str]:
    return fingerprints(SOURCE, lines)


write = partial(sarif.write, version="1.2.3", commit=COMMIT)
SAMPLE = write(
    [
        target(
            "src/shapes.py", Place(function="area", lines=((6, 6),), branches=((5, 7), (5, 0))), changed=True
        ),
        target("src/a b/é%#?<b>\n.js", Place(function=None, lines=((1, 1), (4, 5)))),
        target("src/__init__.py", Place(function="", lines=((1, 1),))),
    ],
    of_source,
    ["coverage-3.13 is \x1b[31mmissing"],
).text


def results(text: str) -> list[dict[str, Any]]:
    (run,) = json.loads(text)["runs"]
    found: list[dict[str, Any]] = run["results"]
    return found


def test_it_is_as_its_golden_file_has_it() -> None:
    assert json.dumps(json.loads(SAMPLE), indent=1) + "\n" == golden("coverage.sarif")


def test_each_result_has_what_code_scanning_needs() -> None:
    (run,) = json.loads(SAMPLE)["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] == "note"
        assert result["message"]["text"]
        assert set(result["partialFingerprints"]) == {"primaryLocationLineHash"}
        region = result["locations"][0]["physicalLocation"]["region"]
        assert 1 <= region["startLine"] <= region["endLine"]
    uris = [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    ]
    assert "src/a%20b/%C3%A9%25%23%3F%3Cb%3E%0A.js" in uris


def test_no_more_results_than_github_takes_and_the_others_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = tuple((number, number) for number in range(1, 12))
    many = [target("a.py", Place(function="f", lines=lines))]
    monkeypatch.setattr(sarif, "MOST_RESULTS", 4)
    found = write(many, of_source, [])
    assert (len(results(found.text)), found.left_out) == (4, 7)
    (note,) = json.loads(found.text)["runs"][0]["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"] == "7 more uncovered places are left out: GitHub accepts no larger file"


@pytest.mark.parametrize("most", [4_000, 5_000, 6_000])
def test_no_more_bytes_than_github_takes(monkeypatch: pytest.MonkeyPatch, most: int) -> None:
    lines = tuple((number, number) for number in range(1, 99))
    many = [target("a" * 200 + ".py", Place(function="f", lines=lines))]
    monkeypatch.setattr(sarif, "MOST_BYTES", most)
    found = write(many, of_source, ["é" * 50])
    assert len(found.text.encode()) <= most
    assert len(results(found.text)) + found.left_out == 98
    assert found.left_out < 98


def test_a_file_that_is_not_there_has_no_fingerprints() -> None:
    found = write([target("gone.py", Place(function=None, lines=((3, 3),)))], lambda *_: {}, [])
    assert "partialFingerprints" not in results(found.text)[0]


def test_nothing_uncovered_is_a_file_without_results() -> None:
    assert results(write([], of_source, []).text) == []


def test_it_is_valid_by_the_public_schema(tmp_path: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here to get the schema with")
    # A package of Microsoft's that has the schema of OASIS in it.
    done = subprocess.run(
        [npm, "pack", "--silent", "@microsoft/jest-sarif@1.0.0-beta.0"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        pytest.skip(f"npm cannot get the schema: {done.stderr[-200:]}")
    (archive,) = tmp_path.glob("*.tgz")
    with tarfile.open(archive) as package:
        member = package.extractfile("package/lib/schemas/sarif-2.1.0-rtm.5.json")
        assert member
        schema = json.load(io.TextIOWrapper(member, "utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(json.loads(SAMPLE))] == []
    wrong = json.loads(SAMPLE)
    wrong["runs"][0]["results"][0]["level"] = "notice"
    assert list(validator.iter_errors(wrong))
