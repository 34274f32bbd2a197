"""Cobertura XML, as http://cobertura.sourceforge.net/xml/coverage-04.dtd has it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import datetime
from functools import lru_cache
from itertools import chain
from operator import add
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from xml.parsers import expat

from covlane.formats.untrusted import Foreign, Gathered, utc
from covlane.model.branches import MOST_NUMBERED, counted
from covlane.model.lines import flags
from covlane.model.report import Ratio, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.errors import ReportError
    from covlane.model.report import Branch, FileCoverage, Report

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
    able = flags(file.executable)
    ran = flags(file.executed).ljust(len(able), b"\0")
    marks = map(add, able, ran)
    texts = [elements[mark] for elements, mark in zip(_lines(len(able)), marks, strict=False)]
    taken = Counter([line for line, _ in file.taken])
    for line, count in Counter([line for line, _ in file.branches]).items():
        if able[line : line + 1] == b"\1":
            texts[line] = texts[line].replace("/>", _conditions(taken[line], count))
    yield "".join(texts)
    yield "</lines>\n</class>\n"


@lru_cache(maxsize=10_000)
def _conditions(taken: int, count: int) -> str:
    return f' branch="true" condition-coverage="{taken * 100 // count}% ({taken}/{count})"/>'


#: The elements that come in every file: none for a line that cannot run, and for one that did not run and one that did.
_KEPT: list[tuple[str, str, str]] = []
_MOST_KEPT = 10_000


def _lines(count: int) -> Iterator[tuple[str, str, str]]:
    """Return the elements of so many lines, from 0 on."""
    _KEPT.extend(map(_elements, range(len(_KEPT), min(count, _MOST_KEPT))))
    return chain(_KEPT, map(_elements, range(len(_KEPT), count)))


def _elements(number: int) -> tuple[str, str, str]:
    start = f'<line number="{number}" hits='
    return "", f'{start}"0"/>\n', f'{start}"1"/>\n'


def _rates(lines: Ratio, branches: Ratio) -> str:
    return f'line-rate="{lines.rate}" branch-rate="{_branch_rate(branches)}" complexity="0"'


def _branch_rate(branches: Ratio) -> str:
    """Return 0 where there are no branches at all, as coverage.py does: nothing was measured."""
    return branches.rate if branches.total else "0"


#: As in an attribute: a line break or tab that stands for itself would be read as a space.
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def _quote(text: str) -> str:
    text = UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return f'"{text.translate(_ESCAPES)}"'


#: Where a file's lines are; a method's are the same again.
_LINES = ["coverage", "packages", "package", "classes", "class", "lines"]
_CONDITION = re.compile(r"\((\d{1,5})/(\d{1,5})\)\s*$", re.ASCII)
_DEEPEST = 100


def read(content: bytes, name: str) -> Foreign:
    """Decode the Cobertura XML of any program; the classes of one file are united.

    Of a line's branches it tells how many there are and were taken, and coverage.py and SlipCover name those that
    were not; the others are numbered. A DOCTYPE may name a DTD, which is not loaded, but hold none: so there are
    no entities, and nothing grows while it is read.

    Raises:
        ReportError: it is none; with the line.
    """
    parser = expat.ParserCreate()
    reader = _Reader(name, parser)
    try:
        parser.Parse(content, True)
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # the last two of the encoding that it declares
        raise reader.refused(str(error)) from None
    return Foreign(
        "Cobertura XML", reader.branch, reader.timestamp, reader.found.files, tuple(reader.sources)
    )


class _Reader:
    """The report so far, and the class that is being read."""

    def __init__(self, name: str, parser: expat.XMLParserType) -> None:
        self.found = Gathered(name)
        self.branch = False
        self.timestamp: str | None = None
        self.sources: list[str] = []
        self._parser = parser
        self._open: list[str] = []
        self._file = self._text = ""
        #: What did not run, and what did.
        self._lines: tuple[list[int], list[int]] = ([], [])
        self._branches: tuple[list[Branch], list[Branch]] = ([], [])
        parser.StartDoctypeDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def refused(self, what: str) -> ReportError:
        return self.found.refused(what, self._parser.CurrentLineNumber)

    def _doctype(self, _name: str, _system: str | None, _public: str | None, inside: bool) -> None:
        if inside:
            raise self.refused("it declares parts of a DTD, which no report needs")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self._open == _LINES and name == "line":
            self._line(attributes)
        elif not self._open:
            self.timestamp = utc(attributes.get("timestamp", ""))
        elif self._open == _LINES[:4]:
            self._file = self.found.named(attributes.get("filename", ""), self._parser.CurrentLineNumber)
            self._lines, self._branches = ([], []), ([], [])
        # Clover's reports begin as Cobertura's.
        if (not self._open and name != "coverage") or name == "project" or len(self._open) > _DEEPEST:
            raise self.refused(f"<{name[:80]}> is in no Cobertura report, or not so deep")
        self._text = ""
        self._open.append(name)

    def _characters(self, text: str) -> None:
        if self._open[-1] == "source":
            self._text = self.found.named(self._text + text, self._parser.CurrentLineNumber)

    def _end(self, name: str) -> None:
        self._open.pop()
        if name == "source" and self._text.strip():
            self.sources.append(self._text.strip())
        elif self._open == _LINES[:4]:
            self.found.add(self._file, self._parser.CurrentLineNumber, self._lines, self._branches)
            self.branch |= any(self._branches)

    def _line(self, attributes: dict[str, str]) -> None:
        where = self._parser.CurrentLineNumber
        line = self.found.line(attributes.get("number", ""), where)
        self._lines[self.found.ran(attributes.get("hits", ""), where)].append(line)
        if text := attributes.get("condition-coverage"):
            match = _CONDITION.search(text)
            taken, count = (int(match[1]), int(match[2])) if match else (0, MOST_NUMBERED + 1)
            names = [name.strip() for name in attributes.get("missing-branches", "").split(",") if name]
            named = {0 if name == "exit" else self.found.line(name, where) for name in names}
            if not taken + len(named) <= count <= MOST_NUMBERED:
                raise self.refused(f"{text[:80]!r} is no condition coverage of so many missing branches")
            numbers = [(line, counted(number, count)) for number in range(1, count - len(named) + 1)]
            self._branches[0].extend([*((line, name) for name in named), *numbers[taken:]])
            self._branches[1].extend(numbers[:taken])
