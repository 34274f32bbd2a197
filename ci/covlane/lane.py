"""Merge and report: the steps that both the sessions and the tasks take."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import msgspec
from filelock import FileLock, Timeout

import covlane
from covlane import inputs
from covlane.adapters import files, process
from covlane.adapters.environment import without_secrets
from covlane.analysis.merge import merge
from covlane.errors import ReportError, UsageError
from covlane.formats import slipcover
from covlane.formats.untrusted import uncollected
from covlane.model.report import Component, Measured
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from covlane.adapters.git import Git
    from covlane.formats.foreign import Foreign
    from covlane.model.report import Report
    from covlane.settings import Configured


def merge_legs(
    configured: Configured,
    git: Git,
    named: Sequence[Path] = (),
    *,
    allow_incomplete: bool,
    durations: dict[str, float] | None = None,
    seen: Callable[[int, int | None], None] = lambda *_: None,
) -> Report:
    """Merge what lies in `reports/legs`, and the reports that are named, into `reports/coverage.json`.

    `seen` is told how many of them are read, and how many there are. `durations`, where it is given, is filled with
    the seconds that each test took in the leg that was slowest at it.

    Raises:
        ReportError: there is no leg, or the report is incomplete and that is not allowed; then it is written
            nowhere, and the former one stands.
    """
    found = inputs.found(configured, named)
    places = inputs.places(configured, git)
    parts = configured.settings.components.items()

    def read() -> Iterator[tuple[str, Measured | Foreign | ReportError]]:
        for number, one in enumerate(inputs.read(found, configured, places)):
            seen(number, len(found))
            if durations is not None and isinstance(one[1], Measured):
                for test, seconds in one[1].durations.items():
                    durations[test] = max(seconds, durations.get(test, 0))
            yield one
            del one  # before the next is read

    with uncollected():
        report = merge(
            read(),
            expected=configured.legs(),
            commit=git.commit(),
            now=inputs.contents(configured.root),
            places=places,
            components=[Component(name, part.source, part.flags) for name, part in parts],
            omit=configured.settings.omit,
        )
        if report.incomplete and not allow_incomplete:
            reasons = "".join(f"\n  - {printable(reason)}" for reason in report.incomplete)
            reasons += "".join(f"\n  note: {printable(note)}" for note in report.notes)
            raise ReportError(
                f"the report would be incomplete:{reasons}",
                "mend these, or pass --allow-incomplete, which marks every output",
            )
        version = next((leg.tools.get("slipcover", "") for leg in report.legs), "")
        files.write_whole(configured.reports / "coverage.json", slipcover.write_report(report, version))
    return report


def keep_durations(configured: Configured, durations: Mapping[str, float]) -> None:
    """Write what the next run of all shards is split by; local runs of single legs leave it, so that they fit."""
    files.write_whole(configured.reports / "durations.json", json.dumps(dict(sorted(durations.items()))))


def read_merged(configured: Configured) -> Report:
    """Return the merged report; ReportError where there is none."""
    path = configured.reports / "coverage.json"
    return slipcover.read_report(files.read_bytes(path, remedy=configured.first), str(path))


class _Listed(msgspec.Struct):
    """What `nox --list --json` prints of a session."""

    session: str
    name: str
    python: str | None = None


def listed_sessions(configured: Configured, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (session, python) of each leg, as nox itself lists them.

    Raises:
        UsageError: nox refuses the noxfile, or it has no coverage session.
    """
    argv = [sys.executable, "-m", "nox", "--list", "--json", "-s", configured.session]
    told = without_secrets(environ, configured.settings.codescene.secrets)
    done = process.run(argv, cwd=configured.root, environ=told)
    if done.code != 0:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UsageError(f"nox lists no coverage session: {lines[-1]}", "run `covlane init`, then `nox -l`")
    listed = msgspec.json.decode(done.stdout, type=list[_Listed])
    return [(item.session, item.python) for item in listed if item.name == configured.session and item.python]


@contextmanager
def lock(folder: Path, wait: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Let processes work in a folder one after another; `wait` is called where another one is at it.

    Raises:
        ReportError: the folder cannot be written to.
    """
    mutex = FileLock(folder / ".lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            mutex.acquire(blocking=False)
        except Timeout:
            wait()
            mutex.acquire()
    except OSError as error:
        raise ReportError(
            f"{folder} cannot be written to: {error.strerror}", "check the folder's permissions"
        ) from None
    try:
        yield
    finally:
        mutex.release()


def tools() -> dict[str, str]:
    """Return the versions of the host's side of the lane."""
    from importlib import metadata  # noqa: PLC0415 - slow, and only a leg needs it

    return {"covlane": covlane.__version__, "nox": metadata.version("nox")}
