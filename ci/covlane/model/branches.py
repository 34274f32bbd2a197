"""Branches whose targets a report does not name: how they are numbered, and counted once beside those with names."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from covlane.model.lines import LAST_LINE
from covlane.model.report import FileCoverage

if TYPE_CHECKING:
    from collections.abc import Collection

    from covlane.model.report import Branch

#: The most of one line that are numbered.
MOST_NUMBERED = 10_000
LAST_TARGET = LAST_LINE + (MOST_NUMBERED + 1) * MOST_NUMBERED


def listed(number: int) -> int:
    """Return the target of a branch that a report lists, as the Nth of its line, 1 or more: past every line."""
    return LAST_LINE + number


def counted(number: int, count: int) -> int:
    """Return the target of the Nth of so many branches, where a report tells no more; those taken come first."""
    return LAST_LINE + MOST_NUMBERED * count + number


def settled(file: FileCoverage) -> FileCoverage:
    """Count each branch once in a union of reports that name, list or count the branches of the same line.

    There are as many as the report with the most has, and as many were taken as in the report that saw the most:
    never too many. Their names are kept where they tell all of that. What is settled stays as it is.
    """
    unsure: dict[int, set[Branch]] = {line: set() for line, target in file.branches if target > LAST_LINE}
    if not unsure:
        return file
    for branch in file.branches:
        if branch[0] in unsure:
            unsure[branch[0]].add(branch)
    branches, taken = set(file.branches), set(file.taken)
    for line, found in unsure.items():
        branches -= found
        taken -= found
        chosen = _settled(line, found, found & file.taken)
        branches.update(chosen[0])
        taken.update(chosen[1])
    return FileCoverage(file.executable, file.executed, frozenset(branches), frozenset(taken))


def _settled(
    line: int, found: set[Branch], taken: set[Branch]
) -> tuple[Collection[Branch], Collection[Branch]]:
    """Return the branches of one line, and those that were taken."""
    views: dict[int, set[Branch]] = defaultdict(set)
    for branch in found:
        # By the count that the number tells: -1 for a name, 0 for one of a list.
        views[max(-1, (branch[1] - LAST_LINE - 1) // MOST_NUMBERED)].add(branch)
    count = max(*views, *(len(view) for view in views.values()))
    took = max(len(view & taken) for view in views.values())
    if len(found) == count:
        return found, taken
    for view in (views[-1], views[0]):
        if len(view) == count and len(view & taken) == took:
            return view, view & taken
    numbers = [(line, counted(number, count)) for number in range(1, count + 1)]
    return numbers, numbers[:took]
