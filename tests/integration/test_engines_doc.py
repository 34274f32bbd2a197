"""What docs/engines.md says of the engines is what they do."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from covlane.model.lines import unpack

if TYPE_CHECKING:
    from covlane.model.report import FileCoverage
    from leg import Project

TEXT = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
SECTION = re.compile(r"```python\n(.*?)```\n\n- SlipCover: (.*?)\n- coverage.py: (.*?)\n", re.DOTALL)
PROGRAMS = SECTION.findall(TEXT)


def said(claim: str, file: FileCoverage) -> str:
    """Return, in the page's words, what the claim speaks of: what ran, what was missed, or the branches."""
    kind = claim.split(maxsplit=1)[0]
    if kind == "branches":
        found = [f"{a}→{b}{'+' if (a, b) in file.taken else '-'}" for a, b in sorted(file.branches)]
        return f"branches {' '.join(found) or 'none'}"
    lines = file.executed if kind == "ran" else file.executable & ~file.executed
    return f"{kind} {' '.join(map(str, unpack(lines)))}"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the page is about 3.11 and later")
@pytest.mark.parametrize(("engine", "column"), [("slipcover", 1), ("coverage", 2)])
def test_each_program_differs_as_the_page_says(project: Project, engine: str, column: int) -> None:
    names = [f"program{number}" for number, _ in enumerate(PROGRAMS)]
    for name, program in zip(names, PROGRAMS, strict=True):
        project.write(f"pkg/{name}.py", program[0])
    project.write("test_it.py", f"def test_it():\n    from pkg import {', '.join(names)}\n")
    leg = project.measure(engine=engine)
    assert leg.code == 0, leg.output
    claims = [program[column] for program in PROGRAMS]
    files = leg.measured.files
    assert [said(claim, files[f"pkg/{name}.py"]) for name, claim in zip(names, claims, strict=True)] == claims
    assert len(PROGRAMS) == TEXT.count("```python")
