"""Uncovered code as SARIF 2.1.0 for GitHub's code scanning and for editors.

The format is that of https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html; what GitHub takes of it is in
https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from covlane.render import words
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from covlane.model.target import Target

    Fingerprints = Callable[[str, Collection[int]], Mapping[int, str]]

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: What GitHub accepts of one run, and bytes of one file; these may be compressed, and here they are not.
MOST_RESULTS = 25_000
MOST_BYTES = 10_000_000
#: Bytes for the sentence on what is left out.
_SPARE = 1_000
_RULES = {
    "lines-not-covered": ("Lines not covered", "No test runs these lines."),
    "branches-not-covered": ("Branches not covered", "No test takes one of the ways on from this line."),
}


class Written(NamedTuple):
    """A SARIF file, and how many results it leaves out."""

    text: str
    left_out: int


def write(
    targets: Iterable[Target],
    fingerprints: Fingerprints,
    remarks: Sequence[str],
    *,
    version: str,
    commit: str | None,
    folder: str = "",
) -> Written:
    """Return uncovered code as SARIF, as much of it as GitHub accepts.

    Args:
        targets: what is uncovered, the most important first.
        fingerprints: returns the fingerprints of lines of a file by their numbers.
        remarks: what makes the report incomplete.
        version: covlane's.
        commit: that was measured.
        folder: where the project is in its checkout, from whose top files are named.
    """
    notes = [f"incomplete: {remark}" for remark in remarks]
    results: list[str] = []
    size, left_out = len(_frame(notes, version, commit)) + _SPARE, 0
    for result in _results(targets, fingerprints, folder):
        text = json.dumps(result, separators=(",", ":"))
        size += len(text) + 1
        if left_out or len(results) == MOST_RESULTS or size > MOST_BYTES:
            left_out += 1
        else:
            results.append(text)
    if left_out:
        notes.append(f"{left_out:,} more uncovered places are left out: GitHub accepts no larger file")
    head, _, tail = _frame(notes, version, commit).rpartition('"results":[]')
    return Written(f'{head}"results":[{",".join(results)}]{tail}\n', left_out)


def _frame(notes: Sequence[str], version: str, commit: str | None) -> str:
    """Return the file without its results."""
    rules = [
        {
            "id": id_,
            "name": id_.title().replace("-", ""),
            "shortDescription": {"text": title},
            "fullDescription": {"text": text},
            "help": {"text": "Add a test that runs it, or remove the code if nothing needs it."},
            "defaultConfiguration": {"level": "note"},
        }
        for id_, (title, text) in _RULES.items()
    ]
    invocation = {
        "executionSuccessful": True,
        "toolExecutionNotifications": [
            {"level": "warning", "message": {"text": printable(note)}} for note in notes
        ],
    }
    run = {
        "tool": {"driver": {"name": "Covlane", "version": version, "rules": rules}},
        "invocations": [invocation],
        "automationDetails": {"id": "covlane/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "the top of the checkout"}}},
        **({"properties": {"commit": commit}} if commit else {}),
        "results": [],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, separators=(",", ":"))


def _results(targets: Iterable[Target], fingerprints: Fingerprints, folder: str) -> Iterator[dict[str, Any]]:
    for target in targets:
        starts = {first for place in target.places for first, _ in (*place.lines, *place.branches)}
        of_line = fingerprints(target.path, starts)
        uri = quote(posixpath.join(folder, target.path).encode("utf-8", "surrogateescape"))
        for place in target.places:
            where = f" of {printable(place.function)}" if place.function else ""
            found = [
                ("lines-not-covered", first, last, f"L{words.lines(first, last)[1:]}{where} did not run")
                for first, last in place.lines
            ]
            untaken: dict[int, list[str]] = {}
            for line, to in place.branches:
                untaken.setdefault(line, []).append(words.untaken(to))
            found += [
                ("branches-not-covered", line, line, f"Line {line}{where} {' and '.join(phrases)}")
                for line, phrases in untaken.items()
            ]
            for rule, first, last, text in found:
                yield _result(
                    rule,
                    uri,
                    (first, last),
                    text,
                    function=place.function,
                    fingerprint=of_line.get(first, ""),
                    changed=target.changed,
                )


def _result(
    rule: str,
    uri: str,
    lines: tuple[int, int],
    text: str,
    *,
    function: str | None,
    fingerprint: str,
    changed: bool,
) -> dict[str, Any]:
    first, last = lines
    location: dict[str, Any] = {
        "physicalLocation": {
            "artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"},
            "region": {"startLine": first, "endLine": last},
        }
    }
    if function:
        location["logicalLocations"] = [{"fullyQualifiedName": printable(function)}]
    found: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": [*_RULES].index(rule),
        "level": "note",
        "message": {"text": f"{text}." + " It is part of the changed code." * changed},
        "locations": [location],
    }
    if fingerprint:
        found["partialFingerprints"] = {"primaryLocationLineHash": fingerprint}
    return found
