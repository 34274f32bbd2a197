"""What is refused before anything is installed into a leg's environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from covlane.commands.leg import environment
from covlane.config import settings
from covlane.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("python", ["3.15", "3.15t", "3.16"])
def test_slipcovers_command_is_refused_where_its_release_cannot_be_installed(
    tmp_path: Path, python: str
) -> None:
    configured = settings.load(tmp_path, {"COVLANE_ENGINE": "slipcover-cli"})
    session, clients = cast("Any", SimpleNamespace(python=python)), cast("Any", None)
    with pytest.raises(UsageError, match=rf"SlipCover 1\.1\.0 cannot be installed on Python {python}"):
        environment.install(session, configured, clients, tmp_path)
