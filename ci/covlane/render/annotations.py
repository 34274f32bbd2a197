"""Uncovered changed code as annotations on a pull request.

Workflow commands, escaped like in GitHub's toolkit (`packages/core/src/command.ts`), and no more than GitHub shows: ten
of a kind per step.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from covlane.render import words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from covlane.model.verdict import Patch

#: Annotations of each kind that GitHub shows for one step.
MOST = 10


class Annotation(msgspec.Struct, frozen=True, kw_only=True):
    """An annotation, with the field names of GitHub's REST API; without a path it belongs to no file."""

    path: str = ""
    start_line: int = 0
    end_line: int = 0
    annotation_level: str = "warning"
    title: str
    message: str


def notes(patch: Patch, most: int = MOST) -> list[Annotation]:
    """Return annotations of uncovered code, largest ranges first, and one more that counts those left out."""
    found = sorted(
        _all(patch), key=lambda note: (note.start_line - note.end_line, note.path, note.start_line)
    )
    if more := found[most:]:
        text = f"and {len(more):,} more changed places in {len({note.path for note in more}):,} files are not covered"
        rest = Annotation(
            annotation_level="notice", title="Not covered", message=f"{text}; the summary lists them"
        )
        return [*found[:most], rest]
    return found


def commands(found: Sequence[Annotation]) -> Iterator[str]:
    """Yield each annotation as a workflow command."""
    for note in found:
        places = {"file": note.path, "line": note.start_line, "endLine": note.end_line} if note.path else {}
        parts = ",".join(
            f"{name}={_property(f'{value}')}" for name, value in {**places, "title": note.title}.items()
        )
        yield f"::{note.annotation_level} {parts}::{_data(note.message)}"


def _all(patch: Patch) -> Iterator[Annotation]:
    for file in patch.files:
        for first, last in file.missing:
            text = f"{words.lines(first, last)} did not run".capitalize()
            yield Annotation(
                path=file.path, start_line=first, end_line=last, title="Not covered", message=text
            )
        branches: dict[int, list[str]] = {}
        for line, target in file.missing_branches:
            branches.setdefault(line, []).append(words.untaken(target))
        for line, sentences in branches.items():
            message = f"Line {line} {' and '.join(sentences)}"
            yield Annotation(
                path=file.path, start_line=line, end_line=line, title="Branch not covered", message=message
            )


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
