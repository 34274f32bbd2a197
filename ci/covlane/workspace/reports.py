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
