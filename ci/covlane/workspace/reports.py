"""The folder of reports: what lies merged there, and who may write into it now."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from covlane.adapters import files
from covlane.errors import ReportError
from covlane.formats import slipcover

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from covlane.config.settings import Configured
    from covlane.model.report import Report


def read_merged(configured: Configured) -> Report:
    """Return the merged report; ReportError where there is none."""
    path = configured.reports / "coverage.json"
    return slipcover.read_report(files.read_bytes(path, remedy=configured.first), str(path))


def lacking(report: Report) -> tuple[str, ...]:
    """Return what keeps a report from standing for all legs, which services and baselines expect."""
    return (
        *report.incomplete,
        *(f"{name} did not run, because the machine that merged cannot run it" for name in report.elsewhere),
    )


def read_complete(configured: Configured) -> Report:
    """Return the merged report, its files named from the top of the checkout, as services know them.

    Raises:
        ReportError: there is none, or it is incomplete.
    """
    report = read_merged(configured)
    if lacks := lacking(report):
        raise ReportError(f"the report is incomplete: {lacks[0]}", "run what is missing, then merge")
    return report.below(configured.folder)


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
