"""How a leg ended: what of it is incomplete, and whether pytest failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.adapters.files import read_bytes
from covlane.errors import CovlaneError
from covlane.formats.slipcover import read_leg

if TYPE_CHECKING:
    from pathlib import Path

    import nox


def judge(session: nox.Session, output: Path) -> None:
    """Print how the leg ended; fail the session where pytest failed."""
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
    if stamp.exit_code != 0:
        session.error(f"pytest exited with {stamp.exit_code}; run it again: nox -s '{session.name}'")
