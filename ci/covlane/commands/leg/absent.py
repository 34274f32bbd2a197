"""Legs whose Python is not installed: nox would skip them, and end with 0 where nothing ran."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import nox

from covlane.adapters import command_line
from covlane.adapters.environment import environment
from covlane.errors import UsageError
from covlane.workspace import machine

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from typing import NoReturn

    from covlane.config.settings import Configured


class Absent:
    """The Pythons of the settings that this machine lacks, and the sessions that stand in for theirs.

    Attributes:
        pythons: those that it lacks.
        ran: whether a leg was started.
    """

    def __init__(self, configured: Configured, ours: Collection[str]) -> None:
        self.pythons = _lacking(configured, ours)
        self.ran = False
        self._configured = configured
        self._asked: list[str] = []

    def register(self, name: str, session: Callable[..., None], stand_in: Callable[..., None]) -> None:
        """Register a session for each Python that is installed, and a stand-in for each other one.

        The name alone stands for those that are installed, or for all where none is.
        """
        here = [python for python in self._configured.settings.pythons if python not in self.pythons]
        parallel = name == self._configured.session
        if here:
            nox.session(
                name=name,
                python=here,
                venv_backend="uv|virtualenv",
                download_python="never",
                allow_parallel=parallel,
                default=False,
            )(session)
        for each in [*(f"{name}-{python}" for python in self.pythons), *([] if here else [name])]:
            nox.session(name=each, python=False, allow_parallel=parallel, default=False)(stand_in)

    def skip(self, session: nox.Session) -> NoReturn:
        """Skip a leg; the report, which follows all legs, says whether that was all."""
        pythons = self._of(session)
        self._asked += pythons
        try:
            session.notify(f"{self._configured.settings.prefix}report")
        except ValueError:  # under `nox -j` each session is a nox of its own, which knows no other
            self.check()
        session.skip(f"Python {', '.join(pythons)} is not installed here")

    def refuse(self, session: nox.Session) -> NoReturn:
        """Fail a session that is no leg."""
        session.error(str(machine.nothing_ran(self._configured, self._of(session))))

    def check(self) -> None:
        """End nox where no leg ran, and remove the report of a former run, which would pass for a new one."""
        if self._asked and not self.ran:
            from covlane.workspace import outputs  # noqa: PLC0415 - needed by few

            outputs.discard(self._configured)
            error = machine.nothing_ran(self._configured, self._asked)
            sys.stderr.write(f"covlane: {error}\n")
            raise SystemExit(error.exit_code)

    def _of(self, session: nox.Session) -> Sequence[str]:
        """Return the Pythons that a stand-in stands for."""
        name = session.name.partition("(")[0]
        return [python for python in self.pythons if name.endswith(f"-{python}")] or self.pythons


def refuse_unknown(configured: Configured) -> None:
    """Refuse a Python on the command line that the settings do not have, where nox would only say "not found".

    Raises:
        UsageError: there is such a Python.
    """
    chosen = configured.settings.pythons
    for name in command_line.sessions(sys.argv):
        base = command_line.base(name)
        python = name.partition("(")[0].removeprefix(base + "-")
        if base == configured.session != name and python != base and python not in chosen:
            raise UsageError(
                f"there is no session {name}, because `pythons` is {', '.join(chosen)}",
                f"name one of these, or add {python} to `pythons`; this machine has {machine.pythons_here(configured)}",
            )


def _lacking(configured: Configured, ours: Collection[str]) -> tuple[str, ...]:
    """Return the Pythons that are not installed; none where nox lists, runs none of ours or gets Pythons another way."""
    argv, environ = sys.argv, environment()
    named = [command_line.base(name) for name in command_line.sessions(argv)]
    if named and not any(name in ours for name in named):
        return ()
    if command_line.downloads(argv, environ, nox.options.download_python):
        # A Python that nox is asked to provide and cannot is an error.
        nox.options.error_on_missing_interpreters = True
        return ()
    if command_line.lists(argv) or command_line.chooses_pythons(argv):
        return ()
    return machine.lacking(configured, environ)
