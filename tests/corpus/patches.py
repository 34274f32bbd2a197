"""`nox -s patches`: patch coverage beside diff-cover and pycobertura, on releases of real projects, and what it costs.

Each release of a project is one commit, measured by a leg of its own with a part of its tests. A line is compared that
is changed and missed; each difference is put down to the rule that makes it, and one that no rule explains is an error.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from pycobertura import Cobertura, CoberturaDiff
from pycobertura.filesystem import filesystem_factory

from corpus.patch_speed import git, speed, versions
from corpus.projects import Project, check_out, run
from covlane.adapters.git import Git
from covlane.analysis.patch import all_of, patch
from covlane.formats import slipcover
from covlane.model.lines import from_ranges, pack, unpack
from covlane.workspace import changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


DOCUMENT = Path(__file__).parents[2] / "docs" / "gates.md"
SIDE, COSTS = "## Beside diff-cover and pycobertura\n", "## What it costs\n"
RELEASES = {
    "click": "8.1.0 8.1.3 8.1.6 8.1.8 8.2.0 8.2.1",
    "attrs": "22.1.0 22.2.0 23.1.0 24.1.0 25.1.0 25.4.0",
}
#: A part of each suite, so that there is more to miss, and the comparison sees more.
PARTS = {"click": "tests/test_basic.py", "attrs": "tests/test_slots.py"}
PYTHON = "3.11"
NOT_SOURCES = shutil.ignore_patterns(".git", ".nox", "reports", "__pycache__", "*.egg-info")
OUTPUTS = ("coverage.json", "coverage.xml")
MOVED = "the line was moved with its block"
NO_STATEMENT = "the line can run but belongs to no statement: a decorator, a docstring"
RAN = "another line of the same statement ran"
ELSEWHERE = "another line of the same statement was changed"
PAIRED = "the texts were compared in another way, so the line counts as changed or not"


def measured(name: str, cache: Path, work: Path) -> Iterator[tuple[str, Path]]:
    """Yield each release with a folder of its sources and reports, which are kept from run to run."""
    for version in RELEASES[name].split():
        kept = cache / "patches" / f"{name}-{version}"
        if not (kept / "reports" / "coverage.xml").exists():
            place = work / version
            place.mkdir(parents=True)
            checkout = check_out(Project(name, version), cache, place)
            checkout.leg(
                PYTHON, PARTS[name], codes=(0, 1)
            )  # a test that fails has run its lines all the same
            checkout.run(sys.executable, "-m", "covlane", "merge", "--allow-incomplete")
            checkout.run(sys.executable, "-m", "covlane", "report")
            shutil.copytree(checkout.root, kept, ignore=NOT_SOURCES, dirs_exist_ok=True)
            (kept / "reports").mkdir()
            for output in OUTPUTS:
                shutil.copy(checkout.root / "reports" / output, kept / "reports")
        yield version, kept


class Compared:
    """What two tools agree on, and why they differ, counted in lines."""

    def __init__(self) -> None:
        self.both = 0
        self.reasons: Counter[tuple[str, str]] = Counter()

    def add(self, ours: int, theirs: int, why: Mapping[str, int], who: str) -> None:
        """Count the lines of one file; `why` has the lines that each rule can explain, in order."""
        self.both += (ours & theirs).bit_count()
        for side, lines in (("covlane", ours & ~theirs), (who, theirs & ~ours)):
            for line in unpack(lines):
                reason = next((reason for reason, held in why.items() if held >> line & 1), "")
                if not reason:
                    raise SystemExit(f"{side} alone has line {line}, and no rule says why")
                self.reasons[side, reason] += 1


def compare(before: Path, now: Path, root: Path, found: dict[str, Compared]) -> int:
    """Compare the tools on one commit, the working tree's; return how many statements it owes."""
    reports = root / "reports"
    shutil.copytree(now / "reports", reports, dirs_exist_ok=True)
    report = slipcover.read_report((reports / "coverage.json").read_bytes(), "coverage.json")
    repository = Git(root, {})
    diff = changes.diff(repository, git(root, "rev-parse", "HEAD~1").strip())
    changed = changes.changes(root, repository, diff, report.files)
    ours = {file.path: file for file in patch(report, changed.diff, changed.statements, changed.notes).files}
    tools = {"diff-cover": _diff_cover(root), "pycobertura": _pycobertura(before, now, list(ours))}
    for file in changed.diff.files:
        if file.path not in changed.statements:
            continue
        seen, statements = report.files[file.path], changed.statements[file.path]
        missed = from_ranges(ours[file.path].missing) & seen.executable
        ran = all_of([one for one in statements if one & seen.executed])
        for name, theirs in tools.items():
            why = {ELSEWHERE: missed & ~file.changed, MOVED: file.moved, RAN: ran}
            why |= {NO_STATEMENT: file.added & ~all_of(list(statements))}
            if name == "pycobertura":  # it pairs lines by difflib, git by its own way
                why[PAIRED] = theirs.get(file.path, 0) & ~file.added | missed
            found[name].add(missed, theirs.get(file.path, 0), why, name)
    return sum(file.statements.total for file in ours.values())


def _diff_cover(root: Path) -> dict[str, int]:
    command = (
        "-m",
        "diff_cover.diff_cover_tool",
        "reports/coverage.xml",
        "--compare-branch",
        "HEAD~1",
        "--quiet",
    )
    run(
        sys.executable,
        *command,
        "--format",
        "json:reports/d.json",
        cwd=root,
        environ={"PATH": "/usr/bin:/bin"},
    )
    said = json.loads((root / "reports" / "d.json").read_bytes())
    return {path: pack(one["violation_lines"]) for path, one in said["src_stats"].items()}


def _pycobertura(before: Path, now: Path, paths: Sequence[str]) -> dict[str, int]:
    both = [
        Cobertura(str(place / "reports" / "coverage.xml"), filesystem=filesystem_factory(str(place)))
        for place in (before, now)
    ]
    told = CoberturaDiff(*both)
    return {
        path: pack(
            [
                line.number
                for line in told.file_source(path)
                if line.reason == "line-edit" and line.status == "miss"
            ]
        )
        for path in paths
        if both[1].has_file(path)
    }


def history(name: str, cache: Path) -> Iterator[str]:
    """Compare the tools on a project's commits, and yield the rows of the tables."""
    found = {"diff-cover": Compared(), "pycobertura": Compared()}
    commits = statements = 0
    with tempfile.TemporaryDirectory(prefix="covlane-history-") as folder:
        root, former = Path(folder, "history"), None
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch=main")
        for version, place in measured(name, cache, Path(folder, "work")):
            for path in root.iterdir():
                if path.name != ".git":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(place, root, ignore=NOT_SOURCES, dirs_exist_ok=True)
            git(root, "add", "--all", "--force")
            git(root, "commit", "--quiet", "--message", version)
            if former:
                commits += 1
                statements += compare(former, place, root, found)
            former = place
    for tool, one in found.items():
        yield f"| {name}, {commits} commits, {statements:,} statements | {tool} | {one.both:,} | both |\n"
        for (side, reason), count in sorted(one.reasons.items()):
            yield f"| | {tool} | {count:,} | only {side}: {reason} |\n"


def main(arguments: list[str]) -> int:
    """Compare, measure, print Markdown, and write it into docs/gates.md with --write."""
    parser = argparse.ArgumentParser(prog="nox -s patches --", description=__doc__)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--changed", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "covlane-corpus")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/gates.md")
    given = parser.parse_args(arguments)
    rows = "".join(row for name in RELEASES for row in history(name, given.cache.resolve()))
    text = (
        f"{SIDE}\nWritten by `nox -s patches -- --write`. Each release is a commit, measured on Python {PYTHON} by a part "
        "of its tests, so that much is missed. The table counts changed lines that are missed, by the tool that reports "
        "them. pycobertura compares two reports, the others one report with git's diff; all of them read the same "
        "figures. A line that no rule explains ends the comparison.\n\n| | beside | lines | |\n|---|---|---:|---|\n"
        f"{rows}\n{COSTS}\nMedians of {given.rounds} rounds in turn, programs from start to end. {versions()}: compare "
        f"ratios.\n\n{speed(given.files, given.changed, given.rounds)}"
    )
    sys.stdout.write(text)
    if given.write:
        before = DOCUMENT.read_text("utf-8").partition(SIDE)[0].partition(COSTS)[0]
        DOCUMENT.write_text(before + text, "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
