"""The cells of the table: one leg each, and a sentence for all that is wrong with it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from truth import annotated, ends
from truth.annotated import Version  # noqa: TC001 - msgspec reads Cell's annotations
from truth.modes import MARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from leg import Leg
    from truth.annotated import Truth
    from truth.ends import End, Place
    from truth.lab import Lab
    from truth.modes import Mode
    from truth.programs import Program

DOOMED = "pkg/doomed.py"
EXACT, LISTED, STOPPED, NAMED = "exact", "listed", "stopped", "named"
#: What a report says of a process that it could not wait for.
STAYS = "still ran when the leg ended: "
#: From this Python on no end of a process can lose a line.
AT_ONCE = (3, 12)
#: The row of all programs that can share a leg.
TOGETHER = "all of these in one leg"


class Cell(NamedTuple):
    """What a row is in a column on one Python.

    `how` is `exact`: every line and branch is there and the leg complete; `listed`: so it is, and the leg lists the
    process, which could not say its end; `stopped`: the lines are there, and the leg says why pytest did not run every
    test; `named`: the leg names the process whose lines it may lack. Anything `wrong` is in sentences.
    """

    row: str
    column: str
    python: Version
    how: str
    wrong: tuple[str, ...]


def of_programs(lab: Lab, mode: Mode, programs: Sequence[Program], root: Path) -> Cell:
    """Run programs in one leg."""
    files = {name: text for program in programs for name, text in program.files.items()}
    if mode.marked:
        files["conftest.py"] = files.get("conftest.py", "") + MARK
    arguments = [word for program in programs for word in program.arguments]
    source = [name for program in programs for name in program.source]
    leg = lab.measure(root, files, [*arguments, *mode.arguments], source, **dict(mode.plan))
    sources = {name: text for program in programs for name, text in program.sources.items()}
    truths = {name: annotated.read(text, lab.version, mode.engine) for name, text in sources.items()}
    unbranched = {name for program in programs for name in program.unbranched if mode.engine == "slipcover"}
    row = programs[0].name if len(programs) == 1 else TOGETHER
    named = [program.named for program in programs if program.named]
    how = NAMED if named else EXACT
    return Cell(row, mode.name, lab.version, how, tuple(_wrong(leg, truths, unbranched, named)))


def _wrong(leg: Leg, truths: dict[str, Truth], unbranched: set[str], named: list[str]) -> Iterator[str]:
    if not leg.report.exists():
        yield f"no report: {_last_words(leg)}"
        return
    if leg.code != 0:
        yield f"exit code {leg.code}: {_last_words(leg)}"
    yield from annotated.deviations(truths, leg.measured.files)
    reasons = leg.stamp.reasons
    yield from (_plain(said) for said in reasons if not any(re.match(name, said) for name in named))
    yield from (f"not named: {name}" for name in named if not any(re.match(name, said) for said in reasons))
    if unbranched ^ leg.stamp.unbranched.keys():
        yield f"without branches: {', '.join(sorted(leg.stamp.unbranched)) or 'no file'}"


def _last_words(leg: Leg) -> str:
    """Return what pytest said of its failures, or its last lines."""
    said = re.findall(r"^(?:FAILED |ERROR |E   |it hung).*", leg.output, flags=re.MULTILINE)
    return _plain(" / ".join((said or leg.output.strip().splitlines())[-3:]))


def _plain(reason: str) -> str:
    """Return a sentence without what differs between two runs."""
    return re.sub(r"(?<=process )\d+|/\S+/", "", reason)


def of_end(lab: Lab, end: End, place: Place, root: Path) -> Cell:
    """Run one end of one process."""
    files = ends.files(end, place)
    leg = lab.measure(root, files, [*place.arguments, *end.arguments], ["pkg"])
    truths = {name: annotated.read(files[name], lab.version) for name in files if name.startswith("pkg/")}
    if not leg.report.exists():
        return Cell(end.name, place.name, lab.version, NAMED, (f"no report: {_last_words(leg)}",))
    how, wrong = _judge(leg, end, place, truths, lab.version)
    return Cell(end.name, place.name, lab.version, how, tuple(wrong))


def _judge(
    leg: Leg, end: End, place: Place, truths: dict[str, Truth], version: Version
) -> tuple[str, list[str]]:
    """Return how a report tells of an end, and what is wrong with that."""
    stop = end.reason(place, version)
    stops = [reason for reason in leg.stamp.reasons if stop and reason.startswith(stop)]
    wrong = [f"the report does not say: {stop}"] if stop and not stops else []
    rest = [reason for reason in leg.stamp.reasons if reason not in stops]
    how = STOPPED if stop else EXACT
    stays = end.stays and any(STAYS in reason for reason in rest)
    if rest and not end.seen and (stays or version < AT_ONCE):
        how = NAMED
        # What ran there may be lost; what did not run may not be there.
        truths[DOOMED] = {key: "~" if mark == "+" else mark for key, mark in truths[DOOMED].items()}
        sign = STAYS if stays else "was ended by a signal or a crash, "
        name = f"{place.by} {sign}.*{place.named}"
        if not any(re.search(name, reason) for reason in rest):
            wrong.append(f"not named by {name!r}, but: {'; '.join(map(_plain, rest))}")
        rest = [reason for reason in rest if sign not in reason]
    elif not end.seen and version >= AT_ONCE:
        how = how if stop else LISTED
        if not any(re.search(f"{place.named}.*{place.by}$", line) for line in leg.stamp.killed):
            wrong.append(f"not listed by {place.named!r}, but: {'; '.join(leg.stamp.killed)}")
    return how, [*wrong, *annotated.deviations(truths, leg.measured.files), *map(_plain, rest)]
