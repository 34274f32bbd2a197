"""Cobertura XML, as defined by http://cobertura.sourceforge.net/xml/coverage-04.dtd."""

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

from covlane.formats.gathered import LATIN, Gathered
from covlane.formats.untrusted import LONGEST_NAME, utc
from covlane.model.branches import MOST_NUMBERED, counted
from covlane.model.lines import LAST_LINE, flags
from covlane.model.report import Ratio, total

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.errors import ReportError
    from covlane.formats.untrusted import Foreign
    from covlane.model.report import Branch, FileCoverage, Report

DOCTYPE = "http://cobertura.sourceforge.net/xml/coverage-04.dtd"
#: Characters that XML 1.0 cannot contain, not even escaped.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write(report: Report, version: str) -> Iterator[str]:
    """Yield the report as XML, a file at a time.

    File names are repo-relative with `/` and the only source is `.`, so that the same report gives the same
    bytes on every machine. A line hit by any leg has one hit, as hits are not counted.
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


#: The elements used in every file: none for a line that is not executable, one for a missed line, one for an executed line.
_KEPT: list[tuple[str, str, str]] = []
_MOST_KEPT = 10_000


def _lines(count: int) -> Iterator[tuple[str, str, str]]:
    """Return the elements of the lines 0 to `count`."""
    _KEPT.extend(map(_elements, range(len(_KEPT), min(count, _MOST_KEPT))))
    return chain(_KEPT, map(_elements, range(len(_KEPT), count)))


def _elements(number: int) -> tuple[str, str, str]:
    start = f'<line number="{number}" hits='
    return "", f'{start}"0"/>\n', f'{start}"1"/>\n'


def _rates(lines: Ratio, branches: Ratio) -> str:
    return f'line-rate="{lines.rate}" branch-rate="{_branch_rate(branches)}" complexity="0"'


def _branch_rate(branches: Ratio) -> str:
    """Return the branch rate; 0 if there are no branches, like coverage.py."""
    return branches.rate if branches.total else "0"


#: Escapes for an attribute, where a plain line break or tab would be read as a space.
_ESCAPES = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
)


def _quote(text: str) -> str:
    text = UNWRITABLE.sub("\N{REPLACEMENT CHARACTER}", text)
    return f'"{text.translate(_ESCAPES)}"'


#: Taken branches and all branches, within any text.
_CONDITION = re.compile(r"(?<![\d.,-])(\d{1,5})\s*/\s*(\d{1,5})(?![\d.,])", re.ASCII)
#: A branch's target line, or 0 for the exit.
_TARGET = re.compile(f"\\d{{1,{len(str(LAST_LINE)) - 1}}}", re.ASCII)
_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z][A-Za-z0-9+.-]*:")
#: Cobertura's own command line writes the option's name as a source.
_NO_SOURCE = {"", "--source"}
_DEEPEST = 100
UNCOUNTED = "a condition-coverage without counts: its branches are skipped"
MISNAMED = "missing-branches that contradict its condition-coverage: counted without names"
TOO_MANY = f"a line has more than {MOST_NUMBERED:,} branches"
TWINS = "files of this name are below more than one <source> and cannot be told apart"


def read(content: bytes, name: str, encoding: str | None = None) -> Foreign:
    """Decode the Cobertura XML of any program; the classes of one file are merged.

    The format counts a line's branches, and coverage.py and SlipCover name the missed ones; the others are numbered.
    A DOCTYPE may name a DTD, which is not loaded, but may not declare entities or attributes, so that nothing expands.

    Args:
        content: the bytes.
        name: what to call them in an error.
        encoding: the encoding, if it is known to differ from the declared one.

    Raises:
        ReportError: it is not Cobertura XML; the message names the line.
    """
    parser = expat.ParserCreate(encoding)
    reader = _Reader(name, parser)
    if encoding == "iso-8859-1":
        reader.found.note(LATIN, "the report")
    try:
        parser.Parse(content, True)
    except (
        expat.ExpatError,
        LookupError,
        ValueError,
    ) as error:  # the last two come from the declared encoding
        raise reader.refused(str(error)) from None
    return reader.foreign()


class _Reader:
    """The report so far, and the current class."""

    def __init__(self, name: str, parser: expat.XMLParserType) -> None:
        self.found = Gathered(name)
        self._branch = False
        self._timestamp: str | None = None
        self._sources: list[str] = []
        self._parser = parser
        self._open: list[str] = []
        self._text = ""
        #: The packages and class names of each file, and files whose classes must come from several sources.
        self._classes: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._twins: set[str] = set()
        self._package = ""
        #: Lines of the current class, and separately of its methods; None outside a class with a file.
        self._class: _Lines | None = None
        self._methods = _Lines()
        parser.EntityDeclHandler = parser.AttlistDeclHandler = self._declared
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def foreign(self) -> Foreign:
        """Return the report."""
        if len(self._sources) > 1:
            for file in self._twins:
                self.found.begin(file)
                self.found.refuse(TWINS, "its <class> elements")
        return self.found.foreign(
            "Cobertura XML", branch=self._branch, timestamp=self._timestamp, sources=self._sources
        )

    def refused(self, what: str) -> ReportError:
        return self.found.refused(what, self._where)

    @property
    def _where(self) -> int:
        return self._parser.CurrentLineNumber

    def _declared(self, *_: object) -> None:
        raise self.refused("it declares entities or attributes, which are refused")

    def _start(self, written: str, attributes: dict[str, str]) -> None:
        name = written.rpartition(":")[2]
        # Clover's reports begin like Cobertura's.
        if (not self._open and name != "coverage") or name == "project" or len(self._open) > _DEEPEST:
            raise self.refused(f"<{name[:80]}> does not belong in a Cobertura report, or not this deep")
        if name == "line" and self._class:
            self._line(attributes, self._methods if "method" in self._open else self._class)
        elif not self._open:
            self._timestamp = utc(attributes.get("timestamp", ""))
        elif name == "package":
            self._package = attributes.get("name", "")
        elif name == "class":
            self._begin(attributes.get("filename", ""), attributes.get("name", ""))
        self._text = ""
        self._open.append(name)

    def _begin(self, filename: str, name: str) -> None:
        file = self.found.named(filename, self._where)
        self.found.begin(file or "")
        self._class, self._methods = _Lines() if file else None, _Lines()
        if file and not _ABSOLUTE.match(file):
            one, others = (self._package, name), self._classes[file]
            if one in others or any(package != self._package for package, _ in others):
                self._twins.add(file)
            others.add(one)

    def _characters(self, text: str) -> None:
        if self._open[-1] == "source" and len(self._text) <= LONGEST_NAME:
            self._text += text

    def _end(self, _name: str) -> None:
        name = self._open.pop()
        if name == "source" and self._text.strip() not in _NO_SOURCE:
            if source := self.found.named(self._text.strip(), self._where):
                self._sources.append(source)
        elif name == "class" and self._class:
            # Most programs repeat a method's lines in the class.
            found = self._class if any(self._class.lines) else self._methods
            twice = len({*found.lines[0], *found.lines[1]}) < sum(map(len, found.lines))
            self.found.add(self._where, found.lines, found.branches, again=twice)
            self._branch |= any(found.branches)
            self._class = None

    def _line(self, attributes: dict[str, str], into: _Lines) -> None:
        where = self._where
        line = self.found.line(attributes.get("number", ""), where)
        if line is None or (ran := self.found.ran(attributes.get("hits", ""), where)) is None:
            return
        into.lines[ran].append(line)
        if text := attributes.get("condition-coverage"):
            match = _CONDITION.search(text)
            taken, count = (int(match[1]), int(match[2])) if match else (1, 0)
            if taken > count:
                self.found.note(UNCOUNTED, where)
            elif count > MOST_NUMBERED:
                self.found.refuse(TOO_MANY, where)
            else:
                self._conditions(line, taken, count, attributes.get("missing-branches", ""), into)

    def _conditions(self, line: int, taken: int, count: int, missing: str, into: _Lines) -> None:
        """Name the missed branches if all of them have names, and number the others."""
        texts = [text.strip() for text in missing.split(",") if text.strip()]
        named = {
            0 if text == "exit" else int(text) for text in texts if text == "exit" or _TARGET.fullmatch(text)
        }
        if len(named) < len(set(texts)) or taken + len(named) > count:
            self.found.note(MISNAMED, self._where)
            named = set()
        numbers = [(line, counted(number, count)) for number in range(1, count - len(named) + 1)]
        into.branches[0].extend([*((line, target) for target in named), *numbers[taken:]])
        into.branches[1].extend(numbers[:taken])


class _Lines:
    """Lines and branches, each as missed and executed ones."""

    def __init__(self) -> None:
        self.lines: tuple[list[int], list[int]] = ([], [])
        self.branches: tuple[list[Branch], list[Branch]] = ([], [])
