"""Reports and legs from words: `a.py: 1+ 2- 4..9+ 1>2+ 1>0-`.

`1+` is a line that ran, `2-` one that did not, `4..9+` a range of lines; `1>2+` is a branch that was taken,
`1>0-` a way out that was not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from covlane.model.lines import pack, unpack
from covlane.model.report import FileCoverage, Measured, Processes, Report, Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WHEN = "2026-01-02T03:04:05+00:00"


def file(words: str) -> FileCoverage:
    """Return one file's coverage."""
    ran: list[int] = []
    missed: list[int] = []
    taken: set[tuple[int, int]] = set()
    untaken: set[tuple[int, int]] = set()
    for word in words.split():
        match = re.fullmatch(r"(\d+)(?:(\.\.|>)(\d+))?([+-])", word)
        assert match, f"{word!r} is no word of a report"
        first, kind, last, sign = int(match[1]), match[2], int(match[3] or match[1]), match[4]
        if kind == ">":
            (taken if sign == "+" else untaken).add((first, last))
        else:
            (ran if sign == "+" else missed).extend(range(first, last + 1))
    return FileCoverage(pack(ran + missed), pack(ran), frozenset(taken | untaken), frozenset(taken))


def files(text: str | Mapping[str, str]) -> dict[str, FileCoverage]:
    """Return coverage by file name: from a line for each file, or a mapping where names are odd."""
    if isinstance(text, str):
        lines = (line.strip() for line in text.splitlines())
        text = {name: words for name, _, words in (line.partition(":") for line in lines if line)}
    return {name: file(words) for name, words in text.items()}


def said(found: Mapping[str, FileCoverage]) -> dict[str, str]:
    """Return files in words again, lines before branches, each in order and without ranges."""
    return {name: _words(one) for name, one in found.items()}


def _words(one: FileCoverage) -> str:
    lines = [f"{line}{'+' if one.executed >> line & 1 else '-'}" for line in unpack(one.executable)]
    jumps = [f"{a}>{b}{'+' if (a, b) in one.taken else '-'}" for a, b in sorted(one.branches)]
    return " ".join(lines + jumps)


def stamp(name: str, **changes: object) -> Stamp:
    """Return the stamp of a leg that ran to its end."""
    plain = Stamp(
        schema=1,
        leg=name,
        python="3.12.1",
        implementation="CPython",
        platform="linux",
        commit=COMMIT,
        dirty=False,
        tools={"slipcover": "1.1.0"},
        engine="slipcover",
        isolation="none",
        workers=0,
        shard=None,
        exit_code=0,
        counts={"passed": 3},
        processes=Processes(1, 1),
        argv=("pytest",),
        self_check="passed",
        complete=True,
        reasons=(),
        unbranched={},
        unparsable={},
    )
    return msgspec.structs.replace(plain, **changes)


def leg(
    name: str,
    text: str | Mapping[str, str],
    *,
    branch: bool = True,
    timestamp: str = WHEN,
    digests: Mapping[str, str] | None = None,
    **changes: object,
) -> Measured:
    """Return a leg; `changes` are to its stamp."""
    found = files(text)
    known = {path: f"digest of {path}" for path in found} if digests is None else digests
    seen = {path: file.leg_file() for path, file in found.items()}
    return Measured(stamp(name, **changes), branch, timestamp, seen, known)


def report(
    text: str | Mapping[str, str],
    *,
    branch: bool = True,
    legs: tuple[str, ...] = ("coverage-3.12",),
    incomplete: tuple[str, ...] = (),
) -> Report:
    """Return a merged report."""
    found = files(text)
    return Report(branch, WHEN, found, tuple(stamp(name) for name in legs), incomplete=incomplete)
