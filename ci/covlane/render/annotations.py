"""What of the changed code is not covered, as notes beside the lines of a pull request.

Workflow commands, escaped as GitHub's toolkit does (`packages/core/src/command.ts`), and no more than it shows: ten of
a kind for each step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covlane.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covlane.model.verdict import Patch

#: Of each kind that GitHub shows for one step.
MOST = 10


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """A note, with the names that GitHub's REST API has for its parts; without a path it is on no file."""

    path: str = ""
    start_line: int = 0
    end_line: int = 0
    annotation_level: str = "warning"
    title: str
    message: str


def notes(patch: Patch, most: int = MOST) -> list[Annotation]:
    """Return notes on what is not covered, the largest ranges first, and one more on those that are left out."""
    found = sorted(
        _all(patch), key=lambda note: (note.start_line - note.end_line, note.path, note.start_line)
    )
    if more := found[most:]:
        text = f"and {len(more):,} more changed places are not covered, in {len({note.path for note in more}):,} files"
        rest = Annotation(
            annotation_level="notice", title="Not covered", message=f"{text}; the summary has them"
        )
        return [*found[:most], rest]
    return found


def commands(found: Sequence[Annotation]) -> Iterator[str]:
    """Yield each note as a line that a GitHub runner obeys."""
    for note in found:
        places = {"file": note.path, "line": note.start_line, "endLine": note.end_line} if note.path else {}
        parts = ",".join(
            f"{name}={_property(f'{value}')}" for name, value in {**places, "title": note.title}.items()
        )
        yield f"::{note.annotation_level} {parts}::{_data(note.message)}"


def _all(patch: Patch) -> Iterator[Annotation]:
    for file in patch.files:
        for first, last in file.missing:
            said = f"{words.lines(first, last)} did not run".capitalize()
            yield Annotation(
                path=file.path, start_line=first, end_line=last, title="Not covered", message=said
            )
        ways: dict[int, list[str]] = {}
        for line, target in file.missing_branches:
            ways.setdefault(line, []).append(words.untaken(target))
        for line, said_ in ways.items():
            message = f"Line {line} {' and '.join(said_)}"
            yield Annotation(
                path=file.path, start_line=line, end_line=line, title="Branch not covered", message=message
            )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
