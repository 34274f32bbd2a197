"""The gates as a team sets them, `[tool.covlane.gate]`: thresholds are percentages, exact as they are written."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator

Percent = Annotated[float, msgspec.Meta(ge=0, le=100)]
Count = Annotated[int, msgspec.Meta(ge=0)]


class MinimumCoverage(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What files or a component must reach; `together` judges all files of a pattern as one."""

    line: Percent | None = None
    branch: Percent | None = None
    together: bool = False

    @classmethod
    def of(cls, given: float | MinimumCoverage | None) -> MinimumCoverage:
        """Return what was given for files: a percentage alone is one of lines, None is no bar."""
        return given if isinstance(given, MinimumCoverage) else cls(line=given)

    def items(self) -> Iterator[tuple[Literal["line", "branch"], float]]:
        """Yield each metric that has a bar, with its percentage."""
        if self.line is not None:
            yield "line", self.line
        if self.branch is not None:
            yield "branch", self.branch


class Gate(msgspec.Struct, frozen=True, kw_only=True, rename="kebab", omit_defaults=True):
    """All gates; what is None or empty is not judged.

    `total` is of lines and branches together, coverage.py's percentage. `files` maps globs to what each matching file must reach, the first that matches decides; `components` maps
    names of components. `patch` judges changed statements, `patch_missing` is the most of them that may be missed.
    `ratchet` lets nothing drop, as a number at most so many points.
    """

    total: Percent | None = None
    total_line: Percent | None = None
    total_branch: Percent | None = None
    patch: Percent | None = None
    patch_missing: Count | None = None
    new_files: Percent | None = None
    ratchet: bool | Percent = False
    files: dict[str, Percent | MinimumCoverage] = {}
    components: dict[str, Percent | MinimumCoverage] = {}


#: What is judged where nothing is set.
DEFAULT = Gate(patch=80.0, ratchet=True)


def questions(gate: Gate) -> Iterator[str]:
    """Yield a sentence for each threshold between 0 and 1 percent, which is likely to be meant as a part of 1."""
    given: list[tuple[str, float | MinimumCoverage | None]] = [
        ("total", gate.total),
        ("total-line", gate.total_line),
        ("total-branch", gate.total_branch),
        ("patch", gate.patch),
        ("new-files", gate.new_files),
        *((f"files.{pattern!r}", one) for pattern, one in gate.files.items()),
        *((f"components.{name}", one) for name, one in gate.components.items()),
    ]
    for name, one in given:
        both = MinimumCoverage.of(one)
        for percent in (both.line, both.branch):
            if percent and percent < 1:
                text, meant = digits(percent), digits(float(exact(percent) * 10_000))
                yield f"gate.{name} is {text}, which means {text} %; if {meant} % is meant, write {meant}"


def exact(percent: float) -> Fraction:
    """Return a percentage as the part of 1 that its decimal digits say: 84.99 is 8499/10000."""
    return Fraction(Decimal(repr(percent))) / 100


def digits(percent: float) -> str:
    """Return a percentage as a person writes it: 80, 84.99."""
    return f"{Decimal(repr(percent)).normalize():f}"
