"""`nox -s modes`: real projects in every mode; each must give the lines and branches of the serial leg."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corpus import corpus, projects

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator, Sequence

    from corpus.projects import Checkout

HERE = Path(__file__).parents[2]
DOCUMENT = HERE / "docs" / "modes.md"
#: Mode to the settings that ask for it; the first is what the others are compared with.
MODES = {
    "serial": {},
    "serial again": {},
    "`-n 2`": {"COVLANE_WORKERS": "2"},
    "forked": {"COVLANE_ISOLATION": "forked"},
    "forked, `-n 2`": {"COVLANE_ISOLATION": "forked", "COVLANE_WORKERS": "2"},
    "process": {"COVLANE_ISOLATION": "process"},
    "process, `-n 2`": {"COVLANE_ISOLATION": "process", "COVLANE_WORKERS": "2"},
}
#: pytest's exit codes when it ran what it could: all passed, a test failed, a test module could not be imported.
ENDS = (0, 1, 2)
INTRODUCTION = """\
# Real projects in every mode

Written by `nox -s modes -- --write`. Each project's suite runs as a leg seven times: serially; serially again, to see what
the suite itself varies; in two pytest-xdist workers; with each test forked by pytest-forked; with both; with
`isolation = "process"`; and with that in two workers. A cell shows the executed lines and branches, the number in which
they differ from the first column, the number of tests with another outcome than there, and the number of measured
processes. The last column counts statements that `coverage run -m pytest` saw run and the serial leg did not, of those that
are lines to both.
"""
#: Why a mode differs, or coverage.py saw more, where somebody has looked: (project, mode or "coverage.py", file) to a
#: sentence; no file for outcomes.
EXPLAINED: dict[tuple[str, str, str], str] = {}


class Ran(NamedTuple):
    """What a leg saw: (file, line or branch); how many processes told, and how often each test ended in which way."""

    items: frozenset[tuple[str, object]]
    executable: frozenset[tuple[str, object]]
    processes: int
    reasons: tuple[str, ...]
    outcomes: Counter[tuple[str, str]]

    @property
    def lines(self) -> int:
        """Count the lines."""
        return sum(isinstance(item, int) for _, item in self.items)


class Row(NamedTuple):
    """A project on a Python."""

    title: str
    ran: dict[str, Ran]
    missed: frozenset[tuple[str, object]]


def main(arguments: list[str]) -> int:
    """Try the projects, print Markdown, write it with --write; 1 where a mode differs and nobody knows why."""
    parser = argparse.ArgumentParser(prog="nox -s modes --", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; the running one")
    parser.add_argument("--project", action="append", default=[], metavar="NAME", help="all")
    parser.add_argument("--cache", type=Path, default=HERE / ".nox" / ".corpus", help="keeps the sdists")
    parser.add_argument("--write", action="store_true", help="put the table into docs/modes.md")
    given = parser.parse_args(arguments)
    rows = []
    for python in given.python or [f"3.{sys.version_info.minor}"]:
        for project in projects.chosen(given.project):
            with tempfile.TemporaryDirectory(prefix="covlane-modes-") as folder:
                checkout = projects.check_out(project, given.cache, Path(folder))
                if python in checkout.configured().settings.pythons:
                    rows.append(attempt(checkout, python))
                    sys.stderr.write(_row(rows[-1]))
    text = document(rows)
    sys.stdout.write(text)
    if given.write:
        DOCUMENT.write_text(text, "utf-8")
    return 1 if "Unexplained" in text else 0


def attempt(checkout: Checkout, python: str) -> Row:
    """Run a project's suite in each mode, and under coverage.py."""
    report = checkout.root / "reports" / "legs" / f"coverage-{python}.json"
    ran = {}
    for mode, asked in MODES.items():
        junit = checkout.root / "reports" / "modes.xml"
        checkout._replace(environ={**checkout.environ, **asked}).leg(
            python, f"--junitxml={junit}", codes=ENDS
        )
        ran[mode] = read(report, junit)
    project = checkout.project
    return Row(f"{project.name} {project.version} | {python}", ran, _missed(checkout, python, ran["serial"]))


def read(report: Path, junit: Path) -> Ran:
    """Return what a leg's file and JUnit's hold."""
    document: dict[str, Any] = json.loads(report.read_text("utf-8"))
    stamp = document["covlane"]
    found = _items(document, "executed")
    executable = found | _items(document, "missing")
    return Ran(
        found, executable, stamp["processes"]["reported"], tuple(stamp["reasons"]), corpus.outcomes(junit)
    )


def _items(document: dict[str, Any], kind: str) -> frozenset[tuple[str, object]]:
    return frozenset(
        (name, tuple(item) if isinstance(item, list) else item)
        for name, entry in document["files"].items()
        for what in ("lines", "branches")
        for item in entry.get(f"{kind}_{what}", ())
    )


def _missed(checkout: Checkout, python: str, serial: Ran) -> frozenset[tuple[str, object]]:
    interpreter, folder = checkout.python(python), checkout.root / "reports"
    settings, data, out = folder / "coveragerc", folder / "coverage.data", folder / "referee.json"
    settings.write_text("[run]\nrelative_files = true\npatch = subprocess, _exit\nparallel = true\n", "utf-8")
    source = f"--source={','.join(checkout.configured().settings.source)}"
    checkout.run("uv", "pip", "install", "-q", "--python", interpreter, "coverage")
    coverage, options = (interpreter, "-m", "coverage"), (f"--rcfile={settings}", f"--data-file={data}")
    checkout.run(*coverage, "run", *options, source, "-m", "pytest", "-p", "no:slipcover", codes=ENDS)
    checkout.run(*coverage, "combine", "-q", *options)
    checkout.run(*coverage, "json", "-q", "-i", *options, "-o", out)
    seen = frozenset(
        (name, line)
        for name, entry in json.loads(out.read_text("utf-8"))["files"].items()
        for line in entry["executed_lines"]
    )
    return (seen & serial.executable) - serial.items


def document(rows: Sequence[Row]) -> str:
    """Return the table and what is to say about each difference, as Markdown."""
    titles = ["project", "Python", *MODES, "only coverage.py"]
    header = f"| {' | '.join(titles)} |\n|---|---|{'---:|' * (len(titles) - 2)}\n"
    notes = "".join(f"- **{title}**: {note}\n" for row in rows for title, note in _notes(row))
    parts = [INTRODUCTION, header + "".join(map(_row, rows)), "## Differences\n", notes or "None.\n"]
    return "\n".join(parts)


def _row(row: Row) -> str:
    serial = row.ran["serial"]
    cells = [
        f"{ran.lines:,} + {len(ran.items) - ran.lines:,}; {len(ran.items ^ serial.items)}; "
        f"{len(_changed(ran, serial))}; {ran.processes:,}"
        for ran in row.ran.values()
    ]
    return f"| {row.title} | {' | '.join(cells)} | {len(row.missed)} |\n"


def _changed(ran: Ran, serial: Ran) -> list[str]:
    """Return the tests that ended otherwise."""
    differing = (ran.outcomes - serial.outcomes) + (serial.outcomes - ran.outcomes)
    return sorted({name for name, _ in differing})


def _notes(row: Row) -> Iterator[tuple[str, str]]:
    serial = row.ran["serial"]
    different = {mode: ran.items ^ serial.items for mode, ran in row.ran.items()}
    title, project = row.title.replace(" |", ""), row.title.split(" ", maxsplit=1)[0]
    for mode, items in {**different, "coverage.py": row.missed}.items():
        for name in sorted({name for name, _ in items}):
            places = sorted(str(item) for each, item in items if each == name)
            shown = ", ".join(places[:8]) + (f" and {len(places) - 8} more" if len(places) > 8 else "")
            if items <= different["serial again"] and mode != "coverage.py":
                reason = "Two serial runs differ there as well."
            else:
                reason = EXPLAINED.get((project, mode, name), "Unexplained.")
            yield title, f"{mode}: `{name}` {shown}. {reason}"
    for mode, ran in row.ran.items():
        if changed := _changed(ran, serial):
            yield (
                title,
                f"{mode}: other outcomes: {', '.join(changed[:8])}. {EXPLAINED.get((project, mode, ''), 'Unexplained.')}",
            )
        for reason in ran.reasons:
            yield title, f"{mode}: incomplete: {reason}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
