"""Annotations: ranked by size, escaped as a runner reads them, and no more than GitHub shows."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sample_site
from covlane.model.verdict import Patch, PatchFile
from covlane.render.annotations import Annotation, commands, notes
from golden_file import golden


def of(*files: PatchFile) -> list[str]:
    return list(commands(notes(Patch(files=files))))


def test_annotations_are_as_their_golden_file_has_them() -> None:
    hostile = PatchFile(
        path="a,b:c%\n::error::x.py", missing=((3, 3),), missing_branches=((5, 0), (5, 7), (6, 1_000_001))
    )
    text = "\n".join(of(*sample_site.verdict().patch.files, hostile)) + "\n"
    assert text == golden("annotations.txt")


def test_larger_ranges_come_first() -> None:
    found = notes(Patch(files=(PatchFile(path="a.py", missing=((1, 1), (3, 9), (20, 22))),)))
    assert [(note.start_line, note.end_line) for note in found] == [(3, 9), (20, 22), (1, 1)]


@pytest.mark.parametrize(("count", "shown"), [(0, 0), (10, 10), (11, 11), (5000, 11)])
def test_there_are_never_more_of_a_kind_than_are_shown(count: int, shown: int) -> None:
    lines = of(PatchFile(path="a.py", missing=tuple((at, at) for at in range(1, 2 * count, 2))))
    assert len(lines) == shown
    assert sum(line.startswith("::warning ") for line in lines) <= 10
    if count > 10:
        assert lines[-1].startswith("::notice title=Not covered::and " + f"{count - 10:,} more")


@given(st.text(min_size=1), st.text(), st.text())
def test_any_text_is_one_command_that_says_it(path: str, title: str, message: str) -> None:
    (line,) = commands([Annotation(path=path, start_line=1, end_line=2, title=title, message=message)])
    assert "\n" not in line
    assert "\r" not in line
    found = re.fullmatch(r"::warning file=([^:,]*),line=1,endLine=2,title=([^:,]*)::(.*)", line, re.DOTALL)
    assert found
    assert [unquote(part) for part in found.groups()] == [path, title, message]
