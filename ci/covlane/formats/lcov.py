"""LCOV tracefiles, as geninfo(1) describes them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from covlane.model.lines import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import FileCoverage, Report


def write(report: Report) -> Iterator[str]:
    """Yield the report as a tracefile, a file at a time, with repo-relative names.

    A branch of a line that ran counts 1 or 0; of a line that never ran it is `-` (geninfo: "the basic block
    containing the branch was never executed").
    """
    for path in sorted(report.files):
        file = report.files[path]
        # The format has no way to write a line break inside a name.
        yield "TN:\nSF:" + path.replace("\n", " ").replace("\r", " ") + "\n"
        if report.branch:
            yield from _branches(file)
        yield from (f"DA:{line},{file.executed >> line & 1}\n" for line in unpack(file.executable))
        yield f"LF:{file.lines.total}\nLH:{file.lines.covered}\nend_of_record\n"


def _branches(file: FileCoverage) -> Iterator[str]:
    targets: dict[int, list[int]] = defaultdict(list)
    for line, target in sorted(file.branches):
        targets[line].append(target)
    for line, found in targets.items():
        ran = file.executed >> line & 1
        for number, target in enumerate(found):
            taken = int((line, target) in file.taken) if ran else "-"
            yield f"BRDA:{line},0,{number},{taken}\n"
    yield f"BRF:{file.branch.total}\nBRH:{file.branch.covered}\n"
