"""`nox -s compare`: what two engines say of the same tests, line by line and branch by branch."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from covlane.adapters import files
from covlane.analysis.compare import Difference, compare
from covlane.errors import UsageError
from covlane.formats.slipcover import read_leg

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from covlane.model.report import Stamp

#: The engines that are compared where nobody names others.
DEFAULT = ("slipcover", "slipcover-cli")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the arguments of the session ask for: two engines, whether to print JSON, and pytest's arguments."""

    engines: tuple[str, str]
    json: bool
    pytest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two legs and what they differ on."""

    stamps: tuple[Stamp, Stamp]
    differences: tuple[Difference, ...]

    @property
    def unexplained(self) -> int:
        """How many differences have no known reason."""
        return sum(not one.reason for one in self.differences)

    def document(self) -> dict[str, object]:
        """Return it for programs."""
        names = [stamp.engine for stamp in self.stamps]
        return {
            "engines": [
                {
                    "engine": stamp.engine,
                    "version": stamp.tools.get(stamp.engine, ""),
                    "python": stamp.python,
                    "exit_code": stamp.exit_code,
                    "incomplete": list(stamp.reasons),
                }
                for stamp in self.stamps
            ],
            "differences": [
                {
                    "path": one.path,
                    "line": one.line,
                    **({} if one.target is None else {"target": one.target}),
                    "said": [one.first, one.second],
                    "reason": one.reason or None,
                }
                for one in self.differences
            ],
            "unexplained": self.unexplained,
            "summary": f"{' and '.join(names)}: {self._summary()}",
        }

    def text(self) -> Iterator[str]:
        """Yield it for people, line by line."""
        first, second = (stamp.engine for stamp in self.stamps)
        for stamp in self.stamps:
            yield from (f"{stamp.engine} is incomplete: {reason}" for reason in stamp.reasons)
        for path, those in groupby(self.differences, lambda one: one.path):
            yield path
            for one in those:
                where = f"line {one.line}" if one.target is None else f"branch {one.line}→{one.target}"
                reason = one.reason or "no known reason"
                yield f"  {where}: {first} {one.first}, {second} {one.second} ({reason})"
        yield f"{first} and {second}: {self._summary()}"

    def _summary(self) -> str:
        if not self.differences:
            return "the same lines and branches"
        return f"{len(self.differences):,} differences, {self.unexplained:,} without a known reason"


def asked(arguments: Sequence[str], known: Sequence[str]) -> Asked:
    """Read the session's arguments: `--engines A B`, `--json`, and all else for pytest.

    Raises:
        UsageError: there are not two engines that covlane knows.
    """
    rest, engines = list(arguments), DEFAULT
    if "--engines" in rest:
        at = rest.index("--engines")
        named = rest[at + 1 : at + 3]
        if len(named) < 2 or not set(named) <= set(known):  # noqa: PLR2004 - a pair
            raise UsageError(
                f"--engines {' '.join(named)} does not name two engines".replace("  ", " "),
                f"name two of {', '.join(known)}",
            )
        engines = named[0], named[1]
        del rest[at : at + 3]
    return Asked(engines, "--json" in rest, tuple(word for word in rest if word != "--json"))


def compare_legs(root: Path, paths: Sequence[Path]) -> Comparison:
    """Compare the reports of two legs that ran the same tests.

    Raises:
        ReportError: one of them is missing, or cannot be read.
    """
    first, second = (read_leg(files.read_bytes(path), str(path)) for path in paths)
    names = {name for leg in (first, second) for name in leg.leg_files}
    sources = {name: (root / name).read_bytes() for name in names if (root / name).is_file()}
    return Comparison((first.stamp, second.stamp), tuple(compare(first, second, sources)))
