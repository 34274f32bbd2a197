"""nox: registers `coverage`, one session for each leg, `report`, which follows the last, and `workflow`."""

from __future__ import annotations

import atexit
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import nox

from covlane.adapters import command_line
from covlane.adapters.environment import environment, forget, in_ci, secrets
from covlane.commands.leg import absent
from covlane.config import checkout, settings, sources
from covlane.errors import CovlaneError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.config.settings import Configured
    from covlane.connections.local import Local


def register(root: Path | None = None) -> None:
    """Define the sessions `coverage-3.X`, `report` and `workflow` in the noxfile that calls this.

    None of them is a default session: a bare `nox` does what it did before. Their names start with the setting
    `prefix`.

    Args:
        root: the project's folder; by default the one that nox works in, which is the noxfile's.
    """
    try:
        configured = settings.load((root or Path.cwd()).resolve(), environment())
        sources.check(configured.root, configured.settings.source)
        absent.refuse_unknown(configured)
    except CovlaneError as error:
        sys.stderr.write(f"covlane: {error}\n")
        raise SystemExit(error.exit_code) from None

    prefix = configured.settings.prefix
    ours = {f"{prefix}{name}" for name in ("compare", "coverage", "report", "workflow")}
    if command_line.alone(sys.argv, ours):
        # Programs that nox starts to make environments do not get them either.
        forget(secrets(environment(), configured.settings.codescene.secrets))

    missing = absent.Absent(configured, ours)

    def coverage(session: nox.Session, shard: int = 0) -> None:
        """Run pytest under measurement on one Python; arguments after -- are pytest's."""
        missing.ran = True
        with _of_covlane(session, configured):
            from covlane.commands.leg import run

            if run.run(session, configured, _clients(session, configured), shard):
                _show_report(session, configured)

    def uncovered(session: nox.Session, shard: int = 0) -> None:  # noqa: ARG001 - as of coverage
        """Say that this Python is not installed."""
        with _of_covlane(session, configured):
            missing.skip(session)

    if names := configured.shards():
        numbered = [nox.param(number, id=name) for number, name in enumerate(names, start=1)]
        coverage, uncovered = (nox.parametrize("shard", numbered)(leg) for leg in (coverage, uncovered))
    missing.register(configured.session, coverage, uncovered)

    @nox.session(name=f"{prefix}report", python=False, default=False)
    def report(session: nox.Session) -> None:
        """Merge the legs that ran here, write the reports and print the table."""
        with _of_covlane(session, configured):
            missing.check()
            _show_report(session, configured)

    @nox.session(name=f"{prefix}workflow", python=False, default=False)
    def workflow(session: nox.Session) -> None:
        """Check that the workflows are up to date with the settings."""
        with _of_covlane(session, configured):
            session.run(sys.executable, "-m", "covlane", "init", "--check", external=True)

    def compare(session: nox.Session) -> None:
        """Run pytest under two engines and print each line and branch on which they differ: -- --engines A B --json."""
        with _of_covlane(session, configured):
            from covlane.commands.leg import compare as leg_compare

            leg_compare.run(session, configured, _clients(session, configured))

    missing.register(f"{prefix}compare", compare, missing.refuse)

    # They stay in nox's registry.
    del report, workflow


def _show_report(session: nox.Session, configured: Configured) -> None:
    from covlane import result
    from covlane.commands.leg import report

    clients = _clients(session, configured)
    reported = report.run(configured, clients)
    result.write(reported, plain=clients.plain)
    session.log("wrote " + ", ".join(str(path.relative_to(configured.root)) for path in reported.written))


def _clients(session: nox.Session, configured: Configured) -> Local:
    from covlane.connections import local

    return local.connect(configured, environment(), session.log)


@contextmanager
def _of_covlane(session: nox.Session, configured: Configured) -> Iterator[None]:
    """Work in the project's folder without secrets in the environment; in CI, end a failure with how to reproduce it."""
    found = secrets(environment(), configured.settings.codescene.secrets)
    session.env.update(dict.fromkeys(found))
    with _reproducible(session.name), _in(session, configured.root):
        try:
            yield
        except (CovlaneError, OSError) as error:
            session.error(str(error))


@contextmanager
def _reproducible(name: str) -> Iterator[None]:
    """In CI, print the command that reproduces a failure as the last line, after nox's output."""
    try:
        yield
    except BaseException:
        if in_ci(environment()):
            there = checkout.change_to(Path.cwd())
            atexit.register(sys.stderr.write, f'again: {there}nox -s "{name}"\n')
        raise


@contextmanager
def _in(session: nox.Session, folder: Path) -> Iterator[None]:
    """Work in the project's folder, if the noxfile is in another one."""
    if folder.resolve() == Path.cwd():
        yield
        return
    with session.chdir(folder):
        yield
