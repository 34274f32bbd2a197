"""The environment of a leg: the project with what its tests need, and then what measures."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import nox
from nox.command import CommandFailed

from covlane.config import engines, lockfile, pythons, settings
from covlane.config.workspaces import Workspace
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from covlane.config.settings import Configured, Settings
    from covlane.connections.local import Local

#: Prints what is installed in an environment, as constraints.
FREEZE = (
    "from importlib.metadata import distributions as d\n"
    "found = {(i.metadata['Name'], i.version) for i in d() if i.metadata['Name']}\n"
    "print(*(f'{name}=={version}' for name, version in sorted(found)), sep='\\n')"
)


def install(session: nox.Session, configured: Configured, clients: Local, folder: Path) -> bool:
    """Install the project with what its tests need, then what measures, without touching any of that.

    Returns:
        Whether there is more to do: under `nox --install-only` there is not.
    """
    engine = configured.settings.engine
    if engine == "slipcover-cli" and pythons.minor(str(session.python)) >= engines.TOO_NEW:
        raise UsageError(
            f"SlipCover {engines.MODEL} cannot be installed on Python {session.python}",
            'set engine = "slipcover", which has the same lines and branches',
        )
    measuring = [*engines.ENGINES[engine], *mode(configured.settings)[0]]
    with _group("environment", clients.environ):
        return _install_all(session, configured, folder, measuring)


def _install_all(session: nox.Session, configured: Configured, folder: Path, measuring: list[str]) -> bool:
    wanted = [*configured.settings.install, *_group_requirements(configured)]
    workspace = Workspace(configured.root, settings.read_pyproject(configured.root))
    requirements = [*workspace.placed(wanted), "pytest"]
    constraints = ["-c", str(_locked(configured, folder))] if configured.settings.locked else []
    try:
        session.install(*requirements, *constraints)
    except CommandFailed:
        if not constraints:
            raise
        if not configured.origins["locked"].startswith("detected"):
            session.error(
                "these requirements do not fit uv.lock (see above).\n  -> run `uv lock`, or set `locked = false`"
            )
        session.warn(
            "these requirements do not fit uv.lock (see above), so it is not used: run `uv lock`, or set `locked`"
        )
        session.install(*requirements)
    frozen = session.run("python", "-I", "-c", FREEZE, silent=True, log=False)
    installed = folder / "constraints.txt"
    installed.write_text(str(frozen or ""), "utf-8")
    try:
        if measuring:
            session.install(*measuring, "-c", str(installed))
    except CommandFailed:
        session.error(
            f"{', '.join(measuring)} does not fit what this project pins (see above).\n"
            f"  -> loosen the pin in the requirements that `install` and `groups` name; "
            f"covlane changes no version itself"
        )
    return frozen is not None


def _locked(configured: Configured, folder: Path) -> Path:
    """Return a file of constraints that are the versions in uv.lock."""
    path = folder / "locked.txt"
    path.write_text("\n".join([*lockfile.constraints(configured.root), ""]), "utf-8")
    return path


def mode(chosen: Settings) -> tuple[list[str], list[str]]:
    """Return the requirements and the pytest arguments of the isolation, workers and shards that are set."""
    requirements, arguments = [], []
    if chosen.isolation == "forked":
        requirements.append("pytest-forked>=1.6")
        arguments.append("--forked")
    if chosen.workers:
        requirements.append("pytest-xdist>=3.5")
        arguments += ["-n", str(chosen.workers)]
    if chosen.shards > 1:
        requirements.append("pytest-split>=0.9")
    return requirements, arguments


def _group_requirements(configured: Configured) -> tuple[str, ...]:
    groups = configured.settings.groups
    if not groups:
        return ()
    document: dict[str, Any] = settings.read_pyproject(configured.root)
    try:
        return nox.project.dependency_groups(document, *groups)
    except (LookupError, ValueError) as error:
        raise UsageError(
            f"the dependency groups {', '.join(groups)} cannot be resolved: {error}",
            "fix [dependency-groups], or set `groups`",
        ) from None


@contextmanager
def _group(name: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Fold what is printed meanwhile in a GitHub log."""
    inside = environ.get("GITHUB_ACTIONS") == "true"
    sys.stderr.write(f"::group::{name}\n" * inside)
    try:
        yield
    finally:
        sys.stderr.write("::endgroup::\n" * inside)
