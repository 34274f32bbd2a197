"""What the bench measures: suites, ways to run them, and the tools that run them."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from corpus import made, projects
from corpus.projects import Project
from covlane.config.settings import Settings

if TYPE_CHECKING:
    from corpus.projects import Checkout

COLLECTOR = Path(__file__).parents[2] / "ci" / "covlane" / "collector"
#: pytest-forked 1.7.5 fails every test under pytest 9.2 and later, see docs/forked.md.
FORKING = "pytest<9.2"
#: ResourceWarnings from pytest-forked's child end its tests in an error where a project makes errors of warnings.
FORKED = (
    "--forked",
    "-W",
    "ignore::pytest.PytestUnraisableExceptionWarning",
    "-W",
    "ignore::ResourceWarning",
)
BARE, BARE_FIRST = "pytest", "pytest, no .pyc"
FIRST, LATER = "covlane, first run", "covlane, from the second run on"
SESSION = "covlane, the session `nox -R`"
SLIPCOVER, COVERAGE, PYTEST_COV = "python -m slipcover", "coverage run", "pytest-cov"
BARE_FORKED = "pytest --forked"
#: What may be slow, and be timed in fewer rounds.
PEERS = (SLIPCOVER, COVERAGE, PYTEST_COV)


class Case(NamedTuple):
    """A suite: a project's sdist, or a package of so many modules, lines each and tests; pytest's arguments."""

    name: str
    project: Project
    size: tuple[int, int, int] | None = None
    tests: tuple[str, ...] = ()

    def check_out(self, cache: Path, work: Path) -> Checkout:
        """Make it a repository with the lane in it; `work` is an empty folder, `cache` keeps sdists."""
        if self.size is None:
            return projects.check_out(self.project, cache, work)
        modules, lines, tests = self.size
        root = work / self.project.name
        made.make(root, modules=modules, lines=lines, tests=tests)
        return projects.adopt(self.project, root, projects.children_environment())


MADE = Project("made", "1")
CASES = {
    case.name: case
    for case in (
        *(Case(project.name, project) for project in projects.PROJECTS if project.name in ("click", "attrs")),
        Case("300 modules", MADE, (300, 150, 1_000)),
        Case("600 modules", MADE, (600, 300, 600)),
        Case("sympy", Project("sympy", "1.14.0"), tests=("sympy/discrete", "sympy/diffgeom")),
    )
}


class Mode(NamedTuple):
    """A way to run a suite: the settings that ask for it, and what bare pytest needs for the same."""

    settings: dict[str, str]
    arguments: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


#: `isolation = "process"` is covlane's own: bare pytest in that mode is pytest.
MODES = {
    "serial": Mode({}),
    "-n 2": Mode({"workers": "2"}, ("-n", "2"), ("pytest-xdist",)),
    "forked": Mode({"isolation": "forked"}, FORKED, ("pytest-forked", FORKING)),
    "process": Mode({"isolation": "process"}, (), ("pytest-forked", FORKING)),
}


def known_modes() -> tuple[str, ...]:
    """Return the modes that the settings know."""
    return tuple(name for name, mode in MODES.items() if _known(mode.settings.get("isolation", "none")))


def _known(isolation: str) -> bool:
    try:
        msgspec.convert({"isolation": isolation}, Settings)
    except msgspec.ValidationError:
        return False
    return True


class Leg:
    """A leg as its session ran it, to be run again without the session, and with what it keeps, or without."""

    def __init__(self, checkout: Checkout, python: str) -> None:
        report = checkout.configured().reports / "legs" / f"coverage-{python}.json"
        self._plan = json.loads((report.with_suffix(".d") / "leg.json").read_text("utf-8"))
        self._python = checkout.python(python)
        self._folder = report.with_name("bench.d")
        self._plan["output"] = str(self._folder.with_suffix(".json"))
        # Of a plan without the field nothing outlives a leg, and every run is a first one.
        self.keeps = bool(self._plan.get("cache"))
        self._arguments = json.loads(report.read_text("utf-8"))["covlane"]["argv"][1:]

    def command(self, *, first: bool) -> list[object]:
        """Return the command line of a run on a folder that is empty, made so now; `first` with nothing kept."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir()
        if first and self.keeps:  # in a new place, and nothing removed: see `forget_compiled`
            self._plan["cache"] = str(_beside(self._folder) / "kept")
        plan = self._folder / "leg.json"
        plan.write_text(json.dumps(self._plan), "utf-8")
        run = (self._python, COLLECTOR, "run", plan, "-m", "pytest")
        return [*run, *self._arguments, "-p", "no:pytest_cov"]


def forget_compiled(checkout: Checkout) -> None:
    """Put aside what Python keeps of the sources that are measured.

    Not removed: for minutes after a removal, ext4 passes over each inode that it freed wherever a file is made, which
    then takes twenty times as long.
    """
    aside = _beside(checkout.configured().reports / "legs")
    for source in checkout.configured().settings.source:
        for number, folder in enumerate(sorted((checkout.root / source).rglob("__pycache__"))):
            folder.rename(aside / f"{Path(source).name}-{number}")


def _beside(path: Path) -> Path:
    return Path(tempfile.mkdtemp(prefix="bench-", dir=path.parent))


def peers(checkout: Checkout, python: str, mode: str, tests: tuple[str, ...]) -> dict[str, list[object]]:
    """Return the other tools' command lines, bare pytest's first; none sees another's pytest plugin."""
    interpreter, folder = checkout.python(python), checkout.configured().reports
    sources = checkout.configured().settings.source
    source, pytest = ",".join(sources), (interpreter, "-m", "pytest", "-q")
    no_cov, no_slip = ("-p", "no:pytest_cov"), ("-p", "no:slipcover")
    # Without it, SlipCover ends in an error where a project has `filterwarnings = error`.
    quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning", *checkout.project.for_slipcover)
    slipcover = (interpreter, "-m", "slipcover", "--branch", "--source", source, "--json")
    covered = [f"--cov={Path(name).name}" for name in sources]
    found: dict[str, list[object]] = {BARE: [*pytest, *no_cov, *no_slip, *MODES[mode].arguments, *tests]}
    forked = FORKED if mode == "process" else MODES[mode].arguments
    if mode == "process":
        found[BARE_FORKED] = [*pytest, *no_cov, *no_slip, *forked, *tests]
    out = ("--out", folder / "bench-slipcover.json")
    run = ("-m", "pytest", "-q", *quiet, *no_cov)
    found[SLIPCOVER] = [*slipcover, *out, *run, *forked, *tests]
    if mode == "serial":
        # The environment is there, so what is more than in a leg is the session's own: its merge and its reports too.
        found[SESSION] = [sys.executable, "-m", "nox", "-R", "-s", f"coverage-{python}", "--", *tests]
        coverage = (interpreter, "-m", "coverage", "run", "--branch", f"--source={source}")
        found[COVERAGE] = [*coverage, "-m", "pytest", "-q", *no_cov, *no_slip, *tests]
    # A forked test ends by os._exit: coverage.py loses its lines unless it is told to look there.
    settings = folder / "bench.coveragerc"
    settings.write_text("[run]\nparallel = true\npatch = _exit\n" if "--forked" in forked else "", "utf-8")
    found[PYTEST_COV] = [
        *(*pytest, *covered, "--cov-branch", f"--cov-config={settings}", *no_slip, *forked, *tests),
    ]
    return found
