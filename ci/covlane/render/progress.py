"""Progress bars for downloads, merges and the pages of the HTML site."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO


@contextmanager
def bar(
    what: str, out: TextIO, *, plain: bool, pieces: bool = False
) -> Iterator[Callable[[int, int | None], None]]:
    """Show a progress bar, on a terminal only; yield a callback(done, total) that counts bytes, or `pieces`."""
    figures = [MofNCompleteColumn()] if pieces else [DownloadColumn(), TransferSpeedColumn()]
    columns = (TextColumn(what), BarColumn(), *figures, TimeElapsedColumn())
    quiet = plain or not out.isatty()
    with Progress(
        *columns,
        console=Console(file=out),
        transient=True,
        disable=quiet,
        redirect_stdout=sys.stdout.isatty(),
    ) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
