"""The changed code for a terminal, with uncovered lines marked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from covlane.model.lines import from_ranges, unpack
from covlane.render import lines, words
from covlane.render.words import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TextIO

    from covlane.model.verdict import Patch, PatchFile

#: Changed lines shown on either side of an uncovered one.
AROUND = 2
#: The most lines of code of one file, and the most files.
MOST_LINES = 60
MOST_FILES = 100


def show(patch: Patch, source: Callable[[str], Sequence[str]], out: TextIO, *, plain: bool) -> None:
    """Print the changed code.

    Args:
        patch: its coverage.
        source: returns a file's lines by its name; empty if it cannot be read.
        out: coloured and cut to the terminal's width; plain and cut to 100 columns in a pipe.
        plain: no colour even on a terminal.
    """
    lines.show(_lines(patch, source), out, plain=plain)


def _lines(patch: Patch, source: Callable[[str], Sequence[str]]) -> Iterator[lines.Line]:
    for file in patch.files[:MOST_FILES]:
        yield "bold" if file.missing else "", printable(title(file)), False
        yield from (("red" if missed else "dim", line, True) for missed, line in _code(file, source))
    if folded := patch.files[MOST_FILES:]:
        yield "dim", f"... and {len(folded):,} more changed files", False
    yield "bold", headline(patch), False


def headline(patch: Patch) -> str:
    """Return the total in one line."""
    one = patch.statements
    figure = f"{one.text} of changed statements ({one.covered:,}/{one.total:,})"
    return f"patch: {figure if one.total else patch.note}"


def title(file: PatchFile) -> str:
    """Return a file's name, its figure and its missing lines."""
    name = f"{file.old_path} => {file.path}" if file.old_path else file.path
    one = file.statements
    parts = [f"{one.text} of changed statements ({one.covered:,}/{one.total:,})"] if one.total else []
    if file.missing:
        parts.append("missing " + ", ".join(words.span(*lines) for lines in file.missing))
    parts += [f"{words.jump(*branch)} never taken" for branch in file.missing_branches]
    parts += [file.note] if file.note else []
    return f"{name}: {', '.join(parts)}"


def _code(file: PatchFile, source: Callable[[str], Sequence[str]]) -> Iterator[tuple[bool, str]]:
    """Yield numbered lines of code, and whether each is missed; `...` stands for omitted lines."""
    missing = from_ranges(file.missing)
    jumps: dict[int, list[str]] = {}
    for line, target in file.missing_branches:
        jumps.setdefault(line, []).append(words.jump(line, target))
    marked = near = missing | from_ranges((line, line) for line in jumps)
    for step in range(1, AROUND + 1):
        near |= marked << step | marked >> step
    shown = unpack(marked | near & from_ranges(file.changed)) if marked else []
    code = source(file.path) if shown else ()
    before = 0
    for number in shown[:MOST_LINES]:
        if before and number > before + 1:
            yield False, "         ..."
        before = number
        text = printable(code[number - 1].expandtabs(4)) if number <= len(code) else ""
        never = f"  <- {', '.join(jumps[number])} never taken" if number in jumps else ""
        missed = bool(missing >> number & 1)
        mark = "!" if missed else "?" if never else " "
        yield missed or bool(never), f" {mark} {number:>5} | {text}{never}".rstrip()
    if folded := shown[MOST_LINES:]:
        yield False, f"         ... and {len(folded):,} more lines"
