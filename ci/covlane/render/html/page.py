"""The page of one file: its lines, which of them ran, and on which legs."""

from __future__ import annotations

import re
from hashlib import blake2b
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple

from markupsafe import Markup, escape

from covlane.model.lines import from_ranges, unpack
from covlane.render import words
from covlane.render.html import templates
from covlane.render.html.highlight import highlight

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from covlane.model.report import FileCoverage, LegGroup
    from covlane.model.verdict import PatchFile

#: The meaning of each line class.
KINDS = {"r": "ran", "m": "did not run", "p": "ran, but not every jump was taken"}
#: Rows that the browser lays out together when they are near the viewport.
CHUNK = 500


class LineTests(NamedTuple):
    """The tests of a file: their names, and for each line those that run it, as a bitmap of them."""

    names: tuple[str, ...]
    lines: Mapping[int, int]


class Page(NamedTuple):
    """The data for a page, except the file's content.

    Attributes:
        path: the file's repo-relative name.
        file: its coverage.
        branch: whether branches were measured.
        legs: the names of all legs.
        incomplete: whether the report is.
        digest: of the measured content; empty if no leg recorded it.
        groups: groups of legs that agree, for lines on which legs disagree.
        patch: its changes, if there is a verdict.
        tests: which tests run each line, if the legs noted it.
    """

    path: str
    file: FileCoverage
    branch: bool
    legs: str
    incomplete: bool
    digest: str = ""
    groups: tuple[LegGroup, ...] = ()
    patch: PatchFile | None = None
    tests: LineTests | None = None


class Row(NamedTuple):
    """A line: its number, its class in `KINDS`, whether it was changed, its code, sentences on it, and the button for its tests."""

    number: int
    kind: str
    changed: bool
    code: Markup | str
    notes: Sequence[str]
    button: str = ""


def address(path: str) -> str:
    """Return a page's path below the site: stable across reports and valid in any file system."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", path)[-80:].lstrip(".-")
    digest = blake2b(path.encode("utf-8", "surrogateescape"), digest_size=6).hexdigest()
    return f"files/{name}-{digest}.html"


def render(page: Page, content: bytes | None, digest: str) -> str:
    """Return the page as HTML.

    Args:
        page: its data.
        content: the file's present content, or None.
        digest: of that content.
    """
    text = highlight(content, page.path) if content is not None else None
    notices = [text.note] if text and text.note else []
    if text is None:
        notices.append("The file is missing here, so only line numbers are shown.")
    elif page.digest and digest != page.digest:
        notices.append("The file has changed since it was measured: marks may be beside the wrong lines.")
    elif page.file.executable.bit_length() - 1 > len(text.lines):
        notices.append("The report has lines past the end of this file: it measured other content.")
    buttons, document = _buttons(page.tests) if page.tests else ({}, "")
    rows = [_row(row) for row in _rows(page, text.lines if text else None, buttons)]
    return templates.get("page.html.j2").render(
        page=page,
        branches=page.file.branch if page.branch and page.file.branches else None,
        missing=list(words.places(page.file)),
        kinds=KINDS,
        chunks=[Markup("".join(rows[at : at + CHUNK])) for at in range(0, len(rows), CHUNK)],  # noqa: S704
        notices=notices,
        tests=document,
        visible=words.printable,
    )


def _row(row: Row) -> str:
    """Return a line as HTML; a template would take twice as long, for hundreds of thousands of lines."""
    title = f' title="{escape("; ".join(row.notes))}"' if row.notes else ""
    mark = f' role="img" aria-label="{KINDS[row.kind]}"{title}' if row.kind else ""
    notes = "".join(f"<small>{escape(words.printable(note))}</small>" for note in row.notes)
    number, changed = row.number, " c" if row.changed else ""
    return (
        f'<div id="L{number}" class="{row.kind}{changed}"><a href="#L{number}">{number}</a>'
        f"<i{mark}></i><code>{row.code}</code>{row.button}{notes}</div>\n"
    )


def _buttons(tests: LineTests) -> tuple[dict[int, str], Markup]:
    """Return the button of each line with tests, and what it shows, as JSON: names, and sets of them as bitmaps.

    A bitmap is in hexadecimal, bit i of byte i // 8 is name i. Many lines share a set.
    """
    sets = {bitmap: place for place, bitmap in enumerate(dict.fromkeys(tests.lines.values()))}
    size = -(-len(tests.names) // 8)
    buttons = {}
    for line, bitmap in tests.lines.items():
        count = bitmap.bit_count()
        label = f"{count:,} test{'s' * (count != 1)} run{'s' * (count == 1)} line {line}"
        buttons[line] = (
            f'<button type="button" class="t{" one" if count == 1 else ""}" data-set="{sets[bitmap]}" '
            f'aria-expanded="false" aria-label="{label}">{count:,}</button>'
        )
    document = {
        "names": [words.printable(name) for name in tests.names],
        "sets": [bitmap.to_bytes(size, "little").hex() for bitmap in sets],
    }
    return buttons, templates.script(document)


def _rows(page: Page, lines: list[Markup] | None, buttons: Mapping[int, str]) -> Iterator[Row]:
    file = page.file
    branches: dict[int, list[str]] = {}
    for line, target in sorted(file.branches - file.taken):
        if file.executed >> line & 1:
            branches.setdefault(line, []).append(words.untaken(target))
    notes: dict[int, list[str]] = {line: list(phrases) for line, phrases in branches.items()}
    for first, sentence in _disputes(page.groups):
        notes.setdefault(first, []).append(sentence)
    changed = set(unpack(from_ranges(page.patch.changed if page.patch else ())))
    missed, ran = set(unpack(file.executable & ~file.executed)), set(unpack(file.executed))
    numbers = range(1, len(lines) + 1) if lines is not None else sorted(missed | ran)
    for number in numbers:
        kind = "m" if number in missed else "p" if number in branches else "r" if number in ran else ""
        code = lines[number - 1] if lines is not None else ""
        yield Row(number, kind, number in changed, code, notes.get(number, ()), buttons.get(number, ""))


def _disputes(groups: Sequence[LegGroup]) -> Iterator[tuple[int, str]]:
    """Yield the first line of each block on which the same legs agree, and a sentence."""
    disputed = 0
    for group in groups:
        disputed |= group.executable
    bits = [(set(unpack(group.executable)), set(unpack(group.executed))) for group in groups]

    def states_of(line: int) -> tuple[int, ...]:
        return tuple((line in could) + (line in ran) for could, ran in bits)

    # A block: consecutive lines with the same states.
    for (_, states), run in groupby(
        enumerate(unpack(disputed)), lambda item: (item[1] - item[0], states_of(item[1]))
    ):
        lines = [line for _, line in run]
        yield (
            lines[0],
            words.lines(lines[0], lines[-1])
            + ": "
            + "; ".join(
                f"{verb} {', '.join(leg for group, state in zip(groups, states, strict=True) if state == code for leg in group.legs)}"
                for code, verb in ((2, "ran on"), (1, "missed by"), (0, "not executable on"))
                if code in states
            ),
        )
