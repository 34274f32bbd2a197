"""The cs-coverage of this repository on this machine: which build is locked, and where it is installed."""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from covlane.adapters import files, process, store
from covlane.clients.codescene import cli, install
from covlane.clients.codescene.submission import CLOUD
from covlane.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from covlane.clients.codescene.install import Build
    from covlane.config.settings import Configured

#: The repository's own lock, to be committed; its builds take precedence over those that covlane ships.
LOCK = "cs-coverage.lock"


#: Where CodeScene's own installer puts the program, below the home folder.
VENDORS = ".local/bin"


def machine() -> str:
    """Return this machine as cs-coverage's archives name it."""
    return install.platform(platform.system(), platform.machine())


def pinned(configured: Configured) -> Build | None:
    """Return the locked build for this machine; UsageError where a lock cannot be read."""
    return next(iter(known(configured)), None)


def located(configured: Configured) -> Path | None:
    """Return where the locked cs-coverage is, if it is installed.

    Raises:
        ToolError: something else is in its place.
    """
    build = pinned(configured)
    path = build and store.place(build.sha256, install.program(machine()))
    if not path or not path.exists():
        return None
    if not store.intact(path):
        raise ToolError(f"{path} differs from its archive", "run `invoke install-cs-coverage`")
    return path


def on_path(configured: Configured, environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return an environment in which cs-coverage is found.

    First comes the locked one, where it is installed, then what PATH has, and last what CodeScene's own installer put
    into a folder that few shells have on PATH.
    """
    if configured.settings.codescene.via == "rest":
        return environ
    path = environ.get("PATH", "")
    if locked := located(configured):
        return {**environ, "PATH": f"{locked.parent}{os.pathsep}{path}"}
    vendors = str(Path(environ.get("HOME") or Path.home(), VENDORS))
    if not shutil.which(cli.PROGRAM, path=path) and shutil.which(cli.PROGRAM, path=vendors):
        return {**environ, "PATH": f"{path}{os.pathsep}{vendors}" if path else vendors}
    return environ


def version(program: Path, environ: Mapping[str, str]) -> tuple[str, str]:
    """Ask a cs-coverage, without a token, for its release number and its build; errors as of `clients.codescene.install.says`."""
    return install.says(
        process.run([str(program), "version"], cwd=program.parent, environ=without_token(environ))
    )


def without_token(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment that cs-coverage gets where it has nothing to upload."""
    variables = cli.variables(environ, url=CLOUD, token="")
    return {name: value for name, value in variables.items() if name != "CS_ACCESS_TOKEN"}


def repository_lock(configured: Configured) -> tuple[Build, ...]:
    """Return the builds of the repository's own lock; UsageError where it cannot be read."""
    path = configured.root / LOCK
    return install.read_lock(files.read_bytes(path), LOCK) if path.exists() else ()


def known(configured: Configured) -> list[Build]:
    """Return the builds for this machine that a lock knows, the repository's own first."""
    shipped = install.read_lock(files.read_bytes(install.SHIPPED), str(install.SHIPPED))
    return [build for build in (*repository_lock(configured), *shipped) if build.platform == machine()]
