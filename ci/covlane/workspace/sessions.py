"""The legs as nox itself lists them from the noxfile."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from covlane.adapters import process
from covlane.adapters.environment import without_secrets
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.config.settings import Configured


class _Listed(msgspec.Struct):
    """What `nox --list --json` prints of a session."""

    session: str
    name: str
    python: str | None = None


def listed(configured: Configured, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (session, python) of each leg, as nox itself lists them.

    Raises:
        UsageError: nox refuses the noxfile, or it has no coverage session.
    """
    argv = [sys.executable, "-m", "nox", "--list", "--json", "-s", configured.session]
    without = without_secrets(environ, configured.settings.codescene.secrets)
    done = process.run(argv, cwd=configured.root, environ=without)
    if done.code != 0:
        lines = done.stderr.strip().splitlines() or ["it printed nothing"]
        raise UsageError(f"nox lists no coverage session: {lines[-1]}", "run `covlane init`, then `nox -l`")
    items = msgspec.json.decode(done.stdout, type=list[_Listed])
    return [(item.session, item.python) for item in items if item.name == configured.session and item.python]
