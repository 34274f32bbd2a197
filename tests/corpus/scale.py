"""`nox -s scale`: what a merge costs beside SlipCover's and coverage.py's, and how that grows, on made legs."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
from hashlib import blake2b
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from coverage import CoverageData

import data_words
from bench.cost import Cost, machine, measure, medians

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

DOCUMENT = Path(__file__).parents[2] / "docs" / "merge.md"
HEADING = "## What it costs\n"
BLOCKS = 30
#: Ten lines of a function each; where it branches, and the arcs from its first line on that coverage.py would record.
KINDS = (
    (
        "b = a",
        "if a > 1:",
        "    b = 1",
        "    c = b",
        "for i in range(a):",
        "    b += i",
        *("b = a",) * 2,
        "return b",
    ),
    ("b = 0", "while a > b:", "    b += 1", "if b:", "    c = 1", "    b = c", *("b = a",) * 2, "return b"),
    ("b = 0", *("b = a",) * 7, "return b"),
)
BRANCHES = (((3, 4), (3, 6), (6, 7), (6, 8)), ((3, 4), (3, 5), (5, 6), (5, 8)), ())
ARCS = (
    ((2, 3), (3, 4), (3, 6), (4, 5), (5, 6), (6, 7), (7, 6), (6, 8), (8, 9), (9, 10)),
    ((2, 3), (3, 4), (4, 3), (3, 5), (5, 6), (6, 7), (7, 8), (5, 8), (8, 9), (9, 10)),
    tuple((line, line + 1) for line in range(2, 10)),
)
#: Merges the legs into coverage.json and coverage.xml, and into no other format.
TO_COBERTURA = """
import os
from pathlib import Path
from covlane.commands import merge as lane
from covlane.config import settings
from covlane.adapters import files
from covlane.adapters.git import Git
from covlane.formats import cobertura
configured = settings.load(Path.cwd(), dict(os.environ))
report = lane.merge_legs(configured, Git(configured.root, os.environ), allow_incomplete=False)
files.write_whole(configured.reports / "coverage.xml", cobertura.write(report, "scale"))
"""
#: The curve: so many legs, so many files.
BY_FILES = [(10, 1_250), (10, 2_500), (10, 5_000), (10, 10_000)]
BY_LEGS = [(5, 2_500), (10, 2_500), (20, 2_500), (40, 2_500)]
LARGEST = (40, 10_000)


class Made(NamedTuple):
    """A file: its kind of each block, and which blocks each leg runs."""

    name: str
    kinds: list[int]
    runs: list[int]


def make(root: Path, reports: str, legs: int, count: int, *, data: bool = False) -> None:
    """Write sources, a report for each leg, and with `data` what coverage.py would have recorded.

    Of a file's functions all legs run 70 %, none 15 %, and each leg half of the rest; every file has its own.
    """
    made = list(_files(legs, count))
    digests = {}
    for file in made:
        path = root / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_source(file), "utf-8")
        digests[file.name] = blake2b(path.read_bytes(), digest_size=16).hexdigest()
    folder = root / reports / "legs"
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        (at, kind, on): _texts(at, kind, on=on) for at in range(BLOCKS) for kind in range(3) for on in (0, 1)
    }
    meta = {
        "software": "slipcover",
        "version": "1.1.0",
        "timestamp": data_words.WHEN,
        "branch_coverage": True,
    }
    summary = {"covered_lines": 0, "missing_lines": 0, "covered_branches": 0, "missing_branches": 0}
    keys = ("executed_lines", "missing_lines", "executed_branches", "missing_branches")
    for leg in range(legs):
        stamp = msgspec.to_builtins(data_words.stamp(f"coverage-3.{10 + leg}", commit=None))
        with (folder / f"coverage-3.{10 + leg}.json").open("w", encoding="utf-8") as out:
            out.write(f'{{"meta":{json.dumps(meta)},"files":{{')
            for number, file in enumerate(made):
                parts = [texts[at, kind, file.runs[leg] >> at & 1] for at, kind in enumerate(file.kinds)]
                lists = (",".join(filter(None, part)) for part in zip(*parts, strict=True))
                entry = "".join(f'"{key}":[{part}],' for key, part in zip(keys, lists, strict=True))
                out.write(
                    f'{"," * (number > 0)}"{file.name}":{{{entry}"summary":{json.dumps(summary)},'
                    f'"digest":"{digests[file.name]}"}}'
                )
            out.write(f'}},"summary":{json.dumps(summary)},"covlane":{json.dumps(stamp)}}}')
        if data:
            (root / "data").mkdir(exist_ok=True)
            recorded = CoverageData(str(root / "data" / f"coverage.{leg}"))
            recorded.add_arcs({str(root / file.name): _arcs(file, leg) for file in made})
            recorded.close()


def _files(legs: int, count: int) -> Iterator[Made]:
    for number in range(count):
        dice = random.Random(number)
        drawn = [dice.random() for _ in range(BLOCKS)]
        every = sum(1 << at for at, share in enumerate(drawn) if share < 0.7)
        some = sum(1 << at for at, share in enumerate(drawn) if share >= 0.85)
        kinds = [dice.randrange(3) for _ in range(BLOCKS)]
        runs = [every | some & dice.getrandbits(BLOCKS) for _ in range(legs)]
        yield Made(f"src/package{number // 100}/module{number}.py", kinds, runs)


def _source(file: Made) -> str:
    blocks = (f"def f{at}(a):\n    " + "\n    ".join(KINDS[kind]) for at, kind in enumerate(file.kinds))
    return "\n".join(blocks) + "\n"


def _texts(at: int, kind: int, *, on: int) -> tuple[str, str, str, str]:
    """Return a block's part of the four lists of SlipCover's JSON."""
    start = at * 10
    first, body = str(start + 1), ",".join(str(start + line) for line in range(2, 11))
    branches = [f"[{start + line},{start + target}]" for line, target in BRANCHES[kind]]
    if on:
        return f"{first},{body}", "", ",".join(branches[:3]), ",".join(branches[3:])
    return first, body, "", ",".join(branches)


def _arcs(file: Made, leg: int) -> list[tuple[int, int]]:
    arcs = [(at * 10 + 1, at * 10 + 11) for at in range(BLOCKS - 1)] + [(-1, 1), (BLOCKS * 10 - 9, -1)]
    for at, kind in enumerate(file.kinds):
        if file.runs[leg] >> at & 1:
            start = at * 10
            arcs += [(-start - 1, start + 2), (start + 10, -start - 1)]
            arcs += [(start + line, start + target) for line, target in ARCS[kind]]
    return arcs


def cost(root: Path, reports: str, legs: int, *commands: Sequence[str]) -> Cost:
    """Run programs one after another in a repository of made legs, and return what they took together.

    Raises:
        RuntimeError: one of them failed.
    """
    environ = {**os.environ, "COVLANE_REPORTS": reports, "COVLANE_SOURCE": "src"}
    environ["COVLANE_PYTHONS"] = ",".join(f"3.{10 + leg}" for leg in range(legs))
    took = [measure([sys.executable, *command], cwd=root, environ=environ) for command in commands]
    for ended in took:
        if ended.code:
            raise RuntimeError(f"{commands} ended with {ended.code}: {ended.output[-4000:]}")
    wall, cpu, memory = zip(*(ended.cost for ended in took), strict=True)
    return Cost(sum(wall), sum(cpu), max(memory))


def compare(root: Path, legs: int, count: int, rounds: int) -> dict[str, list[Cost]]:
    """Return what each program takes to make Cobertura of the same legs, round by round, in turn."""
    make(root, "reports", legs, count, data=True)
    reports = [f"reports/legs/coverage-3.{10 + leg}.json" for leg in range(legs)]
    slipcover = ["-m", "slipcover", "--branch", "--merge", *reports, "--xml", "--out", "slipcover.xml"]
    programs: dict[str, list[list[str]]] = {
        "covlane, to Cobertura": [["-c", TO_COBERTURA]],
        "`covlane merge report`, to every format": [["-m", "covlane", "merge", "report"]],
        "`slipcover --merge --xml`": [slipcover],
        "`coverage combine`, `coverage xml`": [
            ["-m", "coverage", "combine"],
            ["-m", "coverage", "xml", "-o", "coverage.xml"],
        ],
    }
    costs: dict[str, list[Cost]] = {program: [] for program in programs}
    for number in range(rounds):
        for program, commands in programs.items():
            for path in (root / "data").iterdir():
                shutil.copy(path, root / f".{path.name}")  # coverage.py removes what it combines
            costs[program].append(cost(root, "reports", legs, *commands))
            sys.stderr.write(f"round {number + 1}: {program}: {costs[program][-1]}\n")
    return costs


def curve(root: Path, points: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Yield the rows of a table of what `covlane merge` takes for so many legs and files."""
    for legs, count in points:
        reports = f"reports-{legs}-{count}"
        make(root, reports, legs, count)
        size = sum(path.stat().st_size for path in (root / reports / "legs").iterdir()) / 1e6
        took = cost(root, reports, legs, ["-m", "covlane", "merge"])
        sys.stderr.write(f"{legs} legs, {count} files: {took}\n")
        per = took.cpu / legs / count * 1e6
        yield f"| {legs} | {count:,} | {size:,.0f} | {took.wall:.1f} | {took.cpu:.1f} | {per:.0f} | {took.memory:.0f} |\n"


def table(costs: dict[str, list[Cost]]) -> str:
    """Return what each program took, by the medians, and how often that of the first."""
    lines = [
        "| | seconds | to covlane | CPU seconds | to covlane | MB | to covlane |\n",
        "|---|" + "---:|" * 6 + "\n",
    ]
    first, *_ = (medians(took) for took in costs.values())
    for program, took in costs.items():
        middle = medians(took)
        cells = (
            f"{value:.1f} | {value / least:.1f}" for value, least in zip(middle[:2], first[:2], strict=True)
        )
        lines.append(
            f"| {program} | {' | '.join(cells)} | {middle.memory:.0f} | {middle.memory / first.memory:.1f} |\n"
        )
    return "".join(lines)


def main(arguments: list[str]) -> int:
    """Measure, print Markdown, and write it into docs/merge.md with --write."""
    parser = argparse.ArgumentParser(prog="nox -s scale --", description=__doc__)
    parser.add_argument("--legs", type=int, default=8)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-curve", action="store_true")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/merge.md")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="covlane-scale-") as folder:
        costs = compare(Path(folder), given.legs, given.files, given.rounds)
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("slipcover", "coverage"))
    text = (
        f"{HEADING}\nWritten by `nox -s scale -- --write`: {given.legs} made legs of {given.files:,} files of 300 lines "
        f"with their branches, where legs disagree in every file. Medians of {given.rounds} rounds in turn, Python "
        f"{sys.version.split()[0]}, {versions}; {machine()}, shared with other work: compare ratios, best those "
        f"of CPU seconds.\n\n{table(costs)}"
    )
    if not given.no_curve:
        text += (
            "\nHow `covlane merge` grows, by files and by legs; µs are CPU time for one file of one leg.\n\n"
            "| legs | files | MB of legs | seconds | CPU seconds | µs | MB |\n|---:|---:|---:|---:|---:|---:|---:|\n"
        )
        for points in (BY_FILES, BY_LEGS, [LARGEST]):
            with tempfile.TemporaryDirectory(prefix="covlane-scale-") as folder:
                text += "".join(curve(Path(folder), points))
    sys.stdout.write(text)
    if given.write:
        DOCUMENT.write_text(DOCUMENT.read_text("utf-8").partition(HEADING)[0] + text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
