"""`nox -s pages`: what reports/html costs beside `coverage html`, on made files and on real ones."""

from __future__ import annotations

import argparse
import shutil
import sys
import sysconfig
import tempfile
from dataclasses import replace
from importlib import metadata
from pathlib import Path

from coverage import Coverage, CoverageData

import data_words
from bench.cost import Cost, machine, medians
from corpus.scale import cost, make
from covlane.formats import slipcover
from covlane.model.lines import pack
from covlane.model.report import FileCoverage

DOCUMENT = Path(__file__).parents[2] / "docs" / "reports.md"
HEADING = "## What the HTML report costs\n"
_LANE = """
import os
from pathlib import Path
from covlane.commands import merge as lane
from covlane.config import settings
from covlane.adapters.git import Git
from covlane.commands.report import Writer
from covlane.workspace import reports
configured = settings.load(Path.cwd(), dict(os.environ))
git = Git(configured.root, os.environ)
"""
MERGE = f"{_LANE}lane.merge_legs(configured, git, allow_incomplete=False)"
#: Writes reports/html from the merged report, and no other output.
SITE = f"{_LANE}Writer(configured, git, {{}}, reports.read_merged(configured)).site()"


def made(root: Path, count: int) -> None:
    """Write files of 300 lines with branches, a report on them and coverage.py's data of the same run."""
    make(root, "reports", 1, count, data=True)
    cost(root, "reports", 1, ["-c", MERGE])
    shutil.copy(root / "data" / "coverage.0", root / ".coverage")


def real(root: Path, count: int) -> None:
    """Copy modules of the standard library, with a report as if every third line had not run."""
    library = Path(sysconfig.get_path("stdlib"))
    measuring, data = Coverage(data_file=None), CoverageData(str(root / ".coverage"))
    files: dict[str, FileCoverage] = {}
    for path in sorted(library.rglob("*.py")):
        if len(files) == count or {"test", "tests", "lib2to3", "site-packages"} & set(path.parts):
            continue
        name = f"src/{path.relative_to(library).as_posix()}"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, root / name)
        statements = measuring.analysis2(str(root / name))[1]
        ran = [line for line in statements if line % 3]
        files[name] = FileCoverage(pack(statements), pack(ran))
        data.add_lines({str(root / name): ran})
    data.close()
    (root / "reports").mkdir()
    report = replace(data_words.report("", branch=False), files=files)
    (root / "reports" / "coverage.json").write_bytes(slipcover.write_report(report, "1.1.0"))


def compare(root: Path, rounds: int) -> dict[str, list[Cost]]:
    """Return what each program takes for all pages and then for none that changed, in turn."""
    programs = {
        "covlane": (["-c", SITE], root / "reports" / "html"),
        "`coverage html`": (["-m", "coverage", "html", "-q"], root / "htmlcov"),
    }
    costs: dict[str, list[Cost]] = {f"{name}{again}": [] for again in ("", ", again") for name in programs}
    for number in range(rounds):
        for name, (command, output) in programs.items():
            shutil.rmtree(output, ignore_errors=True)
            for again in ("", ", again"):
                took = cost(root, "reports", 1, command)
                costs[name + again].append(took)
                sys.stderr.write(f"round {number + 1}: {name}{again}: {took}\n")
    return costs


def table(costs: dict[str, list[Cost]]) -> str:
    """Return the medians as rows of Markdown, each to that of covlane above it."""
    text = "| | seconds | to covlane | CPU seconds | to covlane | MB |\n|---|---:|---:|---:|---:|---:|\n"
    first = Cost(0, 0, 0)
    for name, took in costs.items():
        middle = medians(took)
        first = middle if name.startswith("covlane") else first
        text += (
            f"| {name} | {middle.wall:.1f} | {middle.wall / first.wall:.1f} | {middle.cpu:.1f} "
            f"| {middle.cpu / first.cpu:.1f} | {middle.memory:.0f} |\n"
        )
    return text


def main(arguments: list[str]) -> int:
    """Measure, print Markdown, and write it into docs/reports.md with --write."""
    parser = argparse.ArgumentParser(prog="nox -s pages --", description=__doc__)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--modules", type=int, default=400, help="of the standard library")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/reports.md")
    given = parser.parse_args(arguments)
    text = (
        f"{HEADING}\nWritten by `nox -s pages -- --write`, which runs both in turn: all pages, and then again with "
        f"nothing changed. Medians of {given.rounds} rounds, Python {sys.version.split()[0]}, coverage "
        f"{metadata.version('coverage')}, Pygments {metadata.version('pygments')}; {machine()}, shared with other "
        "work: compare ratios. MB are those of the largest process.\n"
    )
    kinds = {
        f"{given.files:,} made files of 300 lines, with branches": (made, given.files),
        f"{given.modules:,} modules of the standard library": (real, given.modules),
    }
    for title, (write, count) in kinds.items():
        with tempfile.TemporaryDirectory(prefix="covlane-pages-") as folder:
            write(Path(folder), count)
            text += f"\n### {title}\n\n{table(compare(Path(folder), given.rounds))}"
    sys.stdout.write(text)
    if given.write:
        DOCUMENT.write_text(DOCUMENT.read_text("utf-8").partition(HEADING)[0] + text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
