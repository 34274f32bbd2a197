"""The plan of a leg: what its collector has to know, as JSON."""

from __future__ import annotations

import json
import sys
from importlib import metadata
from typing import TYPE_CHECKING

import covlane
from covlane.commands.leg import cache
from covlane.config import pythons, settings, sources
from covlane.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import nox

    from covlane.config.settings import Configured
    from covlane.connections.local import Local

#: Prints from where an environment imports a name, as a list of JSON.
LOCATE = (
    "import json, os, sys\n"
    "from importlib.util import find_spec\n"
    "try: spec = find_spec(sys.argv[1])\n"
    "except Exception: spec = None\n"
    "found = spec and (spec.submodule_search_locations or [spec.origin]) or []\n"
    "print(json.dumps([place for place in found if place and os.path.isabs(place)]))"
)


def leg_name(session: nox.Session, configured: Configured) -> str:
    """Return the name of the leg that a session runs on this machine."""
    system = settings.SYSTEMS.get(sys.platform, sys.platform) if configured.settings.github.systems else ""
    return settings.leg_name(session.name, system)


def plan(
    session: nox.Session, configured: Configured, clients: Local, output: Path, shard: int
) -> dict[str, object]:
    """Return what the collector has to know (`collector/leg/plan.py`); `shard` counts from 1, 0 is no shard.

    Raises:
        UsageError: a source is not there, or is not part of the repository.
    """

    def locate(name: str) -> list[str]:
        found = session.run("python", "-I", "-c", LOCATE, name, silent=True, log=False)
        return [str(place) for place in json.loads(str(found).splitlines()[-1])]

    git, chosen = clients.git, configured.settings
    return {
        "schema": 1,
        "leg": leg_name(session, configured),
        "root": str(configured.root),
        "output": str(output),
        "source": sources.measured(configured.root, chosen.source, locate),
        # The self-check is a file below the reports, which may lie below the sources.
        "omit": [*chosen.omit, chosen.reports],
        "exclude": [*chosen.exclude_lines, *chosen.exclude_also],
        "partial": [*chosen.partial_branches, *chosen.partial_also],
        "branch": chosen.branch,
        "subprocess": chosen.subprocess,
        "engine": chosen.engine,
        "canary": chosen.canary,
        "isolation": chosen.isolation,
        "workers": chosen.workers,
        "shard": [shard, chosen.shards] if shard else None,
        "durations": str(configured.reports / "durations.json"),
        "cache": cache.folder(session, configured),
        "contexts": _with_contexts(session, configured),
        "commit": git.commit(),
        "dirty": git.dirty(),
        "tools": _tools(),
    }


def _with_contexts(session: nox.Session, configured: Configured) -> bool:
    """Return whether the leg tells tests apart; say so where another one does and its Python cannot.

    Raises:
        UsageError: no Python of the lane can.
    """
    if not configured.settings.contexts:
        return False
    names, python = configured.settings.pythons, str(session.python)
    if not any(map(pythons.has_contexts, names)):
        raise UsageError(
            f"contexts = true, and Python {' and '.join(names)} cannot tell which test runs a line",
            "add Python 3.12 or later to `pythons`, or set `contexts = false`",
        )
    if not (can := pythons.has_contexts(python)):
        session.log(f"Python {python} cannot tell which test runs a line: this leg has no contexts")
    return can


def _tools() -> dict[str, str]:
    """Return the versions of the host's side of the lane."""
    return {"covlane": covlane.__version__, "nox": metadata.version("nox")}
