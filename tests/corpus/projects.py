"""The real projects that the corpus and the benchmark measure: fetched as sdists, made repositories, given the lane."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING, NamedTuple

from covlane.adapters import process
from covlane.adapters.environment import environment
from covlane.config import settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from covlane.adapters.process import Finished

#: Seconds that one program may take: the slowest suite under the slowest tool, many times over.
LIMIT = 1800
#: What an enclosing nox, CI or shell would say to the programs that are tried.
NOT_FOR_CHILDREN = ("NOX_", "COVLANE_", "COVERAGE_", "PYTEST_", "PYTHON", "SLIPCOVER_")
NOT_FOR_CHILDREN_EITHER = frozenset({"CI", "GITHUB_ACTIONS", "UV_PYTHON", "VIRTUAL_ENV", "NO_COLOR"})


class Project(NamedTuple):
    """A release, what its repository has to say in [tool.covlane], ideally nothing, and why.

    `for_slipcover` holds pytest arguments without which SlipCover by itself cannot run the suite.
    """

    name: str
    version: str
    table: tuple[str, ...] = ()
    why: str = ""
    for_slipcover: tuple[str, ...] = ()


PROJECTS = (
    Project("click", "8.5.1"),
    # SlipCover's finder tells pytest's importlib mode that the folder `tests` is no package.
    Project("attrs", "26.1.0", for_slipcover=("--import-mode=prepend",)),
    Project("itsdangerous", "2.2.0"),
    Project("pluggy", "1.7.0"),
    Project("toolz", "1.2.0"),
    Project("cachetools", "8.0.1"),
    Project("h11", "0.16.0"),
)


class Checkout(NamedTuple):
    """A project as a repository with the lane in it."""

    project: Project
    root: Path
    environ: Mapping[str, str]

    def run(self, *argv: object, codes: Sequence[int] = (0,)) -> Finished:
        """Run a program in the repository; a SystemExit with its output where it ends with another code."""
        return run(*argv, cwd=self.root, environ=self.environ, codes=codes)

    def configured(self) -> settings.Configured:
        """Return the settings that covlane finds here."""
        return settings.load(self.root, self.environ)

    def python(self, version: str) -> Path:
        """Return the interpreter of a leg's environment, which exists once the leg has run."""
        return self.root / ".nox" / f"coverage-{version.replace('.', '-')}" / "bin" / "python"

    def plan(self, version: str) -> Path:
        """Return the plan of a leg that has run."""
        return self.root / "reports" / "legs" / f"coverage-{version}.d" / "leg.json"

    def leg(self, version: str, *arguments: object, codes: Sequence[int] = (0,)) -> Finished:
        """Run a leg as a person does; arguments are pytest's."""
        return self.run(
            sys.executable, "-m", "nox", "-s", f"coverage-{version}", "--", *arguments, codes=codes
        )


def run(*argv: object, cwd: Path, environ: Mapping[str, str], codes: Sequence[int] = (0,)) -> Finished:
    """Run a program; a SystemExit with its output where it does not end with one of the codes."""
    texts = [str(part) for part in argv]
    done = process.run(texts, cwd=cwd, environ=environ, timeout=LIMIT)
    if done.code not in codes:
        raise SystemExit(
            f"{' '.join(texts)} ended with {done.code}:\n{done.stdout[-4000:]}{done.stderr[-4000:]}"
        )
    return done


def children_environment() -> dict[str, str]:
    """Return the environment of everything that is tried here: a plain shell's."""
    plain = {
        name: value
        for name, value in environment().items()
        if not name.startswith(NOT_FOR_CHILDREN) and name not in NOT_FOR_CHILDREN_EITHER
    }
    # The covlane that runs this is the one that is tried; nox shall not fetch another.
    return plain | {"NOX_SCRIPT_MODE": "none"}


def chosen(names: Sequence[str]) -> tuple[Project, ...]:
    """Return the projects of these names, all where there are none."""
    unknown = set(names) - {project.name for project in PROJECTS}
    if unknown:
        raise SystemExit(f"no such project: {', '.join(sorted(unknown))}")
    return tuple(project for project in PROJECTS if not names or project.name in names)


def check_out(project: Project, cache: Path, work: Path) -> Checkout:
    """Make a repository of a project's sdist and run `covlane init` in it.

    Args:
        project: which.
        cache: keeps the sdists from run to run.
        work: an empty folder outside of any other repository, whose pytest configuration would be found.
    """
    environ = children_environment()
    sdist = fetch(project, cache, environ)
    with tarfile.open(sdist) as archive:
        archive.extractall(work, filter="data")
    return adopt(project, work / sdist.name.removesuffix(".tar.gz"), environ)


def adopt(project: Project, root: Path, environ: Mapping[str, str]) -> Checkout:
    """Make a folder with a project in it a repository, and run `covlane init` there."""
    checkout = Checkout(project, root, environ)
    checkout.run("git", "init", "-q", "-b", "main")
    checkout.run(sys.executable, "-m", "covlane", "init")
    if project.table:
        with (checkout.root / "pyproject.toml").open("a", encoding="utf-8") as file:
            file.write("\n[tool.covlane]\n" + "".join(f"{line}\n" for line in project.table))
    checkout.run("git", "add", "-A")
    author = ("-c", "user.name=corpus", "-c", "user.email=corpus@example.invalid")
    checkout.run("git", *author, "commit", "-q", "-m", f"{project.name} {project.version}")
    # Where the version comes from git, it has to be the one that the environment's other packages ask for.
    checkout.run("git", "tag", project.version)
    return checkout


def fetch(project: Project, cache: Path, environ: Mapping[str, str]) -> Path:
    """Return the sdist of a project, which the cache keeps from run to run."""
    cache.mkdir(parents=True, exist_ok=True)
    pinned = f"{project.name}=={project.version}"
    sdist = cache / f"{project.name}-{project.version}.tar.gz"
    if not sdist.exists():
        pip = (sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:")
        run(*pip, "-d", cache, pinned, cwd=cache, environ=environ)
    return sdist
