"""One leg in its nox session: its environment, pytest under the collector, its report."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from covlane.adapters.environment import in_ci
from covlane.commands.leg import environment, plan, verdict
from covlane.commands.leg.cache import COLLECTOR

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import TextIO

    import nox

    from covlane.config.settings import Configured
    from covlane.connections.local import Local

#: Exit codes and signals that end a leg's run without ending the session: its report says what happened.
ANY_END = range(-64, 256)


def run(session: nox.Session, configured: Configured, clients: Local, shard: int = 0) -> bool:
    """Run one leg, or one shard of it.

    Returns:
        Whether the report of all legs has to be shown now, as no session will do so after this one.

    Raises:
        CovlaneError: a source is missing, or the leg left no report.
        nox.command.CommandFailed: an installation failed.
    """
    output = configured.reports / "legs" / f"{plan.leg_name(session, configured)}.json"
    try:
        if not measure(session, configured, clients, output, session.posargs, shard=shard):
            return False
    except KeyboardInterrupt:
        verdict.interrupted(session, output, configured)
        raise
    local = not in_ci(clients.environ)
    # A table of 0 % says nothing of a suite that did not start.
    followed = local and verdict.started(output) and _notify(session, f"{configured.settings.prefix}report")
    verdict.judge(session, output, configured)
    return local and not followed


def measure(
    session: nox.Session,
    configured: Configured,
    clients: Local,
    output: Path,
    arguments: Sequence[str],
    *,
    shard: int = 0,
    stdout: TextIO | None = None,
) -> bool:
    """Make the environment and run pytest in it under the collector; False after `nox --install-only`."""
    folder = output.with_suffix(".d")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    output.unlink(missing_ok=True)
    output.with_suffix(".contexts.gz").unlink(missing_ok=True)
    if not environment.install(session, configured, clients, folder):
        return False
    path = folder / "leg.json"
    path.write_text(json.dumps(plan.plan(session, configured, clients, output, shard)), "utf-8")
    session.run(
        *("python", str(COLLECTOR), "run", str(path), "-m", "pytest"),
        *environment.mode(configured.settings)[1],
        *configured.settings.pytest_args,
        *arguments,
        stdout=stdout,
        success_codes=ANY_END,
        interrupt_timeout=None,
        terminate_timeout=None,
    )
    return True


def _notify(session: nox.Session, report: str) -> bool:
    """Have the session `report` follow the last leg; False where nox cannot.

    Under `nox -j` each session is a nox of its own, which knows no other.
    """
    try:
        session.notify(report)
    except ValueError:
        return False
    return True
