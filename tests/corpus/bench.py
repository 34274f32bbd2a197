"""`nox -s bench`: what a leg costs beside bare pytest, SlipCover as it comes, coverage.py and pytest-cov."""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from corpus import projects

if TYPE_CHECKING:
    from corpus.projects import Checkout

HERE = Path(__file__).parents[2]
COLLECTOR = HERE / "ci" / "covlane" / "collector"
DOCUMENT = HERE / "docs" / "benchmarks.md"
MEASURED = ("click", "attrs")
STARTUP = "Start-up"
BARE, SLIPCOVER = "pytest", "python -m slipcover"
PLAIN_NOXFILE = """\
import nox


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    session.run("pytest")
"""
INTRODUCTION = """\
# What the lane costs

Written by `nox -s bench -- --write`, which runs the tools in turn, round by round, and prints the median and the
least of the wall seconds: where the load of the machine changes between rounds, the least says more. Branches
are measured everywhere. `pytest` is the suite alone; `covlane: pytest` is the leg's own pytest process under the
collector; `covlane: whole leg` adds the second interpreter that works out what is executable and writes the
report. SlipCover and pytest-cov report at their end as well, `coverage run` only keeps its data. Each tool runs
without the other tools' pytest plugins. Compare ratios: seconds belong to the machine.
"""


class Row(NamedTuple):
    """The seconds of each round, and how the tool ended where the suite alone ends otherwise."""

    tool: str
    times: list[float]
    note: str = ""


class Suite(NamedTuple):
    """One suite on one Python under every tool."""

    title: str
    versions: str
    rows: list[Row]


def main(arguments: list[str]) -> int:
    """Measure, print Markdown, and write it with --write; after every suite, so that an end halfway costs one."""
    parser = argparse.ArgumentParser(prog="nox -s bench --", description=__doc__)
    parser.add_argument("--python", action="append", metavar="3.X", help="again for more; the running one")
    parser.add_argument("--project", action="append", default=[], metavar="NAME", help="click and attrs")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cache", type=Path, default=HERE / ".nox" / ".corpus", help="keeps the sdists")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = parser.parse_args(arguments)
    pythons = given.python or [f"3.{sys.version_info.minor}"]
    suites: list[Suite] = []
    with tempfile.TemporaryDirectory(prefix="covlane-bench-") as folder:
        work = Path(folder)
        chosen = projects.chosen(given.project or MEASURED)
        checkouts = [projects.check_out(project, given.cache, work) for project in chosen]
        started = startup(checkouts[0])
        for python in pythons:
            for checkout in checkouts:
                suites.append(measure(checkout, python, given.rounds))
                if given.write:
                    text = DOCUMENT.read_text("utf-8") if DOCUMENT.exists() else ""
                    DOCUMENT.write_text(document(suites, started, given.rounds, before=text), "utf-8")
    sys.stdout.write(document(suites, started, given.rounds))
    return 0


def measure(checkout: Checkout, python: str, rounds: int) -> Suite:
    """Time every tool on a suite, in turn."""
    checkout.leg(python, codes=(0, 1))
    interpreter = str(checkout.python(python))
    checkout.run("uv", "pip", "install", "-q", "--python", interpreter, "coverage", "pytest-cov")
    frozen = checkout.run("uv", "pip", "freeze", "--python", interpreter).stdout.split()
    commands = _commands(checkout, python)
    times: dict[str, list[float]] = {tool: [] for tool in commands}
    ends: dict[str, int] = {}
    for number in range(rounds):
        for tool, argv in commands.items():
            seconds, ends[tool] = _wall(checkout, argv)
            times[tool].append(seconds)
            title = f"{checkout.project.name} {python} round {number + 1}"
            sys.stderr.write(f"{title}: {tool} {seconds:.1f}\n")
    known = ("pytest", "slipcover", "coverage", "pytest-cov", "hypothesis")
    versions = sorted(line.replace("==", " ") for line in frozen if line.partition("==")[0] in known)
    full = checkout.run(interpreter, "-V").stdout.strip()
    return Suite(
        f"{checkout.project.name} {checkout.project.version}, {full}",
        ", ".join(versions),
        [
            Row(tool, seconds, "" if ends[tool] == ends[BARE] else f" (tests fail: {ends[tool]})")
            for tool, seconds in times.items()
        ],
    )


def _commands(checkout: Checkout, version: str) -> dict[str, list[str]]:
    """Return the tools' command lines; none sees another's pytest plugin."""
    python = str(checkout.python(version))
    plan = checkout.plan(version)
    source = list(checkout.configured().settings.source)
    out = str(checkout.root / "reports" / "bench")
    no_cov, no_slip = ["-p", "no:pytest_cov"], ["-p", "no:slipcover"]
    # Without it, SlipCover ends in an error where a project has `filterwarnings = error`.
    quiet = ["-W", "ignore::pytest.PytestAssertRewriteWarning", *checkout.project.for_slipcover]
    covered = [f"--cov={Path(name).name}" for name in source]
    slipcover = ["-m", "slipcover", "--branch", "--source", ",".join(source), "--json", "--out", out]
    return {
        BARE: [python, "-m", "pytest", "-q", *no_cov, *no_slip],
        "covlane: pytest": [python, str(COLLECTOR), "measure", str(plan), "-q", *no_cov],
        "covlane: whole leg": [
            *(python, str(COLLECTOR), "run", str(_plan_of_its_own(plan)), "-m", "pytest", "-q"),
            *no_cov,
        ],
        SLIPCOVER: [python, *slipcover, "-m", "pytest", "-q", *quiet, *no_cov],
        "coverage run": [
            *(python, "-m", "coverage", "run", "--branch", f"--source={','.join(source)}"),
            *("-m", "pytest", "-q", *no_cov, *no_slip),
        ],
        "pytest-cov": [python, "-m", "pytest", "-q", *covered, "--cov-branch", *no_slip],
    }


def _plan_of_its_own(plan: Path) -> Path:
    """Return a copy of a leg's plan in an empty folder: fragments lie beside the plan."""
    values = json.loads(plan.read_text("utf-8"))
    folder = plan.parent.with_name("bench.d")
    folder.mkdir(exist_ok=True)
    copy = folder / plan.name
    values["output"] = str(folder.with_suffix(".json"))
    copy.write_text(json.dumps(values), "utf-8")
    return copy


def _wall(checkout: Checkout, argv: list[str]) -> tuple[float, int]:
    """Return the seconds that a run takes, and pytest's exit code: a test may fail on some Python."""
    for folder in (checkout.root / "reports").glob("legs/*.d"):
        for fragment in folder.glob("*.fragment"):
            fragment.unlink()
    begin = time.perf_counter()
    done = checkout.run(*argv, codes=(0, 1))
    return time.perf_counter() - begin, done.code


def startup(checkout: Checkout) -> list[Row]:
    """Return the CPU seconds, user and system, that the command line's programs need to list what they have."""
    plain = checkout.root / "reports" / "plain_noxfile.py"
    plain.parent.mkdir(exist_ok=True)
    plain.write_text(PLAIN_NOXFILE, "utf-8")
    programs = {
        "`python -c pass`": ["-c", "pass"],
        "`covlane --list`": ["-m", "covlane", "--list"],
        "`invoke --list`": ["-m", "invoke", "--list"],
        "`nox -l`, a noxfile without covlane": ["-m", "nox", "-l", "-f", str(plain)],
        "`nox -l`, covlane's sessions registered": ["-m", "nox", "-l"],
    }
    return [
        Row(name, [_cpu(checkout, sys.executable, *argv) for _ in range(5)])
        for name, argv in programs.items()
    ]


def _cpu(checkout: Checkout, *argv: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    checkout.run(*argv)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def document(suites: list[Suite], started: list[Row], rounds: int, before: str = "") -> str:
    """Return the tables as Markdown, with the suites that stand in `before` and were not measured again."""
    sections = {part.partition("\n")[0]: part for part in before.split("\n## ")[1:]}
    sections.pop(STARTUP, None)
    for suite in suites:
        about = f"{rounds} rounds, with {suite.versions}."
        sections[suite.title] = f"{suite.title}\n\n{about}\n\n{_table(suite.rows)}"
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in ("nox", "invoke", "covlane"))
    sections[STARTUP] = (
        f"{STARTUP}\n\n"
        f"CPU seconds, user and system, medians of five; Python {platform.python_version()}, {versions}.\n\n"
        "| program | CPU seconds |\n|---|---:|\n"
        + "".join(f"| {row.tool} | {median(row.times):.2f} |\n" for row in started)
    )
    *shown, last = sections.values()
    return "\n## ".join([f"{INTRODUCTION}\nMachine: {_cpu_model()}.\n", *sorted(shown), last])


def _table(rows: list[Row]) -> str:
    lines = ["| | median | to pytest | to SlipCover | least | to pytest | to SlipCover |"]
    lines.append("|---|---:|---:|---:|---:|---:|---:|")
    times = {row.tool: row.times for row in rows}
    for tool, own, note in rows:
        cells = [f"{tool}{note}"]
        for of in (median, min):
            seconds = of(own)
            cells += [f"{seconds:.1f}", *(f"{seconds / of(times[other]):.2f}" for other in (BARE, SLIPCOVER))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else platform.machine()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
