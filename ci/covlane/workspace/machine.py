"""Which legs this machine can run: those of its system, with a Python that is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from covlane.adapters import interpreters
from covlane.adapters.environment import in_ci
from covlane.config import pythons
from covlane.config.settings import SYSTEMS, leg_name
from covlane.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from covlane.config.settings import Configured
    from covlane.model.report import Report


def lacking(configured: Configured, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the Pythons of the settings that are not installed here; none in CI, where each has its job."""
    if in_ci(environ):
        return ()
    wanted = configured.settings.pythons
    here = interpreters.here(wanted)
    return tuple(python for python in wanted if python not in here)


def elsewhere(configured: Configured, lacks: Iterable[str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the legs that this machine cannot run, because of its Pythons or its system; none in CI."""
    if in_ci(environ):
        return ()
    systems = configured.settings.github.systems or ("",)
    here = SYSTEMS.get(sys.platform, sys.platform)
    return tuple(
        leg_name(session, system)
        for python in configured.settings.pythons
        for session in configured.sessions(python)
        for system in systems
        if python in lacks or system not in ("", here)
    )


def notes(configured: Configured, lacks: Sequence[str], report: Report) -> tuple[str, ...]:
    """Return which Pythons and systems a report is without, for those who read it."""
    if not report.elsewhere:
        return ()
    found, wanted = {stamp.leg for stamp in report.legs}, configured.settings.pythons
    systems = configured.settings.github.systems or ("",)
    legs = {
        python: {leg_name(name, system) for name in configured.sessions(python) for system in systems}
        for python in wanted
    }
    ran = [python for python in wanted if legs[python] & found]
    absent = [python for python in lacks if python not in ran]
    said = []
    if absent:
        are = "is" if len(absent) == 1 else "are"
        said.append(f"{len(ran)} of {len(wanted)} Pythons ran here ({', '.join(absent)} {are} not installed)")
    others = [
        system for system in systems if system and all(leg.partition("@")[2] != system for leg in found)
    ]
    if others:
        said.append(f"legs on {' and '.join(others)} run on other machines")
    return tuple(said)


def pythons_here(configured: Configured) -> str:
    """Return the Pythons of this machine that legs could run on, for a message."""
    known = dict.fromkeys([*pythons.END_OF_LIFE, *configured.settings.pythons])
    return ", ".join(interpreters.here(known)) or "none that legs run on"


def nothing_ran(configured: Configured, asked: Iterable[str]) -> ReportError:
    """Return the error where none of the Pythons that were asked for is installed."""
    names = list(dict.fromkeys(asked))
    lacks = f"Python {names[0]} is" if len(names) == 1 else f"Pythons {', '.join(names)} are"
    return ReportError(
        f"no leg ran, because {lacks} not installed; this machine has {pythons_here(configured)}",
        f"install one (`uv python install {names[-1]}`), let nox do so (--download-python auto), or set `pythons`",
    )
