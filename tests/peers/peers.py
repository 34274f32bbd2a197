"""`nox -s peers`: the programs of coverage.py's own tests as a leg's sources, compared with what those tests expect.

coverage.py's sdist, which is fetched from the package index, carries its tests. Each program that they check is kept by
`recording.py`, on each Python, with the lines and branches that are expected there, and imported by one test of a leg.
Compared is what both know: a line that is one for both has run for both or for neither, and so has a branch. What only
one of them calls a line or a branch is counted; docs/engines.md says why.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corpus import projects
from corpus.projects import Project
from pythons import PYTHONS
from truth import lab as labs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from leg import Leg

HERE = Path(__file__).parents[2]
COVERAGE = Project("coverage", "7.17.5")
#: The last release for a Python that later ones have left.
FORMER = {"3.10": Project("coverage", "7.16.2")}
#: What its tests need beside it.
NEEDS = ("pytest", "flaky", "hypothesis", "pytest-xdist")
#: The files of its tests that check programs.
TESTS = ("test_arcs.py", "test_coverage.py", "test_oddball.py", "test_python.py")
MODES: dict[str, tuple[tuple[str, ...], Mapping[str, object]]] = {
    "serial": ((), {}),
    "process, -n 2": (("-n", "2"), {"isolation": "process", "workers": 2}),
}
#: Runs each program as its test would: what it raises or prints is its own business.
TEST = """\
import contextlib, importlib, io, sys, warnings
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_program(number, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["program"])
    with contextlib.suppress(BaseException), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module(f"programs.program_{{number:03}}")
"""
_KNOWN = "wrong | only theirs | only ours"
HEADER = f"| Python | mode | programs | lines | {_KNOWN} | branches | {_KNOWN} |\n|---|---|{'---:|' * 9}\n"
#: Where somebody has looked: the test's name to a sentence. Such a difference fails no run.
EXPLAINED = {
    "RecursionTest::test_long_recursion": "the test expects an error, so what it says of lines is never compared",
    "GettraceTest::test_setting_new_trace_function": "the program takes the trace function away from coverage.py",
}

Item = int | tuple[int, int]


class Compared(NamedTuple):
    """A leg of the programs: how many lines and branches both know, how many only one, and where they differ."""

    python: str
    mode: str
    programs: int
    both: Counter[str]
    theirs: Counter[str]
    ours: Counter[str]
    wrong: list[tuple[str, str]]

    def row(self) -> str:
        """Return it as a row of a Markdown table."""
        cells = [self.python, self.mode, f"{self.programs:,}"]
        for kind in ("lines", "branches"):
            wrong = sum(what.startswith(kind) for _, what in self.wrong)
            cells += [f"{self.both[kind]:,}", f"{wrong:,}", f"{self.theirs[kind]:,}", f"{self.ours[kind]:,}"]
        return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    """Compare on each Python, in each mode; 1 where a line or a branch differs and nobody knows why."""
    parser = argparse.ArgumentParser(prog="nox -s peers --", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; all that are here")
    parser.add_argument("--mode", action="append", choices=list(MODES), help="all")
    parser.add_argument("--cache", type=Path, default=HERE / ".nox" / ".corpus", help="keeps the sdist")
    given = parser.parse_args(arguments)
    failed = False
    sys.stdout.write(HEADER)
    for python in given.python or list(filter(labs.is_present, PYTHONS)):
        with tempfile.TemporaryDirectory(prefix="covlane-peers-") as folder:
            for compared in attempt(python, given.mode or list(MODES), given.cache, Path(folder)):
                sys.stdout.write(f"{compared.row()}\n")
                sys.stdout.flush()
                for test, what in compared.wrong:
                    sys.stdout.write(f"  {test}: {what}: {EXPLAINED.get(test, 'unexplained')}\n")
                failed |= any(test not in EXPLAINED for test, _ in compared.wrong)
    return int(failed)


def attempt(python: str, modes: Sequence[str], cache: Path, work: Path) -> Iterator[Compared]:
    """Yield the comparison of each mode on a Python."""
    lab, _ = labs.build(python, work / "lab")
    calls = record(python, cache, work)
    files = {f"programs/program_{number:03}.py": call["program"] for number, call in enumerate(calls)}
    files["test_programs.py"] = TEST.format(count=len(calls))
    for mode in modes:
        arguments, plan = MODES[mode]
        leg = lab.measure(work / mode.replace(" ", ""), files, arguments, ["programs"], branch=True, **plan)
        if leg.code != 0 or not leg.stamp.complete:
            raise SystemExit(f"{python}, {mode}: {leg.stamp.reasons}\n{leg.output[-4000:]}")
        yield compare(python, mode, calls, leg)


def record(python: str, cache: Path, work: Path) -> list[dict[str, Any]]:
    """Return what coverage.py's tests check on a Python, as `recording.py` keeps it."""
    environ = projects.children_environment()
    release = FORMER.get(python, COVERAGE)
    with tarfile.open(projects.fetch(release, cache, environ)) as archive:
        archive.extractall(work, filter="data")
    checkout = work / f"{release.name}-{release.version}"
    program, kept = work / "peer" / "bin" / "python", work / "calls.json"

    def run(*argv: object, codes: Sequence[int] = (0,), **variables: str) -> None:
        projects.run(*argv, cwd=checkout, environ={**environ, **variables}, codes=codes)

    run("uv", "venv", "-q", "--python", python, program.parents[1])
    pinned = f"{release.name}=={release.version}"
    run("uv", "pip", "install", "-q", "--python", program, pinned, *NEEDS)
    # A test that goes on with the measurement that it gets from `check_coverage`, which is none, fails.
    run(
        *(program, "-m", "pytest", "-q", "-o", "addopts=", "-p", "recording", "-p", "no:cacheprovider"),
        *(f"tests/{name}" for name in TESTS),
        codes=(0, 1),
        PYTHONPATH=str(Path(__file__).parent),
        COVLANE_PEERS=str(kept),
    )
    calls: list[dict[str, Any]] = json.loads(kept.read_text("utf-8"))
    return calls


def compare(python: str, mode: str, calls: list[dict[str, Any]], leg: Leg) -> Compared:
    """Return how a leg's lines and branches agree with those that are expected."""
    document = json.loads(leg.report.read_text("utf-8"))["files"]
    compared = Compared(python, mode, len(calls), Counter(), Counter(), Counter(), [])
    for number, call in enumerate(calls):
        entry = document[f"programs/program_{number:03}.py"]
        for kind, expected, not_run in (("lines", "lines", "missing"), ("branches", "branches", "untaken")):
            if call[expected] is None or call[not_run] is None:
                continue
            theirs, missed = set(map(_item, call[expected])), set(map(_item, call[not_run]))
            ran = set(map(_item, entry[f"executed_{kind}"]))
            ours = ran | set(map(_item, entry[f"missing_{kind}"]))
            compared.both[kind] += len(both := theirs & ours)
            compared.theirs[kind] += len(theirs - ours)
            compared.ours[kind] += len(ours - theirs)
            if wrong := both & (ran ^ (theirs - missed)):
                said = ", ".join(
                    f"{item} {'ran' if item in ran else 'did not run'}" for item in sorted(wrong, key=str)
                )
                compared.wrong.append((call["test"].partition("::")[2], f"{kind}: {said} (program {number})"))
    return compared


def _item(given: int | list[int]) -> Item:
    """Return a line, or a branch, whose end is 0 where it leaves: coverage.py has the negative of a function's line."""
    return given if isinstance(given, int) else (given[0], max(given[1], 0))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
