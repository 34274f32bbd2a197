"""`nox -s bench`: what a leg costs beside bare pytest, SlipCover as it comes, coverage.py and pytest-cov."""

from __future__ import annotations

import argparse
import platform
import shutil
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench import chart, document, results
from bench.cases import (
    BARE,
    BARE_FIRST,
    CASES,
    FIRST,
    LATER,
    MODES,
    PEERS,
    SLIPCOVER,
    Leg,
    forget_compiled,
    known_modes,
    peers,
)
from bench.cost import machine, measure
from bench.results import Row, Table
from covlane.config.engines import MODEL, TOO_NEW
from covlane.config.pythons import minor

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.cases import Case
    from bench.cost import Cost
    from corpus.projects import Checkout

HERE = Path(__file__).parents[2]
DOCS = HERE / "docs"
#: pytest's exit codes: a test may fail on some Python.
ENDS = (0, 1)
NAMED = ("pytest", "slipcover", "coverage", "pytest-cov", "pytest-xdist", "pytest-forked", "hypothesis")
PLAIN_NOXFILE = """\
import nox


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    session.run("pytest")
"""


def main(arguments: list[str]) -> int:
    """Measure, print Markdown, and write it with --write; after every table, so that an end halfway costs one."""
    if "--instructions" in arguments:
        from bench import instructions

        return instructions.main([each for each in arguments if each != "--instructions"])
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--case", action="append", choices=list(CASES), help="again for more; all of them")
    parser.add_argument("--mode", action="append", choices=known_modes(), help="again for more; all of them")
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; all that are here")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=int, metavar="ROUNDS", help="for the other tools, which may be slow")
    parser.add_argument("--cache", type=Path, default=HERE / ".nox" / ".corpus", help="keeps the sdists")
    parser.add_argument("--write", action="store_true", help="put it into docs/benchmarks.{json,md,svg}")
    parser.add_argument(
        "--instructions", action="store_true", help="count instructions: a guard, see its --help"
    )
    given = parser.parse_args(arguments)
    kept = results.read(DOCS / "benchmarks.json") if given.write else results.Results()
    for name in given.case or CASES:
        with tempfile.TemporaryDirectory(prefix="covlane-bench-") as folder:
            checkout = CASES[name].check_out(given.cache, Path(folder))
            for python in _pythons(checkout, given.python):
                for mode in given.mode or known_modes():
                    rounds = Rounds(given.rounds, given.rounds if given.peers is None else given.peers)
                    kept = kept.replace(table(CASES[name], checkout, python, mode, rounds))
                    _keep(kept, write=given.write)
    if not given.case and not given.mode:
        with tempfile.TemporaryDirectory(prefix="covlane-bench-") as folder:
            kept = startup(kept, CASES["click"].check_out(given.cache, Path(folder)), given.rounds)
        _keep(kept, write=given.write)
    sys.stdout.write(document.document(kept))
    return 0


def _pythons(checkout: Checkout, wanted: list[str] | None) -> list[str]:
    able = checkout.configured().settings.pythons
    if wanted:
        return [python for python in wanted if python in able]
    return [python for python in able if shutil.which(f"python{python}", path=checkout.environ["PATH"])]


def _keep(kept: results.Results, *, write: bool) -> None:
    if write:
        results.write(DOCS / "benchmarks.json", kept)
        (DOCS / "benchmarks.md").write_text(document.document(kept), "utf-8")
        (DOCS / "benchmarks.svg").write_text(chart.chart(kept), "utf-8")


class Rounds(NamedTuple):
    """How often a leg and bare pytest are timed, and how often other tools."""

    own: int
    peers: int


def table(case: Case, checkout: Checkout, python: str, mode: str, rounds: Rounds) -> Table:
    """Time every tool on a suite in one mode, in turn."""
    asked = {f"COVLANE_{name.upper()}": value for name, value in MODES[mode].settings.items()}
    checkout = checkout._replace(environ={**checkout.environ, **asked})
    checkout.leg(python, *case.tests, codes=ENDS)
    interpreter = str(checkout.python(python))
    able = minor(python) < TOO_NEW
    wanted = ("coverage", "pytest-cov", *[f"slipcover=={MODEL}"] * able, *MODES[mode].requirements)
    checkout.run("uv", "pip", "install", "-q", "--python", interpreter, *wanted)
    leg, others = Leg(checkout, python), peers(checkout, python, mode, case.tests)
    if not able:
        others.pop(SLIPCOVER)
    commands: dict[str, Callable[[], list[object]]] = {BARE: lambda: others[BARE]}

    def bare_first() -> list[object]:
        forget_compiled(checkout)
        return others[BARE]

    commands[BARE_FIRST] = bare_first
    commands[FIRST] = lambda: leg.command(first=True)
    if leg.keeps:
        commands[LATER] = lambda: leg.command(first=False)
    commands |= {tool: lambda tool=tool: others[tool] for tool in others if tool != BARE}  # type: ignore[misc]
    title = f"{case.name}, Python {python}, {mode}"
    _run(checkout, commands[BARE], f"{title}: to warm up")
    costs: dict[str, list[Cost]] = {tool: [] for tool in commands}
    codes: dict[str, int] = {}
    for number in range(rounds.own):
        # Each round begins with another: a machine that slows down slows none more than others.
        turn = list(commands.items())
        for tool, command in turn[number % len(turn) :] + turn[: number % len(turn)]:
            if codes.get(tool, 0) not in ENDS or (tool in PEERS and number >= rounds.peers):
                continue
            cost, codes[tool] = _run(
                checkout,
                command,
                f"{title}, round {number + 1}: {tool}",
                may_fail=tool in others and tool != BARE,
            )
            if codes[tool] in ENDS:
                costs[tool].append(cost)
    rows = {tool: Row(costs[tool], codes[tool]) for tool in commands if tool in codes}
    return Table(case.name, python, mode, _about(case, checkout, python, rounds), machine(), rows)


def _run(
    checkout: Checkout, command: Callable[[], list[object]], title: str, *, may_fail: bool = False
) -> tuple[Cost, int]:
    argv = command()
    ended = measure(argv, cwd=checkout.root, environ=checkout.environ)
    if ended.code not in ENDS:
        said = f"{title}: {argv} ended with {ended.code}:\n{ended.output[-4000:]}"
        if not may_fail:
            raise SystemExit(said)
        sys.stderr.write(f"{said}\n")
    sys.stderr.write(f"{title}: {ended.cost}\n")
    return ended.cost, ended.code


def _about(case: Case, checkout: Checkout, python: str, rounds: Rounds) -> str:
    interpreter = str(checkout.python(python))
    frozen = checkout.run("uv", "pip", "freeze", "--python", interpreter).stdout.split()
    versions = sorted(line.replace("==", " ") for line in frozen if line.partition("==")[0] in NAMED)
    if case.size:
        modules, lines, tests = case.size
        what = f"a made package of {modules} modules of {lines} lines, {tests:,} tests"
    else:
        what = " ".join([case.project.name, case.project.version, *case.tests])
    full = checkout.run(interpreter, "-V").stdout.strip()
    own, others = (f"{number} {'round' if number == 1 else 'rounds'}" for number in rounds)
    return f"{what}; {full}, {', '.join(versions)}; {own}{f', the other tools {others}' * (own != others)}"


def startup(kept: results.Results, checkout: Checkout, rounds: int) -> results.Results:
    """Add the CPU seconds that the command line's programs need to list what they have."""
    plain = checkout.root / "plain_noxfile.py"
    plain.write_text(PLAIN_NOXFILE, "utf-8")
    programs = {
        "`python -c pass`": ["-c", "pass"],
        "`covlane --list`": ["-m", "covlane", "--list"],
        "`invoke --list`": ["-m", "invoke", "--list"],
        "`nox -l`, a noxfile without covlane": ["-m", "nox", "-l", "-f", plain],
        "`nox -l`, covlane's sessions registered": ["-m", "nox", "-l"],
    }
    took = {
        name: [_run(checkout, lambda argv=argv: [sys.executable, *argv], name)[0].cpu for _ in range(rounds)]  # type: ignore[misc]
        for name, argv in programs.items()
    }
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("nox", "invoke", "covlane"))
    about = f"Python {platform.python_version()}, {versions}; {rounds} rounds; {machine()}"
    return results.Results(kept.tables, took, about)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
