"""The leg's plan: what is measured, as the session wrote it down for every process of the leg."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

SCHEMA = 1
#: The fields that hold paths.
PATHS = ("root", "output", "source", "omit", "durations", "cache")


class Plan(NamedTuple):
    """One leg.

    `root` is absolute; `source` and `omit` are relative to it, `output` is the leg's report; fragments lie
    beside the plan's own file, in `folder`. `isolation` and `workers` are what the session asked pytest for, `engine`
    is `slipcover`, `slipcover-cli` or `coverage`. `shard` is this one's number and how many there are, `durations` a file of seconds
    by test, which need not be there. `exclude` are patterns of lines, `partial` of lines whose branches do not count. `contexts` asks which test each line ran for. `cache` is a folder for what outlives the leg, or empty.
    """

    folder: str
    leg: str
    root: str
    output: str
    source: list[str]
    omit: list[str]
    exclude: list[str]
    branch: bool
    subprocess: bool
    engine: str
    canary: bool
    isolation: str
    workers: int | str
    shard: list[int] | None
    durations: str
    cache: str
    commit: str | None
    dirty: bool
    tools: dict[str, str]
    contexts: bool = False
    partial: Sequence[str] = ()

    @property
    def cache_folder(self) -> str:
        """The folder of the cache: results computed once for each file content."""
        return self.cache or os.path.join(self.folder, "cache")

    @property
    def slipcovers(self) -> str:
        """The file that SlipCover's own command writes."""
        return os.path.join(os.path.splitext(self.output)[0] + ".d", "slipcover.json")

    @property
    def selfcheck_folder(self) -> str:
        """The folder of the self-checks, measured like a source; no leg has sources in a hidden folder."""
        return os.path.join(self.folder, ".canary")


def read(path: str) -> Plan:
    """Read a plan; OSError, ValueError or TypeError if it is not a valid plan."""
    with open(path, encoding="utf-8") as file:
        values = json.load(file)
    if values.pop("schema", None) != SCHEMA:
        raise ValueError(f"{path} is not a plan of schema {SCHEMA}")
    spelled = {name: _spelled(values[name]) for name in PATHS if name in values}
    return Plan(folder=os.path.dirname(os.path.abspath(path)), **{**values, **spelled})


def _spelled(path: Any) -> Any:
    """Return a path, or a list of them, as this process's locale spells it, whatever the session's was."""
    if isinstance(path, str):
        return os.fsdecode(path.encode("utf-8", "surrogateescape"))
    return [_spelled(each) for each in path]
