"""What was measured, as it is kept beside the document that is made of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from bench.cases import BARE
from bench.cost import Cost, medians

if TYPE_CHECKING:
    from pathlib import Path


class Ratios(NamedTuple):
    """The medians of a tool's rounds, each to that of bare pytest in the same mode."""

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True)
class Row:
    """What each round of a tool took, and pytest's exit code; a tool that ran no suite to its end took nothing."""

    costs: list[Cost]
    code: int = 0


@dataclass(frozen=True)
class Table:
    """One case on one Python in one mode under every tool, by the tool's name."""

    case: str
    python: str
    mode: str
    about: str
    machine: str
    rows: dict[str, Row] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is a measurement of; another one of the same replaces it."""
        return self.case, self.python, self.mode

    def timed(self, tool: str) -> bool:
        """Say whether a tool ran the suite."""
        return bool(tool in self.rows and self.rows[tool].costs)

    def ratios(self, tool: str) -> Ratios:
        """Return what a tool takes, times what bare pytest takes."""
        pairs = zip(medians(self.rows[tool].costs), medians(self.rows[BARE].costs), strict=True)
        return Ratios(*(own / bare for own, bare in pairs))


@dataclass(frozen=True)
class Results:
    """All tables, and the CPU seconds that programs need to start: by name, of each round."""

    tables: list[Table] = field(default_factory=list)
    startup: dict[str, list[float]] = field(default_factory=dict)
    startup_about: str = ""

    def replace(self, table: Table) -> Results:
        """Return these with a table in the place of the one of the same case, Python and mode, or as the last."""
        tables = {each.key: each for each in self.tables} | {table.key: table}
        return Results(list(tables.values()), self.startup, self.startup_about)


def read(path: Path) -> Results:
    """Return what is kept; nothing where nothing is."""
    return msgspec.json.decode(path.read_bytes(), type=Results) if path.exists() else Results()


def write(path: Path, results: Results) -> None:
    """Keep results, a table a line."""
    tables = ",\n".join(msgspec.json.encode(table).decode() for table in results.tables)
    rest = msgspec.json.encode({"startup": results.startup, "startup_about": results.startup_about}).decode()
    path.write_text(f'{{"tables":[\n{tables}\n],\n{rest[1:]}\n', "utf-8")
