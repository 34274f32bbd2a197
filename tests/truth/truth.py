"""`nox -s truth`: programs whose lines are known by reading, in every mode and to every end."""

from __future__ import annotations

import argparse
import itertools
import shutil
import signal
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from leg import COLLECTOR
from pythons import PYTHONS
from truth import cells, ends, lab, modes, programs, table
from truth.cells import Cell  # noqa: TC001 - msgspec reads Run's annotations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from truth.ends import End, Place
    from truth.lab import Lab
    from truth.modes import Mode
    from truth.programs import Program

HERE = Path(__file__).parents[2]
DOCUMENT = HERE / "docs" / "truth.md"
INTRODUCTION = """\
# What is known by reading, measured

Written by `nox -s truth -- --write`. Below `tests/truth/programs/` are small programs that say at the end of each line
whether it runs (`#+`) or not (`#-`), and where its branches go; a line that says nothing is not executable, and `#~`
says what nobody can see. A mark may hold for some Pythons or for one engine. Each program is measured in each mode, and
a cell names the Pythons for which the leg was complete and exact: the files, every line and every branch, none too many
and none too few. *named*: all that can be measured is exact, and the leg is incomplete and names the process that
nothing can measure. **not** marks the Pythons for which it was anything else, and the last section says what it was.
"""
ABOUT_ENDS = """\
## Ends

A process runs its last line and ends; the column says which process of the leg it is. Pythons alone: everything is
there, and the leg is complete. *listed*: so it is, and the leg lists the process, which a signal or a crash ended before
it could say so. *stopped*: everything is there, and the leg is incomplete and says why, as pytest did not come to its
end. *named*: what the process ran may be lost, so the leg is incomplete and names it with its command line and its test,
and the lines of all other processes are there.
"""


class Given(NamedTuple):
    """What is tried: nothing named means all."""

    programs: list[str]
    modes: list[str]
    alone: bool


class Run(NamedTuple):
    """One Python's cells, when they were measured and with what."""

    date: str
    tools: str
    cells: list[Cell]


class Job(NamedTuple):
    """What fills the cells of some rows in one column, given a folder of its own."""

    rows: tuple[str, ...]
    column: str
    do: Callable[[Path], list[Cell]]


def main(arguments: list[str]) -> int:
    """Fill the tables, print them, write them with --write; 1, with a sentence each, where a cell is wrong."""
    parser = argparse.ArgumentParser(prog="nox -s truth --", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; those present")
    parser.add_argument("--program", action="append", default=[], metavar="NAME", help="or an end; all")
    parser.add_argument("--mode", action="append", default=[], metavar="NAME", help="or a process; all")
    parser.add_argument("--alone", action="store_true", help="a leg for every program")
    parser.add_argument("--cache", type=Path, metavar="FOLDER", help="keeps the environments")
    parser.add_argument("--collector", type=Path, default=COLLECTOR, help="another one, to see it fail")
    parser.add_argument(
        "--results", type=Path, metavar="FILE", help="keeps cells, and goes on where a run ended"
    )
    parser.add_argument("--write", action="store_true", help="put the tables into docs/truth.md")
    given = parser.parse_args(arguments)
    # What runs this in the background may have these ignored, and every process of the lab would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    chosen = Given(given.program, given.mode, given.alone)
    runs: dict[str, Run] = {}
    if given.results and given.results.exists():
        runs = msgspec.json.decode(given.results.read_bytes(), type=dict[str, Run])
    with tempfile.TemporaryDirectory(prefix="covlane-truth-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        # A collector that somebody edits meanwhile would be another one for each leg.
        shutil.copytree(given.collector, root / "collector")
        for python in given.python or filter(lab.is_present, PYTHONS):
            one, tools = lab.build(python, (given.cache or root).absolute(), root / "collector")
            name = f"3.{one.version[1]}"
            for run in fill(one, tools, chosen, runs.get(name), root / f"legs-{name}"):
                runs[name] = run
                if given.results:
                    given.results.write_bytes(msgspec.json.encode(runs))
    text = document([runs[name] for name in sorted(runs, key=lambda name: int(name[2:]))])
    sys.stdout.write(text)
    if given.write:
        DOCUMENT.write_text(text, "utf-8")
    wrong = list(table.deviations(cell for run in runs.values() for cell in run.cells))
    sys.stderr.writelines(f"truth: {sentence}\n" for sentence in wrong)
    return 1 if wrong else 0


def fill(one: Lab, tools: str, chosen: Given, before: Run | None, root: Path) -> Iterator[Run]:
    """Fill a Python's cells, two jobs at a time, and yield all that it has so far after each.

    Cells that were right before are left, unless their row or column was asked for by name.
    """
    known = {(cell.row, cell.column): cell for cell in (before.cells if before else ())}
    right = {place for place, cell in known.items() if not cell.wrong}
    asked = bool(chosen.programs or chosen.modes)
    work = [
        job
        for job in jobs(one, chosen)
        if asked or not right.issuperset((row, job.column) for row in job.rows)
    ]

    def do(number: int, job: Job) -> list[Cell]:
        found = job.do(root / str(number))
        for cell in found:
            said = "; ".join(cell.wrong) or cell.how
            sys.stderr.write(f"3.{cell.python[1]} | {cell.row} | {cell.column}: {said}\n")
        return found

    with ThreadPoolExecutor(2) as pool:
        for found in pool.map(do, itertools.count(), work):
            known.update({(cell.row, cell.column): cell for cell in found})
            yield Run(f"{datetime.now(timezone.utc):%Y-%m-%d}", tools, list(known.values()))


def jobs(one: Lab, given: Given) -> Iterator[Job]:
    """Yield what is to be measured on one Python."""
    chosen = [
        program
        for program in programs.load()
        if program.requires <= one.version and program.name in (given.programs or [program.name])
    ]
    sharing = [program for program in chosen if not (program.alone or given.alone)]
    able = [mode for mode in modes.MODES if mode.requires <= one.version]
    for mode in (mode for mode in able if mode.name in (given.modes or [mode.name])):
        if sharing:
            rows = tuple(program.name for program in sharing)
            yield Job(
                (*rows, cells.TOGETHER)[: len(rows) + (len(rows) > 1)],
                mode.name,
                partial(together, one, mode, sharing),
            )
        for program in (program for program in chosen if program not in sharing):
            yield Job((program.name,), mode.name, partial(alone, one, mode, [program]))
    for end in (end for end in ends.ENDS if end.name in (given.programs or [end.name])):
        for place in (place for place in end.places if place.name in (given.modes or [place.name])):
            yield Job((end.name,), place.name, partial(ended, one, end, place))


def together(one: Lab, mode: Mode, sharing: list[Program], root: Path) -> list[Cell]:
    """Run programs in one leg; where that is not exact, each in a leg of its own as well."""
    if len(sharing) == 1:
        return alone(one, mode, sharing, root)
    whole = cells.of_programs(one, mode, sharing, root / "together")
    if whole.wrong:
        each = [cells.of_programs(one, mode, [program], root / program.name) for program in sharing]
    else:
        each = [whole._replace(row=program.name) for program in sharing]
    return [*each, whole]


def alone(one: Lab, mode: Mode, programs: list[Program], root: Path) -> list[Cell]:
    """Run a program in a leg of its own."""
    return [cells.of_programs(one, mode, programs, root)]


def ended(one: Lab, end: End, place: Place, root: Path) -> list[Cell]:
    """Let one process end in one way."""
    return [cells.of_end(one, end, place, root)]


def document(runs: list[Run]) -> str:
    """Return docs/truth.md."""
    known = programs.load()
    names = [program.name for program in known]
    found = [cell for run in runs for cell in run.cells]
    ways = [f"*{mode.name}*: {mode.in_words}" for mode in modes.MODES]
    wrong = [f"- {sentence}\n" for sentence in table.deviations(found)]
    return "\n".join(
        [
            INTRODUCTION,
            "".join(f"- {run.tools}; {run.date}\n" for run in runs),
            f"## Modes\n\n{'; '.join(ways)}.\n",
            table.render(found, [*names, cells.TOGETHER], [mode.name for mode in modes.MODES], "program"),
            "".join(f"- **{program.name}**: {program.title}\n" for program in known),
            ABOUT_ENDS,
            table.render(
                found, [end.name for end in ends.ENDS], [place.name for place in ends.PLACES], "end"
            ),
            "## What is not as it should be\n",
            "".join(wrong) or "Nothing.\n",
        ]
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
