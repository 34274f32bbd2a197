"""`nox -s patches`: what the changed code costs to judge beside diff-cover, on the same report and diff."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from bench.cost import Cost, machine, medians
from corpus.scale import cost, make

if TYPE_CHECKING:
    from collections.abc import Sequence

HEADING = "## What it costs\n"
#: Lines of each changed file that the base does not have: one function.
BLOCK = slice(100, 110)


def git(root: Path, *arguments: str) -> str:
    """Run git as nobody in particular."""
    identity = ("-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "gc.auto=0")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout


def prepare(root: Path, count: int, changed: int) -> None:
    """Make a repository of so many files of 300 lines with its report, where one function of some is new."""
    make(root, "reports", 1, count)
    (root / ".gitignore").write_text("/reports/\n", "utf-8")
    paths = sorted((root / "src").rglob("*.py"))[:: max(1, count // changed)][:changed]
    new = {path: path.read_text("utf-8") for path in paths}
    for path, text in new.items():
        lines = text.splitlines(keepends=True)
        path.write_text("".join([*lines[: BLOCK.start], *lines[BLOCK.stop :]]), "utf-8")
    git(root, "init", "--quiet", "--initial-branch=main")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "base")
    for path, text in new.items():
        path.write_text(text, "utf-8")
    leg = root / "reports" / "legs" / "coverage-3.10.json"
    commit = git(root, "rev-parse", "HEAD").strip()
    leg.write_text(leg.read_text("utf-8").replace('"commit": null', f'"commit": "{commit}"'), "utf-8")
    cost(root, "reports", 1, ["-m", "covlane", "merge", "report"])


def compare(root: Path, rounds: int) -> dict[str, list[Cost]]:
    """Return what each program takes, round by round, in turn."""
    programs: dict[str, Sequence[str]] = {
        "`covlane patch`": ["-m", "covlane", "patch", "--base", "HEAD"],
        "`covlane gate`": ["-m", "covlane", "gate", "--base", "HEAD"],
        "`diff-cover coverage.xml`": [
            *("-m", "diff_cover.diff_cover_tool", "reports/coverage.xml"),
            *("--compare-branch", "HEAD", "--include-untracked"),
        ],
    }
    os.environ["COVLANE_GATE_PATCH"] = "0"
    costs: dict[str, list[Cost]] = {program: [] for program in programs}
    for number in range(rounds):
        for program, command in programs.items():
            costs[program].append(cost(root, "reports", 1, command))
            sys.stderr.write(f"round {number + 1}: {program}: {costs[program][-1]}\n")
    return costs


def speed(count: int, changed: int, rounds: int) -> str:
    """Measure, and return the table."""
    with tempfile.TemporaryDirectory(prefix="covlane-patches-") as folder:
        prepare(Path(folder), count, changed)
        costs = compare(Path(folder), rounds)
    middle = {program: medians(took) for program, took in costs.items()}
    first = next(iter(middle.values()))
    rows = "".join(
        f"| {program} | {took.wall:.2f} | {took.wall / first.wall:.1f} | {took.cpu:.2f} | "
        f"{took.cpu / first.cpu:.1f} | {took.memory:.0f} |\n"
        for program, took in middle.items()
    )
    return (
        f"{count:,} files, {count * 300:,} lines, {changed:,} of the files changed by a function of ten lines.\n\n"
        f"| | seconds | to covlane | CPU seconds | to covlane | MB |\n|---|---:|---:|---:|---:|---:|\n{rows}"
    )


def versions() -> str:
    """Return what was compared, where."""
    known = ", ".join(f"{name} {metadata.version(name)}" for name in ("diff-cover", "unidiff"))
    return f"Python {sys.version.split()[0]}, {known}; {machine()}, shared with other work"
