"""Output of other programs, made safe to print."""

from __future__ import annotations

HIDDEN = "<hidden>"
_MOST = 300


def shown(text: str, *, token: str) -> str:
    """Return `text` as one line of at most 300 characters, without control characters and without `token`."""
    printable = "".join(char if char.isprintable() or char.isspace() else "" for char in text)
    line = " ".join(printable.split()).replace(token, HIDDEN)
    return line if len(line) <= _MOST else line[: _MOST - 1] + "…"
