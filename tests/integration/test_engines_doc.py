"""What docs/engines.md says of the engines is what they do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane.model.lines import unpack

if TYPE_CHECKING:
    from covlane.model.report import FileCoverage
    from leg import Project

TEXT = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
SECTION = re.compile(
    r"```python\n(.*?)```\n\n- SlipCover(?:, from 3\.(\d+) on)?: (.*?)\n- coverage.py.*?: (.*?)\n", re.DOTALL
)
PROGRAMS = SECTION.findall(TEXT)


def said(claim: str, file: FileCoverage) -> str:
    """Return, in the page's words, what the claim speaks of: what ran, what was missed, or the branches."""
    kind = claim.split(maxsplit=1)[0]
    if kind == "branches":
        found = [f"{a}→{b}{'+' if (a, b) in file.taken else '-'}" for a, b in sorted(file.branches)]
        return f"branches {' '.join(found) or 'none'}"
    lines = file.executed if kind == "ran" else file.executable & ~file.executed
    return f"{kind} {' '.join(map(str, unpack(lines)))}"


@pytest.mark.parametrize(("engine", "column"), [("slipcover", 2), ("coverage", 3)])
def test_each_program_differs_as_the_page_says(matrix_project: Project, engine: str, column: int) -> None:
    assert len(PROGRAMS) == TEXT.count("```python")
    names = [f"program{number}" for number, _ in enumerate(PROGRAMS)]
    for name, program in zip(names, PROGRAMS, strict=True):
        matrix_project.write(f"pkg/{name}.py", program[0])
    matrix_project.write("test_it.py", f"def test_it():\n    from pkg import {', '.join(names)}\n")
    if matrix_project.python.parts[-3] == "3.10":
        pytest.skip("the page is about Python 3.11 and later")
    leg = matrix_project.measure(engine=engine)
    assert leg.code == 0, leg.output
    minor = int(leg.stamp.python.split(".")[1])
    claims = {
        name: program[column]
        for name, program in zip(names, PROGRAMS, strict=True)
        if minor >= int(program[1] or 0)
    }
    files = leg.measured.files
    assert {name: said(claim, files[f"pkg/{name}.py"]) for name, claim in claims.items()} == claims
