"""LCOV tracefiles, as described in geninfo(1)."""

from __future__ import annotations

import re
from collections import defaultdict
from io import BytesIO, TextIOWrapper
from typing import TYPE_CHECKING

from covlane.formats.gathered import LATIN, NO_LINE, Gathered
from covlane.formats.gathered import number as as_number
from covlane.model.branches import MOST_NUMBERED, counted, listed
from covlane.model.lines import unpack

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from covlane.formats.untrusted import Foreign
    from covlane.model.report import Branch, FileCoverage, Report


def write(report: Report) -> Iterator[str]:
    """Yield the report as a tracefile, a file at a time, with repo-relative names.

    A branch of an executed line has the count 1 or 0; of a missed line `-` (geninfo: "the basic block
    containing the branch was never executed").
    """
    for path in sorted(report.files):
        file = report.files[path]
        # The format cannot express a line break inside a name.
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


#: Ignored records: test names, file versions, functions, MC/DC and totals.
_UNUSED = re.compile("TN|VER|FN|FNDA|FNL|FNA|FNF|FNH|MCDC|MCF|MCH|BRH|#.*")
#: Records that are also read outside a file, and those that are noted there.
_ALONE, _OF_LINES = {"SF", "end_of_record"}, {"DA", "BRDA", "BA"}
#: The value of `BA` for a branch that was taken, not only reached.
_TAKEN = 2
UNKNOWN = "an unknown kind: skipped"
OUTSIDE = "a record outside of every file: skipped"
NO_END = "no `end_of_record` before the next file: ended there"
NO_BRANCH = "an incomplete branch record: skipped"
EXIT = "a branch to line 0, the function exit of coverage.py before 7.6: counted beside the others"
LED = "a branch recorded at its target line, as by coverage.py before 7.6: counted there"
TOO_MANY = f"a line has more than {MOST_NUMBERED:,} branches"


def read(content: bytes, name: str) -> Foreign:
    """Decode a tracefile; the records of one file are merged, and branches are numbered by line.

    Raises:
        ReportError: it has more files, lines or branches than a report can have.
    """
    reader, number = _Reader(name), 0
    # This also splits at any system's line ends.
    lines = TextIOWrapper(BytesIO(content), "utf-8", "surrogateescape")
    for number, line in enumerate(lines, 1):
        reader.record(line, number)
    reader.close(number)
    return reader.found.foreign("LCOV", branch=reader.branch, led=reader.led)


class _Reader:
    """The files so far, and the current record."""

    def __init__(self, name: str) -> None:
        self.found = Gathered(name)
        self.branch = False
        #: Files from coverage.py before 7.6, whose branches are recorded at their target line.
        self.led: set[str] = set()
        self._open = self._named = False
        #: By file and line: the numbers of branches by block and expression.
        self._numbers: dict[tuple[str, int], dict[str, int]] = defaultdict(dict)
        self._kinds = {
            "SF": self._file,
            "DA": self._da,
            "BRDA": self._brda,
            "BA": self._ba,
            "LF": self._lf,
            "LH": self._lh,
            "end_of_record": self._end,
        }
        self._begin("")

    def record(self, line: str, where: int) -> None:
        """Read a line of the file."""
        kind, _, value = line.removesuffix("\n").partition(":")
        if not line.isascii():
            kind, value = self._decoded(kind, where), self._decoded(value, where)
        take = self._kinds.get(kind) or self._kinds.get(kind := kind.strip())
        if take and (self._named or kind in _ALONE):
            take(value, where)
        elif take:
            if not self._open and kind in _OF_LINES:
                self.found.note(OUTSIDE, where)
        elif kind == "BRF":
            self.branch = True
        elif kind and not _UNUSED.fullmatch(kind):
            self.found.note(UNKNOWN, where)

    def _decoded(self, text: str, where: int) -> str:
        """Return a part of a line, without the byte order mark of a concatenated tracefile."""
        if any("\udc80" <= char <= "\udcff" for char in text):
            self.found.note(LATIN, where)
            return text.encode("utf-8", "surrogateescape").decode("latin-1")
        return text.removeprefix("\ufeff")

    def close(self, where: int) -> None:
        """Exclude an unfinished last file: the report was truncated."""
        if self._open and self._named:
            self.found.refuse("the report ends before `end_of_record`: it was truncated", where)

    def _begin(self, file: str) -> None:
        self.found.begin(file)
        #: Missed, and executed.
        self._lines: tuple[list[int], list[int]] = ([], [])
        self._branches: tuple[list[Branch], list[Branch]] = ([], [])
        #: For each line with counted branches only, whether each was taken.
        self._counted: dict[int, list[bool]] = defaultdict(list)
        #: A line of each block, and the branches to the exit.
        self._blocks: dict[str, int] = {}
        self._exits: list[tuple[str, bool, int]] = []
        self._summed = self._checked = False
        self._total: float | None = None

    def _file(self, value: str, where: int) -> None:
        if self._open:
            self.found.note(NO_END, where)
            self._end("", where)
        file = self.found.named(value, where)
        self._begin(file or "")
        self._open, self._named = True, file is not None

    def _da(self, value: str, where: int) -> None:
        number, _, rest = value.partition(",")
        hits, _, check = rest.partition(",")
        line = self.found.line(number, where)
        if line is not None and (ran := self.found.ran(hits, where)) is not None:
            self._lines[ran].append(line)
            self._checked = bool(check)

    def _lf(self, value: str, _where: int) -> None:
        self._total = as_number(value)

    def _lh(self, _value: str, _where: int) -> None:
        self._summed = True

    def _brda(self, value: str, where: int) -> None:
        number, _, rest = value.partition(",")
        branch, _, count = rest.rpartition(",")
        block, comma, name = branch.partition(",")
        if not comma:
            self.found.note(NO_BRANCH, where)
            return
        taken = count.strip() != "-" and self.found.ran(count, where)
        if self._summed and self._checked and name.isdigit():
            self.found.note(LED, where)
            self.led.add(self.found.file)
        if taken is None:
            return
        if number.strip() == "0" and self.found.file.endswith(".py"):
            self.found.note(EXIT, where)
            self.led.add(self.found.file)
            self._exits.append((branch, taken, where))
        elif (line := self.found.line(number, where)) is not None:
            self._blocks[block] = line
            self._branch(line, branch, taken, where)

    def _branch(self, line: int, branch: str, taken: bool, where: int) -> None:
        numbers = self._numbers[self.found.file, line]
        target = numbers.setdefault(branch, listed(len(numbers) + 1))
        if len(numbers) > MOST_NUMBERED:
            self.found.refuse(TOO_MANY, where)
        else:
            self._branches[taken].append((line, target))

    def _ba(self, value: str, where: int) -> None:
        number, _, count = value.partition(",")
        line = self.found.line(number, where)
        if line is not None and self.found.ran(count, where) is not None:
            self._counted[line].append((as_number(count) or 0) >= _TAKEN)

    def _end(self, _value: str, where: int) -> None:
        if self._named:
            self._place_exits()
            self._number()
            if self._total is not None:
                self.found.compare(self._total, self._lines, where)
            self.found.add(where, self._lines, self._branches)
            self.branch |= any(self._branches)
        elif not self._open:
            self.found.note(OUTSIDE, where)
        self._open = self._named = False
        self._begin("")

    def _place_exits(self) -> None:
        """Count each branch to line 0 at a line of its block, or at the file's first: its own line is not recorded."""
        first = min(map(min, filter(None, self._lines)), default=0)
        for branch, taken, where in self._exits:
            if line := self._blocks.get(branch.partition(",")[0], first):
                self._branch(line, f"0,{branch}", taken, where)
            else:
                self.found.note(NO_LINE, where)

    def _number(self) -> None:
        """Number the branches that were only counted."""
        for line, all_taken in self._counted.items():
            if (self.found.file, line) in self._numbers:
                continue
            for number, taken in enumerate(sorted(all_taken, reverse=True), 1):
                self._branches[taken].append((line, counted(number, len(all_taken))))
