"""The hot paths whose instructions are counted: what is run, and what is run less of to subtract."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus import made, projects, scale
from covlane.collector.leg.plan import Plan
from covlane.collector.leg.processes import VARIABLE
from leg import COLLECTOR, Project

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).parents[2]
IMPORTS = "for number in range({}): __import__(f'made.part{{number // 25}}.module{{number}}')\n"
FORKS = IMPORTS + (
    "import os\n"
    "for _ in range({}):\n"
    "    child = os.fork()\n"
    "    if not child: os._exit(0)\n"
    "    os.waitpid(child, 0)\n"
)
MODULES = 50
#: What `run` tells `finish` of pytest's end.
END = b'{"status": 0, "arguments": [], "heard": []}\n'


class Run(NamedTuple):
    """A program, and what of former runs is removed before it."""

    argv: list[object]
    cwd: Path
    environ: Mapping[str, str] = {}
    remove: tuple[Path, ...] = ()
    stdin: bytes = b""


class HotPath(NamedTuple):
    """A path: what returns its program, and those whose counts are subtracted; the tolerance is a ratio."""

    prepare: Callable[[Workshop], list[Run]]
    tolerance: float = 0.15


class Workshop(NamedTuple):
    """Where the programs run: a folder, the Python of an environment with covlane and SlipCover, and variables."""

    root: Path
    python: Path
    environ: Mapping[str, str]

    @classmethod
    def open(cls, root: Path, version: str) -> Workshop:
        """Make the environment, which takes some seconds."""
        # The order of sets and what of it reaches a program shall not change from run to run.
        environ = {**projects.children_environment(), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
        shop = cls(root, root / "venv" / "bin" / "python", environ)
        shop.uv("venv", "-q", "--python", version, root / "venv")
        shop.uv("pip", "install", "-q", "--python", shop.python, "-e", HERE, "slipcover==1.1.0", "pytest")
        return shop

    def uv(self, *arguments: object) -> str:
        """Run uv; a SystemExit with its output where it fails."""
        return projects.run("uv", *arguments, cwd=self.root, environ=self.environ).stdout

    def leg(self, name: str) -> tuple[Project, Path]:
        """Return a made package that has been measured once, so that what a leg keeps is there, and its plan."""
        project = Project(self.root / name, self.python)
        shutil.rmtree(project.root)
        made.make(project.root, modules=MODULES, lines=150, tests=MODULES)
        kept = {"cache": str(self.root / f"{name}.cache")} if "cache" in Plan._fields else {}
        plan = project.plan(source=["made"], omit=["reports"], **kept)
        projects.run(*project.command(plan, "-q"), cwd=project.root, environ=self.environ)
        return project, plan


def imports(shop: Workshop) -> list[Run]:
    """Import twenty measured modules whose code is kept."""
    project, plan = shop.leg("imports")
    return [_measured(project, plan, IMPORTS.format(count)) for count in (20, 0)]


def new_imports(shop: Workshop) -> list[Run]:
    """Import twenty measured modules of which nothing is kept."""
    project, plan = shop.leg("new")
    runs = [_measured(project, plan, IMPORTS.format(count)) for count in (20, 0)]
    return [run._replace(remove=(*run.remove, shop.root / "new.cache")) for run in runs]


def forks(shop: Workshop) -> list[Run]:
    """Fork fifty times in a process that has run twenty measured modules."""
    project, plan = shop.leg("forks")
    return [_measured(project, plan, FORKS.format(20, count)) for count in (50, 0)]


def loops(shop: Workshop) -> list[Run]:
    """Go ten thousand times around a loop of one line in long code, every line of which has run before."""
    project, plan = shop.leg("loops")
    loop = "    return [one for one in range(count) if one]\n"
    project.write("made/long.py", "def run(count):\n" + "    made = [1, 2]\n" * 200 + loop)
    first, *_ = runs = [
        _measured(project, plan, f"import made.long as it; it.run(1); it.run({count})")
        for count in (10_000, 1)
    ]
    projects.run(*first.argv, cwd=first.cwd, environ={**shop.environ, **first.environ})  # keeps its code
    return runs


def finish(shop: Workshop) -> list[Run]:
    """Make the report of fifty files, as the leg's next run would."""
    project, plan = shop.leg("finish")
    argv: list[object] = [shop.python, "-I", "-X", "utf8", COLLECTOR, "finish"]
    nothing = project.root / "reports" / "legs" / "nothing.d" / "leg.json"
    nothing.parent.mkdir()
    nothing.write_text(plan.read_text("utf-8").replace('"source": ["made"]', '"source": []'), "utf-8")
    return [Run([*argv, each], project.root, stdin=END) for each in (plan, nothing)]


def merge(shop: Workshop) -> list[Run]:
    """Merge three legs of fifty files."""
    root = shop.root / "merge"
    root.mkdir()
    scale.make(root, "reports", 3, MODULES)
    environ = {"COVLANE_SOURCE": "src", "COVLANE_PYTHONS": "3.10,3.11,3.12"}
    return [Run([shop.python, "-m", "covlane", "merge"], root, environ)]


def listing(shop: Workshop) -> list[Run]:
    """List the tasks."""
    return [Run([shop.python, "-m", "covlane", "--list"], HERE)]


def _measured(project: Project, plan: Path, code: str) -> Run:
    """Return a Python of the leg, which has the leg's `.pth` file; what former processes said is removed."""
    said = tuple(plan.parent.glob("*.fragment"))
    environ = {VARIABLE: str(plan)}
    return Run([project.python, "-c", code], project.root, environ, (plan.parent / "record", *said))


PATHS = {
    "import of 20 modules": HotPath(imports),
    "import of 20 new modules": HotPath(new_imports),
    "50 forks": HotPath(forks),
    "a loop in long code": HotPath(loops),
    "finish of 50 files": HotPath(finish),
    "covlane merge": HotPath(merge),
    "covlane --list": HotPath(listing),
}
