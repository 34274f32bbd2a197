"""The leg's document has the shape and the summaries that SlipCover's own has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import slipcover
from slipcover.slipcover import add_summaries

from covlane.collector import finish

if TYPE_CHECKING:
    from covlane.collector.engines.engine import Counted


class Reader:
    """A reader without files."""

    name, version, model, recorder = "slipcover", "1.1.0", "", ""
    lost: list[str] = []  # noqa: RUF012 - a stub

    def count(self, _path: str) -> Counted:
        raise NotImplementedError


def entry(**lists: list[Any]) -> dict[str, Any]:
    names = ("executed_lines", "missing_lines", "executed_branches", "missing_branches")
    return {name: lists.get(name, []) for name in names}


def test_the_summaries_are_slipcovers() -> None:
    files = {
        "a.py": entry(executed_lines=[1, 2], missing_lines=[3], missing_branches=[(1, 2)]),
        "empty.py": entry(),
    }
    for one in files.values():
        one["summary"] = finish._summary([one], branch=True)
    ours = finish._document(files, branch=True, reader=Reader())
    theirs = {"meta": ours["meta"], "files": {name: dict(one) for name, one in files.items()}}
    add_summaries(theirs)
    assert ours == theirs
    assert slipcover.merge_coverage(ours, {"meta": ours["meta"], "files": {}})
