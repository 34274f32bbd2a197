"""LCOV tracefiles, as geninfo(1) describes them."""

from __future__ import annotations

import re
from collections import defaultdict
from io import BytesIO
from typing import TYPE_CHECKING

from covlane.formats.untrusted import Foreign, Gathered
from covlane.model.branches import MOST_NUMBERED, listed
from covlane.model.lines import unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from covlane.model.report import Branch, FileCoverage, Report


def write(report: Report) -> Iterator[str]:
    """Yield the report as a tracefile, a file at a time, with repo-relative names.

    A branch of a line that ran counts 1 or 0; of a line that never ran it is `-` (geninfo: "the basic block
    containing the branch was never executed").
    """
    for path in sorted(report.files):
        file = report.files[path]
        # The format has no way to write a line break inside a name.
        yield (
            f"TN:{'INCOMPLETE' if report.incomplete else ''}\nSF:"
            + path.replace("\n", " ").replace("\r", " ")
            + "\n"
        )
        ran = frozenset(unpack(file.executed))
        if report.branch:
            yield "".join(_branches(file, ran))
            yield f"BRF:{file.branch.total}\nBRH:{file.branch.covered}\n"
        yield "".join([f"DA:{line},{1 if line in ran else 0}\n" for line in unpack(file.executable)])
        yield f"LF:{file.lines.total}\nLH:{file.lines.covered}\nend_of_record\n"


def _branches(file: FileCoverage, ran: Collection[int]) -> Iterator[str]:
    before, number = 0, 0
    for branch in sorted(file.branches):
        line = branch[0]
        number = number + 1 if line == before else 0
        before = line
        taken = "1" if branch in file.taken else "0" if line in ran else "-"
        yield f"BRDA:{line},0,{number},{taken}\n"


#: What a tracefile may also hold: test and file versions, functions, MC/DC and totals.
_UNUSED = re.compile("TN|VER|FN|FNDA|FNL|FNA|FNF|FNH|MCDC|MCF|MCH|BRF|BRH|LF|LH|#.*")


def read(content: bytes, name: str) -> Foreign:
    """Decode a tracefile in UTF-8; the records of one file are united, branches are numbered by line.

    Raises:
        ReportError: it is none; with the line.
    """
    reader, number = _Reader(name), 0
    for number, line in enumerate(BytesIO(content), 1):
        try:
            reader.record(line.decode().rstrip("\r\n"), number)
        except UnicodeDecodeError:
            raise reader.found.refused("not UTF-8", number) from None
    if reader.file is not None:
        raise reader.found.refused("the file ends before `end_of_record`", number)
    return Foreign("LCOV", reader.branch, None, reader.found.files)


class _Reader:
    """The files so far, and the record that is being read."""

    def __init__(self, name: str) -> None:
        self.found = Gathered(name)
        self.branch = False
        self.file: str | None = None
        #: What did not run, and what did.
        self._lines: tuple[list[int], list[int]] = ([], [])
        self._branches: tuple[list[Branch], list[Branch]] = ([], [])
        #: By file and line: the numbers of branches by block and expression.
        self._numbers: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        self._kinds = {"SF": self._begin, "DA": self._da, "BRDA": self._brda, "end_of_record": self._end}

    def record(self, text: str, where: int) -> None:
        kind, _, value = text.partition(":")
        if kind in self._kinds and (self.file is None) == (kind == "SF"):
            self._kinds[kind](value, where)
        elif kind in self._kinds or (text.strip() and not _UNUSED.fullmatch(kind)):
            raise self.found.refused(f"{text[:80]!r} is out of place", where)
        else:
            self.branch |= kind == "BRF"

    def _begin(self, value: str, where: int) -> None:
        self.file = self.found.named(value, where)
        self._lines, self._branches = ([], []), ([], [])

    def _da(self, value: str, where: int) -> None:
        number, _, rest = value.partition(",")
        ran = self.found.ran(rest.partition(",")[0], where)
        self._lines[ran].append(self.found.line(number, where))

    def _brda(self, value: str, where: int) -> None:
        number, _, rest = value.partition(",")
        branch, _, count = rest.rpartition(",")
        line = self.found.line(number, where)
        numbers = self._numbers[self.file or "", line]
        target = numbers.setdefault(branch, listed(len(numbers) + 1))
        if "," not in branch or len(numbers) > MOST_NUMBERED:
            raise self.found.refused(f"{value[:80]!r} is no branch, or one too many of its line", where)
        self._branches[count != "-" and self.found.ran(count, where)].append((line, target))

    def _end(self, _value: str, where: int) -> None:
        self.found.add(self.file or "", where, self._lines, self._branches)
        self.file, self.branch = None, self.branch or any(self._branches)
