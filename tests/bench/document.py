"""Results as Markdown: tables by case, Python and mode."""

from __future__ import annotations

from itertools import groupby
from statistics import median
from typing import TYPE_CHECKING

from bench.cases import BARE, CASES, MODES
from bench.cost import medians

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.results import Results, Table

INTRODUCTION = """\
# What the lane costs

Written by `nox -s bench -- --write`, which runs the tools in turn, each round beginning with another; figures are
medians. Branches are measured everywhere. `pytest` is the suite alone, in the same mode. `covlane` is the whole leg:
pytest under the collector, the canary, and the second interpreter that works out what is executable and writes the
report. A first run finds nothing that the collector keeps from run to run. SlipCover and pytest-cov report at their end
as well, `coverage run` only keeps its data; where tests are forked, pytest-cov is told `patch = _exit`, without which
it loses them. *no .pyc* is pytest on sources that Python has to compile, as a fresh checkout has them: a leg's first run
compiles them too. A tool that comes to no end of the suite has its exit code for a figure. Each tool runs without the
other tools' pytest plugins.

Seconds on the wall depend on what else the machine does; CPU seconds, user and system of the whole process tree, do
so less. MB are the peak of the largest process, not a sum. Compare ratios, which are to bare pytest in the same mode:
seconds belong to the machine.

![Seconds of each tool, times those of bare pytest](benchmarks.svg)
"""
HEADER = "| | seconds | to bare | CPU seconds | to bare | MB | to bare |\n|---|" + "---:|" * 6 + "\n"


def document(results: Results) -> str:
    """Return the whole document, in the order of cases, Pythons and modes."""
    parts = [INTRODUCTION]
    for (case, python), tables in groupby(ordered(results.tables), lambda table: table.key[:2]):
        parts.append(f"## {case}, Python {python}\n")
        parts += [f"### {table.mode}\n\n{table.about}; {table.machine}.\n\n{rows(table)}" for table in tables]
    if results.startup:
        parts.append(f"## Start-up\n\n{''.join(_startup(results))}")
    return "\n".join(parts)


def ordered(tables: list[Table]) -> list[Table]:
    """Return tables by case and mode as those are listed, and by Python."""
    cases, modes = list(CASES), list(MODES)

    def place(table: Table) -> tuple[int, list[int], int]:
        version = [int(part) for part in table.python.split(".")]
        return cases.index(table.case), version, modes.index(table.mode)

    known = (table for table in tables if table.case in cases and table.mode in modes)
    return sorted(known, key=place)


def rows(table: Table) -> str:
    """Return a table's rows; a tool whose pytest ended otherwise than bare pytest is marked."""
    text = HEADER
    for tool, row in table.rows.items():
        name = f"{tool}{f' (pytest ends with {row.code})' * (row.code != table.rows[BARE].code)}"
        if not table.timed(tool):
            text += f"| {name} |" + " |" * 6 + "\n"
            continue
        own, to = medians(row.costs), table.ratios(tool)
        text += (
            f"| {name} | {own.wall:.1f} | {to.wall:.2f} | {own.cpu:.1f} "
            f"| {to.cpu:.2f} | {own.memory:.0f} | {to.memory:.2f} |\n"
        )
    return text


def _startup(results: Results) -> Iterator[str]:
    yield f"CPU seconds, user and system, medians; {results.startup_about}.\n\n"
    yield "| program | CPU seconds |\n|---|---:|\n"
    for program, seconds in results.startup.items():
        yield f"| {program} | {median(seconds):.2f} |\n"
