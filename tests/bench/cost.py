"""What a program takes: seconds on the wall and of the processors, and memory, with all processes below it."""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from covlane.adapters import process

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

#: Seconds that one program may take: the slowest suite under the slowest tool, many times over.
LIMIT = 3600
#: A child's memory begins at that of the process which starts it, so a small one does.
LAUNCHER = """
import json, os, sys, time
begin = time.perf_counter()
child = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, used = os.wait4(child, 0)
took = [round(time.perf_counter() - begin, 3), round(used.ru_utime + used.ru_stime, 3), used.ru_maxrss]
with open(sys.argv[1], "w") as file:
    json.dump([os.waitstatus_to_exitcode(status), took], file)
"""
#: `ru_maxrss` is in kilobytes, and on macOS in bytes (getrusage(2)).
UNIT = 1024**2 if sys.platform == "darwin" else 1024


class Cost(NamedTuple):
    """Seconds on the wall; those of the processors, user and system, of the whole tree; MB of its largest process."""

    wall: float
    cpu: float
    memory: float


class Ended(NamedTuple):
    """What a program took, its exit code, and its output."""

    cost: Cost
    code: int
    output: str


def measure(argv: Sequence[object], *, cwd: Path, environ: Mapping[str, str]) -> Ended:
    """Run a program; processes that outlive the one which started them are not counted.

    Raises:
        ToolError: it cannot be run, or does not end in an hour.
    """
    with tempfile.TemporaryDirectory(prefix="covlane-cost-") as folder:
        told = Path(folder, "cost.json")
        launcher = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(told)]
        done = process.run([*launcher, *map(str, argv)], cwd=cwd, environ=environ, timeout=LIMIT)
        if not told.exists():
            raise RuntimeError(f"{argv} cannot be measured:\n{done.stderr[-4000:]}")
        code, (wall, cpu, memory) = json.loads(told.read_text("utf-8"))
    return Ended(Cost(wall, cpu, round(memory / UNIT, 1)), code, done.stdout + done.stderr)


def medians(costs: Iterable[Cost]) -> Cost:
    """Return the median of each figure."""
    return Cost(*map(median, zip(*costs, strict=True)))


def machine() -> str:
    """Return the processor's model and how many of its cores there are."""
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return f"{models[0]}, {len(models)} cores" if models else platform.machine()
