"""Phrases shared by all outputs, so that they agree."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from covlane.model.lines import LAST_LINE, ranges, unpack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from covlane.model.report import FileCoverage, Ratio, Report

OUTCOMES = {
    "pass": "✅ Coverage passes",
    "fail": "❌ Coverage fails",
    "incomplete": "⚠️ Coverage is incomplete",
}
#: The most sentences on legs, and places in one of them.
MOST_SENTENCES = 8
MOST_PLACES = 3
#: The most ranges of one place.
MOST_RANGES = 8


def missing(file: FileCoverage) -> str:
    """Return the missing lines as ranges, then the branches between covered lines that were never taken."""
    return ", ".join(text for text, _ in places(file))


def places(file: FileCoverage) -> Iterator[tuple[str, str]]:
    """Yield each missing range or branch with its lines."""
    not_run = file.executable & ~file.executed
    for one in ranges(not_run, file.executed):
        yield span(*one), span(*one)
    for line, target in sorted(file.branches - file.taken):
        if file.executed >> line & 1 and not not_run >> target & 1:
            yield f"{line}->{_target(target)}", f"{line}"


def untaken(target: int) -> str:
    """Return a phrase on a branch that was never taken; some tools do not record targets."""
    if target > LAST_LINE:
        return "never took one of its branches"
    return f"never jumped to line {target}" if target else "never exited the function or module"


def files(count: int) -> str:
    """Return `1 file`, `1,000 files`."""
    return f"{count:,} file{'s' * (count != 1)}"


def lines(first: int, last: int) -> str:
    """Return a range of lines for a sentence."""
    return f"line{'s' * (first != last)} {span(first, last)}"


def level(ratio: Ratio, thresholds: tuple[float, float]) -> str:
    """Return `low`, `middling` or `high`; empty if the total is 0. Counts decide, so 79.999 % is below 80."""
    if not ratio.total:
        return ""
    reached = sum(100 * ratio.covered >= threshold * ratio.total for threshold in thresholds)
    return ("low", "middling", "high")[reached]


def change(now: Ratio, before: Ratio | None) -> str:
    """Return the change in percentage points, with two decimals, from rounded-down figures; empty for none."""
    if before is None or not (now.total and before.total):
        return ""
    hundredths = now.covered * 10_000 // now.total - before.covered * 10_000 // before.total
    return f"{hundredths / 100:+.2f}" if hundredths else ""


def when(timestamp: str) -> str:
    """Return an ISO 8601 timestamp in UTC to the minute."""
    return timestamp[:16].replace("T", " ") + " UTC"


def printable(text: str) -> str:
    """Replace non-printable characters, such as control and bidirectional ones, by their escapes."""
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def _target(target: int) -> str:
    return "?" if target > LAST_LINE else str(target or "exit")


def span(first: int, last: int) -> str:
    """Return a range of lines: `12`, `12-15`."""
    return f"{first}" if first == last else f"{first}-{last}"


def jump(line: int, target: int) -> str:
    """Return a branch: `12 → 15`; one without a recorded target is `a branch of 12`."""
    return f"a branch of {line}" if target > LAST_LINE else f"{line} → {target or 'exit'}"


def by_missing(report: Report) -> list[tuple[str, FileCoverage]]:
    """Return the files with missing lines or branches, most missing first."""
    files = [(path, file) for path, file in report.files.items() if file.lines.missing or file.branch.missing]
    return sorted(files, key=lambda item: (-item[1].lines.missing, -item[1].branch.missing, item[0]))


def headline(report: Report) -> str:
    """Return the totals in one line, starting with INCOMPLETE for an incomplete report."""
    lines, branches = report.lines, report.branches
    text = f"{lines.text} of lines ({lines.covered:,}/{lines.total:,})"
    if report.branch:
        text += f", {branches.text} of branches ({branches.covered:,}/{branches.total:,})"
    return ("INCOMPLETE: " if report.incomplete else "") + text


def legs(report: Report) -> str:
    """Return the names of the report's legs and reports of other tools."""
    found = [stamp.leg for stamp in report.legs if not stamp.shard]
    shards: dict[str, list[str]] = defaultdict(list)
    for stamp in report.legs:
        if stamp.shard:
            name, _, rest = stamp.leg.partition("(shard-")
            shards[name + rest.partition(")")[2]].append(stamp.shard.partition("/")[0])
    found += [f"{name} (shards {', '.join(numbers)})" for name, numbers in shards.items()]
    return ", ".join([*sorted(found), *report.others]) or "none"


def components(report: Report) -> list[str]:
    """Return each component's name, flags and figures."""
    found = []
    for part in report.components:
        flags = f" ({', '.join(part.flags)})" if part.flags else ""
        found.append(f"{part.name}{flags}: {headline(report.part(part))}")
    return found


def by_leg(report: Report) -> list[str]:
    """Return sentences on code only one leg runs, on missed code not executable on all legs, and on redundant legs."""
    only: dict[str, list[str]] = defaultdict(list)
    missed: dict[str, list[str]] = defaultdict(list)
    for path, shares in report.disputed.items():
        file = report.files[path]
        once = many = able = 0
        for share in shares:
            many |= share.executed if len(share.legs) > 1 else once & share.executed
            once |= share.executed
            able |= share.executable
        for share in shares:
            if alone := share.executed & ~many:
                only[share.legs[0]].append(_place(path, alone, file))
        never: dict[str, int] = defaultdict(int)
        for line in unpack(able & ~file.executed):
            who = [leg for share in shares if share.executable >> line & 1 for leg in share.legs]
            never[", ".join(sorted(who))] |= 1 << line
        for legs_, lines in never.items():
            missed[legs_].append(_place(path, lines, file))
    found = [f"only {leg} runs {_several(places)}" for leg, places in sorted(only.items())]
    found += [
        f"missed on every leg where it is executable ({able_}): {_several(places)}"
        for able_, places in sorted(missed.items())
    ]
    if folded := found[MOST_SENTENCES:]:
        found[MOST_SENTENCES:] = [f"{len(folded)} more are in coverage.json"]
    if nothing := [leg for leg, alone in report.alone.items() if not alone.lines + alone.branches]:
        each = "each add" if len(nothing) > 1 else "adds"
        found.append(f"{', '.join(nothing)} {each} nothing that no other leg runs")
    return found


def _place(path: str, lines: int, file: FileCoverage) -> str:
    return f"{path} {_ranges(lines, file.executable & ~lines)}"


def _ranges(lines: int, others: int) -> str:
    found = [span(*one) for one in ranges(lines, others)]
    return ", ".join(found[:MOST_RANGES]) + (", ..." if found[MOST_RANGES:] else "")


def _several(places: list[str]) -> str:
    more = f"; and in {len(places) - MOST_PLACES:,} more files" if len(places) > MOST_PLACES else ""
    return "; ".join(places[:MOST_PLACES]) + more
