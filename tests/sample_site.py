"""A report with something of everything that a site shows, and the sources that it is about."""

from __future__ import annotations

from dataclasses import replace
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

import data_words
from covlane.analysis.gate import outcome
from covlane.analysis.threshold import Check, Threshold
from covlane.model.lines import pack
from covlane.model.report import Component, LegGroup, Ratio
from covlane.model.verdict import BaselineState, Identity, Missing, Patch, PatchFile, Total, Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.model.report import Report

LEGS = ("coverage-3.11", "coverage-3.12")
SHAPES = '''\
"""Areas."""

import math


class Circle:
    def __init__(self, radius: float) -> None:
        if radius < 0:
            raise ValueError(f"</script><b>{radius}</b> is no radius")  # never
        self.radius = radius

    @property
    def area(self) -> float:
        return math.pi * self.radius**2


def name(shape: object) -> str:
    if isinstance(shape, Circle):
        return "circle"
    for known in ("square", "triangle"):
        if known in str(shape):
            return known
    return "none of these, and this is said at a length that no phone shows in a single line of its own"
'''
SOURCES = {
    "src/pkg/shapes.py": SHAPES,
    "src/pkg/compat.py": "import sys\n\nif sys.version_info >= (3, 12):\n    new = True\nelse:\n    new = False\n    old = True\n",
    "src/pkg/long.py": "".join(
        f"value_{number} = {number}  # a line of many\n" for number in range(1, 20_001)
    ),
    "src/web/whole.py": "x = 1\n",
    "src/web/<img src=x onerror=alert(1)>.py": "x = 1\ny = 2\n",
    "src/web/latin.py": "# no UTF-8: \xe9\nx = 1\n",
    "src/web/changed.py": "x = 1\n",
}
WORDS = {
    "src/pkg/shapes.py": "1+ 3+ 6..7+ 8+ 9- 10+ 12..14+ 17..19+ 20..21+ 22..23- 8>9- 8>10+ 18>19+ 18>20+ 20>21+ 20>23- 21>20+ 21>22-",
    "src/pkg/compat.py": "1+ 3+ 4+ 6..7+ 3>4+ 3>6+",
    "src/pkg/long.py": "1..14999+ 15000- 15001..20000+",
    "src/web/whole.py": "1+",
    "src/web/<img src=x onerror=alert(1)>.py": "1..2-",
    "src/web/latin.py": "2+",
    "src/web/changed.py": "1+ 2-",
    "src/web/gone.py": "1+ 2..4-",
}


def report(root: Path) -> Report:
    """Write the sources and return the report on them; one has changed since, and one is gone."""
    digests = {}
    for path, text in SOURCES.items():
        content = text.encode("latin-1" if "latin" in path else "utf-8")
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
        digests[path] = blake2b(content, digest_size=16).hexdigest()
    digests["src/web/changed.py"] = "of another content"
    return replace(
        data_words.report(WORDS, legs=LEGS),
        digests=digests,
        components=(Component("web", ("src/web",), ("frontend",)), Component("pkg", ("src/pkg",))),
        disputed={
            "src/pkg/compat.py": (
                LegGroup(LEGS[:1], pack([4, 6, 7]), pack([6, 7])),
                LegGroup(LEGS[1:], pack([4, 6, 7]), pack([4])),
            )
        },
    )


def verdict(**changes: object) -> Verdict:
    """Return a verdict on that report: two files were changed, one of them not covered whole."""
    plain = Verdict(
        outcome="fail",
        commit=data_words.COMMIT,
        dirty=False,
        base="f" * 40,
        base_ref="origin/main",
        diff="0" * 64,
        legs=dict.fromkeys(LEGS, "3.12.1"),
        defaults=True,
        settings={},
        tools={},
        total=Total(
            line=Ratio(20016, 20026), branch=Ratio(5, 8), line_before=Ratio(20000, 20005), branch_before=None
        ),
        gates=(),
        patch=Patch(
            statements=Ratio(5, 8),
            files=(
                PatchFile(
                    path="src/pkg/shapes.py",
                    statements=Ratio(4, 7),
                    changed=((17, 23),),
                    missing=((22, 23),),
                    missing_branches=((20, 23),),
                ),
                PatchFile(path="src/web/whole.py", statements=Ratio(1, 1), changed=((1, 1),)),
            ),
        ),
        baseline=BaselineState(),
        incomplete=(),
        artifacts=Identity(report="", evidence=""),
    )
    return msgspec.structs.replace(plain, **changes)


def agreeing(**changes: object) -> Verdict:
    """Return that verdict with the one gate that its patch comes to, and the outcome that follows."""
    found = verdict(**changes)
    measured, threshold = found.patch.statements, Threshold.of(80)
    missing = [Missing(path=file.path, lines=file.missing) for file in found.patch.files if file.missing]
    gate = Check("patch", "statement", "", measured, threshold).judge(lambda _: missing)
    return msgspec.structs.replace(
        found,
        outcome=outcome(found.incomplete, {gate.outcome}),
        defaults=False,
        settings={"patch": 80.0},
        gates=(gate,),
    )
