"""One suite under two engines, and the lines and branches on which they differ."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import msgspec

from covlane.commands import compare
from covlane.commands.leg.plan import leg_name
from covlane.commands.leg.run import measure
from covlane.config import engines
from covlane.render import lines

if TYPE_CHECKING:
    import nox

    from covlane.config.settings import Configured
    from covlane.connections.local import Local


def run(session: nox.Session, configured: Configured, clients: Local) -> None:
    """Run the suite under each engine and print the differences; fail the session where one has no known reason."""
    asked = compare.asked(session.posargs, list(engines.ENGINES))
    outputs = []
    for number, engine in enumerate(asked.engines, 1):
        chosen = msgspec.structs.replace(configured.settings, engine=engine)
        measuring = configured._replace(settings=chosen)
        name = f"{leg_name(session, configured)}-{number}-{engine}.json"
        output = configured.reports / "compare" / name
        out = sys.stderr if asked.json else None
        if not measure(session, measuring, clients, output, asked.pytest, stdout=out):
            return
        outputs.append(output)
    found = compare.compare_legs(configured.root, outputs)
    text = [json.dumps(found.document(), indent=2)] if asked.json else found.text()
    lines.show((("", line, False) for line in text), sys.stdout, plain=True)
    codes = {stamp.exit_code for stamp in found.stamps}
    if codes != {0}:
        session.error(f"pytest ended with {max(codes)}: the engines are compared by a suite that passes")
    if found.unexplained:
        session.error(f"{found.unexplained:,} differences have no known reason")
