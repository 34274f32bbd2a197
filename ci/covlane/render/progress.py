"""The bar of a download."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TextIO


@contextmanager
def bar(what: str, out: TextIO, *, plain: bool) -> Iterator[Callable[[int, int | None], None]]:
    """Show a bar on a terminal, and nothing elsewhere; lend what is told the bytes so far and in all."""
    columns = (TextColumn(what), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    quiet = plain or not out.isatty()
    with Progress(*columns, console=Console(file=out), transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
