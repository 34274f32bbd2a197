"""`nox -s bench -- --instructions`: how many instructions the hot paths take, counted by callgrind.

Seconds depend on what else a machine does, instructions hardly: a path that came to cost more is seen on any load.
What is counted is the difference of two runs of a program, so the start of Python is not in it.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.paths import PATHS, Workshop
from covlane.adapters import process

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.paths import Run

KEPT = Path(__file__).with_name("instructions.json")
#: Seconds for one program, which callgrind slows by a factor of fifty.
LIMIT = 1800
#: A forked child inherits its parent's counters: they begin anew where CPython's fork comes to the child.
FRESH = "--zero-before=PyOS_AfterFork_Child"
TOTAL = re.compile(rb"^(?:totals|summary): (\d+)", re.MULTILINE)
#: Packages whose release changes what a path takes.
NAMED = ("slipcover", "msgspec", "invoke")


class Entry(NamedTuple):
    """What a path took, and by how much of that it may differ."""

    instructions: int
    tolerance: float


class Verdict(NamedTuple):
    """What is to say of a path, and whether it costs more than it may."""

    text: str
    dearer: bool


def judge(count: int, kept: Entry | None) -> Verdict:
    """Compare a count with the one that is kept, None where there is none for these versions."""
    if kept is None:
        return Verdict("no count is kept for these versions; --write keeps it", dearer=False)
    change = count / kept.instructions - 1
    text = f"{change:+.1%} of {kept.instructions:,}, {kept.tolerance:.0%} are allowed"
    if change < -kept.tolerance:
        return Verdict(f"{text}: cheaper, --write keeps it", dearer=False)
    return Verdict(text, dearer=change > kept.tolerance)


def main(arguments: list[str]) -> int:
    """Count, print each path's count beside the one that is kept; 1 where one costs more than it may."""
    parser = argparse.ArgumentParser(prog="nox -s bench -- --instructions", description=__doc__)
    parser.add_argument("--path", action="append", choices=list(PATHS), help="again for more; all of them")
    parser.add_argument(
        "--python", metavar="3.X", default=f"3.{sys.version_info.minor}", help="the running one"
    )
    parser.add_argument("--write", action="store_true", help="keep these counts")
    given = parser.parse_args(arguments)
    if (valgrind := shutil.which("valgrind")) is None:
        sys.stdout.write("valgrind is not here: nothing was counted\n")
        return 0
    document = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    dearer = False
    with tempfile.TemporaryDirectory(prefix="covlane-bench-") as folder:
        workshop = Workshop.open(Path(folder), given.python)
        kept = document.setdefault(_versions(workshop), {})
        for name in given.path or PATHS:
            path = PATHS[name]
            runs = path.prepare(workshop)
            taken = [count(valgrind, run, workshop.environ) for run in runs]
            own = taken[0] - sum(taken[1:])
            verdict = judge(own, Entry(**kept[name]) if name in kept else None)
            dearer |= verdict.dearer
            sys.stdout.write(f"{name}: {own:,} instructions: {verdict.text}\n")
            sys.stdout.flush()
            if given.write:
                kept[name] = Entry(own, path.tolerance)._asdict()
                KEPT.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", "utf-8")
    return int(dearer and not given.write)


def count(valgrind: str, run: Run, environ: Mapping[str, str]) -> int:
    """Return the instructions of a program and of its forked children; other programs that it starts are not in it.

    Raises:
        SystemExit: it failed.
    """
    for reset in run.remove:
        shutil.rmtree(reset) if reset.is_dir() else reset.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="covlane-callgrind-") as folder:
        tool = [valgrind, "-q", "--tool=callgrind", f"--callgrind-out-file={folder}/%p", FRESH]
        argv, everything = [*tool, *map(str, run.argv)], {**environ, **run.environ}
        code, out, errors = process.output(
            argv, cwd=run.cwd, environ=everything, stdin=run.stdin, timeout=LIMIT
        )
        if code:
            raise SystemExit(f"{run.argv} ended with {code}:\n{out.decode()[-2000:]}{errors[-4000:]}")
        return total([path.read_bytes() for path in sorted(Path(folder).iterdir())])


def total(outputs: Sequence[bytes]) -> int:
    """Return the instructions in callgrind's files, one a process (its manual, "Callgrind Format Specification")."""
    return sum(int(found[1]) for text in outputs if (found := TOTAL.search(text)))


def _versions(workshop: Workshop) -> str:
    """Return what decides a count: Python, how it was built, and the packages."""
    argv = [workshop.python, "-c", "import sys; print(sys.version)"]
    python = " ".join(
        process.run(list(map(str, argv)), cwd=workshop.root, environ=workshop.environ).stdout.split()
    )
    frozen = workshop.uv("pip", "freeze", "--python", workshop.python).split()
    packages = sorted(line.replace("==", " ") for line in frozen if line.partition("==")[0] in NAMED)
    return ", ".join([f"Python {python}", platform.machine(), *packages])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
