"""Reports that a person names, read by the lane and by a parser apart, figure by figure: nox -s foreign -- FILE ...

A folder stands for all that looks like a report below it. Exits 1 if a figure differs or only one of the two can read
a report; what neither can read is listed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lxml import etree

from covlane.errors import ReportError
from covlane.formats import foreign as lane
from covlane.model.report import total
from foreign.independent import Figures, figures

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SUFFIXES = {".info", ".json", ".lcov", ".xml", ".dat"}
HEADER = f"{'files':>6} {'lines':>9} {'covered':>9} {'branches':>9} {'taken':>9}  odd  report"


def main(names: list[str]) -> int:
    """Print a row for each report and the total; return the exit code."""
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    say(HEADER)
    counts, sums, differing = {"same": 0, "differ": 0, "read by neither": 0}, Figures(), []
    for path in _paths(names):
        content = path.read_bytes()
        ours, said, odd = _ours(content, path.name)
        theirs, other = _theirs(content)
        outcome = (
            "read by neither" if ours is None and theirs is None else "same" if ours == theirs else "differ"
        )
        counts[outcome] += 1
        sums = Figures(*map(sum, zip(sums, ours or Figures(), strict=True)))
        say(f"{_row(ours)} {odd:>4}  {path}{said and f': {said}'}")
        if outcome == "differ":
            differing.append(path)
            say(f"{_row(theirs)}       the parser apart{other and f': {other}'}")
    say(f"{_row(sums)}       " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
    return 1 if differing else 0


def say(text: str) -> None:
    """Print a line, whatever the names in it."""
    sys.stdout.write("".join(char if char.isprintable() else ascii(char)[1:-1] for char in text) + "\n")


def _paths(names: Iterable[str]) -> Iterator[Path]:
    for path in map(Path, names):
        if path.is_dir():
            yield from sorted(one for one in path.rglob("*") if one.is_file() and one.suffix in SUFFIXES)
        else:
            yield path


def _ours(content: bytes, name: str) -> tuple[Figures | None, str, int]:
    """Return the lane's figures, why there are none, and the kinds of odd records."""
    try:
        found = lane.read(content, name)
    except ReportError as error:
        return None, error.cause, 0
    lines = total(file.lines for file in found.files.values())
    branches = total(file.branch for file in found.files.values())
    said = "; ".join(f"{file} refused: {why}" for file, why in found.refused.items())
    return (
        Figures(len(found.files), lines.total, lines.covered, branches.total, branches.covered),
        said,
        len(found.odd),
    )


def _theirs(content: bytes) -> tuple[Figures | None, str]:
    try:
        return figures(content), ""
    except (ValueError, KeyError, TypeError, AttributeError, etree.XMLSyntaxError) as error:
        return None, f"{type(error).__name__}: {error}"


def _row(found: Figures | None) -> str:
    if found is None:
        return "     - " + " ".join([f"{'-':>9}"] * 4)
    return f"{found.files:>6,} " + " ".join(f"{count:>9,}" for count in found[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
