"""How a leg ended: what of it is incomplete, and whether pytest failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters.files import read_bytes
from covlane.commands.leg import remedies
from covlane.errors import CovlaneError
from covlane.formats.slipcover import read_leg

if TYPE_CHECKING:
    from pathlib import Path

    import nox

    from covlane.config.settings import Configured
    from covlane.model.report import Stamp


#: What pytest counts that is no test (its terminal's categories).
NO_TESTS = {"error", "warnings", "deselected"}


def started(output: Path) -> bool:
    """Say whether a leg ran any test; also where its report cannot be read, which `judge` says."""
    try:
        stamp = read_leg(read_bytes(output), str(output)).stamp
    except CovlaneError:
        return True
    return _ran(stamp)


def _ran(stamp: Stamp) -> bool:
    """Say whether tests ran: pytest ends with 1, too, where a plugin or its configuration raises something."""
    return not NO_TESTS.issuperset(stamp.counts) or (stamp.exit_code in (0, 1) and stamp.complete)


def interrupted(session: nox.Session, output: Path, configured: Configured) -> None:
    """Say what Ctrl-C left of a leg, and how to see it."""
    try:
        stamp = read_leg(read_bytes(output), str(output)).stamp
    except CovlaneError:
        session.warn("interrupted before pytest ran: nothing was measured")
        return
    tests = sum(count for name, count in stamp.counts.items() if name not in NO_TESTS)
    name = output.relative_to(configured.root).as_posix()
    session.warn(
        f"interrupted: what {tests:,} test{'' if tests == 1 else 's'} ran is kept in {name}, which is incomplete\n"
        f"  -> `nox -s {configured.settings.prefix}report` shows it"
    )


def judge(session: nox.Session, output: Path, configured: Configured) -> None:
    """Print how the leg ended; fail the session where pytest failed, with a remedy if it did not start."""
    try:
        stamp = read_leg(read_bytes(output), str(output)).stamp
    except CovlaneError as error:
        session.error(f"the leg left no report: {error}")
    for reason in stamp.reasons:
        session.warn(f"this leg is incomplete: {reason}")
    for note in stamp.notes:
        session.warn(note)
    if (killed := stamp.processes.killed) and stamp.complete:
        session.log(
            f"{killed:,} process{'es were' if killed > 1 else ' was'} killed or crashed; no measured line was lost"
        )
    if not stamp.self_check_passed:
        session.warn(f"the self-check was not fully measured: {stamp.self_check}")
    for name, why in {**stamp.unbranched, **stamp.unparsable}.items():
        session.warn(f"{name} is only partly measured: {why}")
    if not _ran(stamp) and (remedy := remedies.of(stamp.reasons, configured)):
        session.error(f"pytest exited with {stamp.exit_code}, see above\n  -> {remedy}")
    if stamp.exit_code != 0:
        session.error(f"pytest exited with {stamp.exit_code}; run it again: nox -s '{session.name}'")
