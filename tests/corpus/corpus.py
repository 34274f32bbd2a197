"""`nox -s corpus`: real projects under the lane, against bare pytest, SlipCover by hand and coverage.py."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree as ET

from corpus import adopt, projects
from covlane.collector.instrument import exclusion
from covlane.config.engines import MODEL, TOO_NEW
from covlane.config.pythons import minor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from corpus.projects import Checkout

HERE = Path(__file__).parents[2]
DOCUMENT = HERE / "docs" / "corpus.md"
HEADER = (
    "| project | Python | tests | as under bare pytest | ours | SlipCover | only SlipCover's | only ours |\n"
    "|---|---|---:|---|---:|---:|---:|---:|\n"
)
INTRODUCTION = """\
# Real projects

Written by `nox -s corpus -- --write`. Each release is unpacked, made a git repository, and set up by `covlane init`;
settings that a project needs by hand are listed below the table. Then `nox -s coverage-3.X` runs its tests. Three other
runs in the same environment check the leg: bare pytest must have the same outcome for every test; the lines that
`python -m slipcover --branch` executed must be among the leg's; and the lines that only the leg executed must be
confirmed by `coverage run -m pytest`, as far as they are statements to coverage.py.

Columns: *ours* and *SlipCover* are executed/executable lines. *Only ours* is the number of executed lines that SlipCover
did not see, and how many of them coverage.py confirms, of those that it knows as the first line of a statement.
"""


class Lines(NamedTuple):
    """A file's lines."""

    executed: frozenset[int]
    executable: frozenset[int]


Files = dict[str, Lines]
#: pytest's exit codes when it ran what it could: all passed, a test failed, a test module could not be imported.
ENDS = (0, 1, 2)


class Explanation(NamedTuple):
    """Why lines that SlipCover by hand calls executed are rightly absent from the leg's."""

    project: str
    file: str
    pythons: tuple[str, ...]
    reason: str


EXPLAINED: tuple[Explanation, ...] = ()


#: Why the leg sees what SlipCover by hand does not; coverage.py is asked about every such line all the same.
IMPORTED_FIRST = {
    "attrs": "hypothesis, whose pytest plugin is loaded before the tests, imports attrs",
    "pluggy": "pytest is built on pluggy, and SlipCover imports pytest before it begins to measure",
}

#: Why tests fail, in the leg as under bare pytest, where one can say so in a sentence.
FAILING = {("itsdangerous", "3.13"): " The freezegun that it pins cannot be imported on this Python."}


class Compared(NamedTuple):
    """Where two measurements of a project differ: file name to lines."""

    lost: dict[str, list[int]]
    gained: dict[str, list[int]]
    known: dict[str, list[int]]
    unconfirmed: dict[str, list[int]]
    executable_ours: dict[str, list[int]]
    executable_theirs: dict[str, list[int]]


class Trial(NamedTuple):
    """One project on one Python."""

    checkout: Checkout
    python: str
    outcomes: Counter[str]
    changed: list[str]
    ours: Files
    theirs: Files
    compared: Compared


def main(arguments: list[str]) -> int:
    """Try the projects, print Markdown, write it with --write; 1 where a check fails."""
    parser = argparse.ArgumentParser(prog="nox -s corpus --", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; the running one")
    parser.add_argument("--project", action="append", default=[], metavar="NAME", help="all")
    parser.add_argument("--cache", type=Path, default=HERE / ".nox" / ".corpus", help="keeps the sdists")
    parser.add_argument("--write", action="store_true", help="put the table into docs/corpus.md")
    parser.add_argument("--adopt", action="store_true", help="repositories of many shapes without a setting")
    given = parser.parse_args(arguments)
    if given.adopt:
        python = (given.python or [f"3.{sys.version_info.minor}"])[0]
        return adopt.main(given.project, python, given.cache, lambda path: {*outcomes(path)})
    pythons = given.python or [f"3.{sys.version_info.minor}"]
    trials: list[Trial] = []
    with tempfile.TemporaryDirectory(prefix="covlane-corpus-") as folder:
        for project in projects.chosen(given.project):
            checkout = projects.check_out(project, given.cache, Path(folder))
            able = checkout.configured().settings.pythons
            for python in (each for each in pythons if each in able):
                trials.append(attempt(checkout, python))
                sys.stderr.write(_row(trials[-1]))
    text = document(trials)
    sys.stdout.write(text)
    if given.write:
        DOCUMENT.write_text(text, "utf-8")
    failures = [sentence for trial in trials for sentence in problems(trial)]
    sys.stderr.writelines(f"corpus: {sentence}\n" for sentence in failures)
    return 1 if failures else 0


def attempt(checkout: Checkout, python: str) -> Trial:
    """Run a project's suite as a leg, bare, under SlipCover and under coverage.py."""
    folder = checkout.root / "reports" / f"corpus-{python}"
    folder.mkdir(parents=True, exist_ok=True)
    # A test may fail on some Python; whether it does so everywhere is what is compared.
    checkout.leg(python, f"--junitxml={folder / 'leg.xml'}", codes=ENDS)
    ours = _files(checkout.root / "reports" / "legs" / f"coverage-{python}.json")
    interpreter = checkout.python(python)
    junit = f"--junitxml={folder / 'bare.xml'}"
    checkout.run(interpreter, "-m", "pytest", "-p", "no:slipcover", junit, codes=ENDS)
    theirs = _counting(checkout, _slipcover(checkout, python, folder / "slipcover.json"))
    referee = _coverage(checkout, python, folder)
    leg, bare = outcomes(folder / "leg.xml"), outcomes(folder / "bare.xml")
    changed = sorted({f"{name} ({outcome})" for name, outcome in (leg - bare) + (bare - leg)})
    totals = Counter(outcome for _, outcome in leg.elements())
    return Trial(checkout, python, totals, changed, ours, theirs, compare(ours, theirs, referee))


def _slipcover(checkout: Checkout, python: str, out: Path) -> Files:
    if minor(python) >= TOO_NEW:
        return {}
    checkout.run("uv", "pip", "install", "-q", "--python", checkout.python(python), f"slipcover=={MODEL}")
    settings = checkout.configured().settings
    source = ("--source", ",".join(settings.source))
    omit = [f"{checkout.root}/{pattern.replace('**', '*')}" for pattern in settings.omit]
    checkout.run(
        *(checkout.python(python), "-m", "slipcover", "--branch", *source),
        *(("--omit", ",".join(omit)) if omit else ()),
        *("--json", "--out", out, "-m", "pytest"),
        # SlipCover is imported before pytest would rewrite it: an error where warnings are errors.
        *("-W", "ignore::pytest.PytestAssertRewriteWarning", *checkout.project.for_slipcover),
        codes=ENDS,
    )
    return _files(out)


def _coverage(checkout: Checkout, python: str, folder: Path) -> Files:
    interpreter, data = checkout.python(python), f"--data-file={folder / 'coverage.data'}"
    # A file of its own, so that the project's exclusions do not hide statements.
    settings, out = folder / "coveragerc", folder / "coverage.json"
    settings.write_text("[run]\nrelative_files = true\n", "utf-8")
    source = f"--source={','.join(checkout.configured().settings.source)}"
    coverage = (interpreter, "-m", "coverage")
    checkout.run("uv", "pip", "install", "-q", "--python", interpreter, "coverage")
    pytest = ("-m", "pytest", "-p", "no:slipcover")
    checkout.run(*coverage, "run", f"--rcfile={settings}", data, source, *pytest, codes=ENDS)
    checkout.run(*coverage, "json", "-q", "-i", f"--rcfile={settings}", data, "-o", out)
    return _files(out)


def _files(path: Path) -> Files:
    """Read what SlipCover's JSON and coverage.py's have in common."""
    document: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return {
        name.replace("\\", "/"): Lines(
            frozenset(entry["executed_lines"]),
            frozenset(entry["executed_lines"]) | frozenset(entry["missing_lines"]),
        )
        for name, entry in document["files"].items()
    }


def _counting(checkout: Checkout, found: Files) -> Files:
    """Return SlipCover's lines without those that the project leaves out, which it does not know."""
    settings = checkout.configured().settings
    patterns = exclusion.compiled((*settings.exclude_lines, *settings.exclude_also), ())
    counting = {}
    for name, lines in found.items():
        out = exclusion.excluded((checkout.root / name).read_text("utf-8"), patterns).lines
        counting[name] = Lines(lines.executed - out, lines.executable - out)
    return counting


def outcomes(path: Path) -> Counter[tuple[str, str]]:
    """Return how often each test had each outcome, from pytest's JUnit file."""
    found: Counter[tuple[str, str]] = Counter()
    for case in ET.parse(path).iter("testcase"):
        ends = {child.tag for child in case} & {"failure", "error", "skipped"}
        outcome = "+".join(sorted(ends)) or "passed"
        found[f"{case.get('classname')}::{case.get('name')}", outcome] += 1
    return found


def compare(ours: Files, theirs: Files, referee: Files) -> Compared:
    """Return the lines in which the leg and SlipCover differ, those only ours judged by the referee."""
    none = Lines(frozenset(), frozenset())
    result = Compared({}, {}, {}, {}, {}, {})
    for name in sorted(ours.keys() | theirs.keys()):
        own, other, judge = (files.get(name, none) for files in (ours, theirs, referee))
        gained = own.executed - other.executed
        differing = (
            other.executed - own.executed,
            gained,
            gained & judge.executable,
            (gained & judge.executable) - judge.executed,
            own.executable - other.executable,
            other.executable - own.executable,
        )
        for into, lines in zip(result, differing, strict=True):
            if lines:
                into[name] = sorted(lines)
    return result


def problems(trial: Trial) -> Iterator[str]:
    """Yield a sentence for every check that fails."""
    title = f"{trial.checkout.project.name} on {trial.python}"
    if trial.changed:
        yield f"{title}: outcomes differ from bare pytest's: {', '.join(trial.changed)}"
    for name, lines in trial.compared.lost.items():
        if not _reason(trial, name):
            yield f"{title}: {name}: only SlipCover saw {_ranges(lines)}"
    for name, lines in trial.compared.unconfirmed.items():
        yield f"{title}: {name}: coverage.py does not confirm {_ranges(lines)}"


def _reason(trial: Trial, file: str) -> str:
    for project, pattern, pythons, reason in EXPLAINED:
        if project == trial.checkout.project.name and trial.python in pythons and fnmatch(file, pattern):
            return reason
    return ""


def document(trials: list[Trial]) -> str:
    """Return the table and what is to say about each row, as Markdown."""
    rows = "".join(_row(trial) for trial in trials)
    tried = {trial.checkout.project: None for trial in trials}
    by_hand = [f"- {item.name}: `{'; '.join(item.table)}`: {item.why}\n" for item in tried if item.table]
    settings = "".join(by_hand) or "No project needed a setting by hand.\n"
    notes = [
        f"- **{trial.checkout.project.name} {trial.python}**: {n}\n"
        for trial in trials
        for n in _notes(trial)
    ]
    return "\n".join(
        [INTRODUCTION, HEADER + rows, "## Settings by hand\n", settings, "## Differences\n", "".join(notes)]
    )


def _row(trial: Trial) -> str:
    project, compared = trial.checkout.project, trial.compared
    gained = _count(compared.gained)
    known, unconfirmed = _count(compared.known), _count(compared.unconfirmed)
    cells = (
        f"{project.name} {project.version}",
        trial.python,
        f"{trial.outcomes.total():,}",
        f"no: {len(trial.changed)} differ" if trial.changed else "yes",
        _total(trial.ours),
        _total(trial.theirs),
        str(_count(compared.lost)),
        f"{gained}, {known - unconfirmed}/{known} confirmed" if gained else "0",
    )
    return f"| {' | '.join(cells)} |\n"


def _notes(trial: Trial) -> Iterator[str]:
    compared = trial.compared
    if failed := trial.outcomes["failure"] + trial.outcomes["error"]:
        shown = f"{failed} of its tests or test modules {'fails' if failed == 1 else 'fail'}"
        same = "not the same" if trial.changed else "the same"
        reason = FAILING.get((trial.checkout.project.name, trial.python), "")
        yield f"{shown} in the leg; under bare pytest {same}.{reason}"
    if trial.changed:
        yield f"outcomes differ: {', '.join(trial.changed)}."
    for name, lines in compared.lost.items():
        yield f"`{name}`: only SlipCover saw {_ranges(lines)}. {_reason(trial, name) or 'Unexplained.'}"
    if compared.gained:
        total = f"{_count(compared.gained)} lines of {len(compared.gained)} files"
        reason = IMPORTED_FIRST.get(trial.checkout.project.name, "for a reason nobody has looked into")
        yield f"only the leg saw {total}: {reason}."
    for whose, only in (("the leg", compared.executable_ours), ("SlipCover", compared.executable_theirs)):
        if only:
            files = ", ".join(f"`{name}` {_ranges(lines)}" for name, lines in only.items())
            yield f"only {whose} calls executable: {files}."
    for name, lines in compared.unconfirmed.items():
        yield f"`{name}`: coverage.py does not confirm {_ranges(lines)}."


def _total(files: Files) -> str:
    executed = sum(len(lines.executed) for lines in files.values())
    return f"{executed:,}/{sum(len(lines.executable) for lines in files.values()):,}"


def _count(found: Mapping[str, list[int]]) -> int:
    return sum(map(len, found.values()))


def _ranges(lines: list[int]) -> str:
    """Return sorted lines as a person writes them: 3-5, 9."""
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][-1] + 1:
            runs[-1].append(line)
        else:
            runs.append([line])
    shown = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs]
    return ", ".join(shown) if len(shown) <= 8 else f"{', '.join(shown[:8])} and {len(shown) - 8} more"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
