"""Baselines for a terminal: figures by commit, latest first, with what each gained or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from covlane.render.lines import printable
from covlane.render.terminal import console

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from covlane.model.baseline import Baseline
    from covlane.model.report import Ratio


def show(baselines: Sequence[Baseline], where: str, out: TextIO, *, plain: bool) -> None:
    """Print the trend, and where it is kept."""
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
            change(one.lines, former.lines if former else None),
            one.branches.text if one.branch else "-",
            change(one.branches, former.branches if former else None),
            Text(printable(one.reason)),
        )
    to.print(table)
    to.print(f"kept in {printable(where)}", style="dim", markup=False)


def change(now: Ratio, before: Ratio | None) -> str:
    """Return what was gained or lost, in hundredths of a percent, cut like all figures; empty for nothing."""
    if before is None or not (now.total and before.total):
        return ""
    hundredths = now.covered * 10_000 // now.total - before.covered * 10_000 // before.total
    return f"{hundredths / 100:+.2f}" if hundredths else ""
