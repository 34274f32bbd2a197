"""The ways in which one suite can be run; a leg's number is the same in each."""

from __future__ import annotations

from typing import NamedTuple

#: A conftest's lines that give every test the mark.
MARK = """
def pytest_collection_modifyitems(items):
    for item in items:
        item.add_marker("forked")
"""


class Mode(NamedTuple):
    """A way to run pytest.

    `arguments` are pytest's, `plan` changes fields of the leg's plan (isolation, engine), `marked` gives every test
    the mark `forked`, `requires` is the oldest Python.
    """

    name: str
    arguments: tuple[str, ...] = ()
    plan: tuple[tuple[str, object], ...] = ()
    marked: bool = False
    requires: tuple[int, int] = (3, 9)

    @property
    def engine(self) -> str:
        """What measures."""
        return str(dict(self.plan).get("engine", "slipcover"))

    @property
    def in_words(self) -> str:
        """What makes the mode, for the table's reader."""
        words = [" ".join(self.arguments), *(f"{name} = {value}" for name, value in self.plan)]
        found = " ".join(f"`{word}`" for word in words if word)
        return found or ("`@pytest.mark.forked`" if self.marked else "as it comes")


_COVERAGE = (("engine", "coverage"),)
_PROCESS = (("isolation", "process"),)
_DISTRIBUTIONS = ("load", "loadscope", "loadfile", "loadgroup", "worksteal", "each", "no")

MODES = (
    Mode("serial"),
    *(Mode(dist, ("-n", "2", "--dist", dist)) for dist in _DISTRIBUTIONS),
    Mode("tx", ("--tx", "2*popen", "--dist", "load")),
    Mode("one worker", ("-n", "1", "--maxprocesses", "1")),
    Mode("forked", ("--forked",)),
    Mode("forked, workers", ("--forked", "-n", "2")),
    Mode("marked forked", marked=True),
    Mode("process", plan=_PROCESS),
    Mode("process, workers", ("-n", "2"), _PROCESS),
    # The releases of coverage.py for older Pythons count other lines.
    Mode("coverage.py", plan=_COVERAGE, requires=(3, 10)),
    Mode("coverage.py, forked, workers", ("--forked", "-n", "2"), _COVERAGE, requires=(3, 10)),
    Mode("importlib", ("-p", "no:cacheprovider", "--import-mode=importlib")),
)
