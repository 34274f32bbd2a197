"""Baselines for a terminal: figures by commit, latest first, with their changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from covlane.render import words
from covlane.render.terminal import console, put
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from covlane.model.baseline import Baseline


def show(baselines: Sequence[Baseline], where: str, out: TextIO, *, plain: bool) -> None:
    """Print the trend, and where it is stored."""
    to = console(out, plain=plain)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for header in ("Commit", "Measured", "Lines", "", "Branches", "", "Accepted because"):
        table.add_column(
            header, overflow="fold", justify="right" if header in {"Lines", "Branches", ""} else "left"
        )
    for one, former in zip(baselines, [*baselines[1:], None], strict=True):
        table.add_row(
            one.commit[:12],
            one.timestamp[:16].replace("T", " "),
            one.lines.text,
            words.change(one.lines, former.lines if former else None),
            one.branches.text if one.branch else "-",
            words.change(one.branches, former.branches if former else None),
            Text(printable(one.reason)),
        )
    put(to, table)
    to.print(f"stored in {printable(where)}", style="dim", markup=False)
