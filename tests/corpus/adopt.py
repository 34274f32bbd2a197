"""`nox -s corpus -- --adopt`: repositories of many shapes under the lane without a setting, against bare pytest."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from corpus import projects
from corpus.projects import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from corpus.projects import Checkout

#: Releases of different layouts, build backends and ways to name what tests need and what is measured.
ADOPTED = (
    *projects.PROJECTS,
    Project("boltons", "26.2.0"),
    Project("flask", "3.1.3"),
    Project("httpx", "0.28.1"),
    Project("jinja2", "3.1.6"),
    Project("markupsafe", "3.0.4"),
    Project("requests", "2.34.2"),
    Project("starlette", "1.10.0"),
    Project("urllib3", "2.8.0"),
)
HEADER = (
    "| repository | tests | as under bare pytest | lines | sources | what is installed |\n"
    "|---|---:|---|---:|---|---|\n"
)
#: pytest's exit codes when it ran what it could.
ENDS = (0, 1, 2)


class Adopted(NamedTuple):
    """A repository under the lane: its row, and what differs from bare pytest."""

    row: str
    differing: tuple[str, ...]


def main(
    names: Sequence[str], python: str, cache: Path, outcomes: Callable[[Path], set[tuple[str, str]]]
) -> int:
    """Try the repositories on a Python and print Markdown; 1 where an outcome differs, or a leg does not run."""
    wanted = [project for project in ADOPTED if not names or project.name in names]
    sys.stdout.write(HEADER)
    failed = False
    with tempfile.TemporaryDirectory(prefix="covlane-adopt-") as folder:
        for project in wanted:
            try:
                found = _adopt(project, python, cache, Path(folder), outcomes)
            except SystemExit as error:
                reason = " ".join(str(error).split())[-300:]
                found = Adopted(
                    f"| {project.name} {project.version} | - | {reason} | - | - | - |\n", (reason,)
                )
            sys.stdout.write(found.row)
            sys.stdout.flush()
            failed |= bool(found.differing)
            sys.stderr.writelines(f"corpus: {project.name}: {one}\n" for one in found.differing)
    return 1 if failed else 0


def _adopt(
    project: Project, python: str, cache: Path, work: Path, outcomes: Callable[[Path], set[tuple[str, str]]]
) -> Adopted:
    checkout = projects.check_out(project, cache, work)
    folder = checkout.root / "reports" / "adopt"
    folder.mkdir(parents=True, exist_ok=True)
    done = checkout.leg(python, f"--junitxml={folder / 'leg.xml'}", codes=ENDS)
    if not (folder / "leg.xml").exists():
        raise SystemExit(f"pytest did not start: {(done.stdout + done.stderr)[-600:]}")
    bare = f"--junitxml={folder / 'bare.xml'}"
    checkout.run(checkout.python(python), "-m", "pytest", bare, codes=ENDS)
    leg, other = outcomes(folder / "leg.xml"), outcomes(folder / "bare.xml")
    differing = tuple(sorted(f"{name} ({outcome})" for name, outcome in leg ^ other))
    summary = json.loads((checkout.root / "reports" / "legs" / f"coverage-{python}.json").read_text())[
        "summary"
    ]
    executed = summary["covered_lines"]
    cells = (
        f"{project.name} {project.version}",
        f"{len(leg):,}",
        f"no: {len(differing)} differ" if differing else "yes",
        f"{executed:,}/{executed + summary['missing_lines']:,}",
        _setting(checkout, "source"),
        f"{_setting(checkout, 'install')}; groups {_setting(checkout, 'groups')}",
    )
    return Adopted(f"| {' | '.join(cells)} |\n", differing)


def _setting(checkout: Checkout, name: str) -> str:
    configured = checkout.configured()
    values = ", ".join(getattr(configured.settings, name)) or "none"
    return f"`{values}` ({configured.origins[name].removeprefix('detected: ')})"
