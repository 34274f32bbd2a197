"""Print styled lines: coloured on a terminal; plain in a pipe, without loading rich."""

from __future__ import annotations

from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import TextIO

#: Columns in a pipe.
WIDTH = 100
#: A rich style, the text, and whether to cut it at the terminal's width.
Line = tuple[str, str, bool]


def show(lines: Iterable[Line], out: TextIO, *, plain: bool) -> None:
    """Print lines to a stream."""
    if isinstance(out, TextIOWrapper):
        # Characters outside the stream's encoding are shown escaped.
        out.reconfigure(errors="backslashreplace")
    if plain or not out.isatty():
        out.writelines(f"{_cut(text) if cut else text}\n" for _, text, cut in lines)
        return
    from covlane.render.terminal import console  # noqa: PLC0415 - slow to import, and only a terminal needs it

    to = console(out, plain=plain)
    for style, text, cut in lines:
        layout = {"no_wrap": True, "overflow": "ellipsis"} if cut else {"soft_wrap": True}
        to.print(text, style=style, markup=False, **layout)


def _cut(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
