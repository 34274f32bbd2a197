"""Cobertura XML, as http://cobertura.sourceforge.net/xml/coverage-04.dtd has it."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from covlane.model.lines import unpack
from covlane.model.report import Ratio, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import FileCoverage, Report

DOCTYPE = "http://cobertura.sourceforge.net/xml/coverage-04.dtd"
#: Characters that XML 1.0 has no way to write, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, version: str) -> Iterator[str]:
    """Yield the report as XML, a file at a time.

    File names are repo-relative with `/` and the one source is `.`, so that the same report gives the same
    bytes on every machine. A line hit by any leg has one hit: how often is not measured.
    """
    lines, branches = report.lines, report.branches
    milliseconds = int(datetime.fromisoformat(report.timestamp).timestamp() * 1000)
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE coverage SYSTEM "{DOCTYPE}">\n'
    yield (
        f'<coverage line-rate="{lines.rate}" branch-rate="{_branch_rate(branches)}"'
        f' lines-covered="{lines.covered}" lines-valid="{lines.total}"'
        f' branches-covered="{branches.covered}" branches-valid="{branches.total}"'
        f' complexity="0" version={_quote(version)} timestamp="{milliseconds}">\n'
    )
    yield "<sources>\n<source>.</source>\n</sources>\n<packages>\n"
    packages: dict[str, list[str]] = defaultdict(list)
    for path in sorted(report.files):
        packages[PurePosixPath(path).parent.as_posix().replace("/", ".")].append(path)
    for name, paths in sorted(packages.items()):
        files = [report.files[path] for path in paths]
        rates = _rates(total(file.lines for file in files), total(file.branch for file in files))
        yield f"<package name={_quote(name)} {rates}>\n<classes>\n"
        for path in paths:
            yield from _class(path, report.files[path])
        yield "</classes>\n</package>\n"
    yield "</packages>\n</coverage>\n"


def _class(path: str, file: FileCoverage) -> Iterator[str]:
    name = PurePosixPath(path).name
    yield f"<class name={_quote(name)} filename={_quote(path)} {_rates(file.lines, file.branch)}>\n"
    yield "<methods/>\n<lines>\n"
    conditions: dict[int, list[bool]] = defaultdict(list)
    for branch in file.branches:
        conditions[branch[0]].append(branch in file.taken)
    for line in unpack(file.executable):
        hits = file.executed >> line & 1
        if line in conditions:
            taken = Ratio(sum(conditions[line]), len(conditions[line]))
            percent = taken.covered * 100 // taken.total
            yield (
                f'<line number="{line}" hits="{hits}" branch="true"'
                f' condition-coverage="{percent}% ({taken.covered}/{taken.total})"/>\n'
            )
        else:
            yield f'<line number="{line}" hits="{hits}"/>\n'
    yield "</lines>\n</class>\n"


def _rates(lines: Ratio, branches: Ratio) -> str:
    return f'line-rate="{lines.rate}" branch-rate="{_branch_rate(branches)}" complexity="0"'


def _branch_rate(branches: Ratio) -> str:
    """Return 0 where there are no branches at all, as coverage.py does: nothing was measured."""
    return branches.rate if branches.total else "0"


def _quote(text: str) -> str:
    return quoteattr(UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text))
