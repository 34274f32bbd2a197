"""What shards win: the CPU time of a leg, and of the longest of its shards, run one after another on one machine.

`nox -s shards -- --shards 4`; installations are left out, all else of a session counts.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from repository import CURRENT, Repository

#: Tests whose work grows from none to three million additions, so that an even split is an uneven one.
TESTS = """
    import pytest

    @pytest.mark.parametrize("number", range({tests}))
    def test_adds(number):
        total = 0
        for value in range(({scale} * number // {tests}) ** 2):
            total += value
        assert total >= 0
    """


def main(arguments: list[str]) -> int:
    """Measure, and print a line for each way to split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--tests", type=int, default=120)
    parser.add_argument("--scale", type=int, default=1800)
    chosen = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="covlane-shards-") as folder:
        repository = Repository(Path(folder).resolve() / "made")
        repository.write("test_calc.py", TESTS.format(tests=chosen.tests, scale=chosen.scale))
        (whole,) = costs(repository, 1)
        (repository.root / "reports" / "legs" / f"coverage-{CURRENT}.json").unlink()
        say(f"one leg: {whole:.1f} s of CPU")
        for how in ("evenly", "by durations"):
            each = costs(repository, chosen.shards)
            told = ", ".join(f"{cost:.1f}" for cost in each)
            say(f"{chosen.shards} shards {how}: {told}; the longest {max(each) / whole:.2f} of the leg")
            done = repository.covlane("merge")
            if done.returncode:
                raise SystemExit(done.stderr)
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def costs(repository: Repository, shards: int) -> list[float]:
    """Return the CPU time, in seconds, of each shard of the leg."""
    repository.settings(f'pythons = ["{CURRENT}"]', f"shards = {shards}")
    if repository.git("status", "--porcelain"):
        repository.commit()
    names = [f"(shard-{number}-of-{shards})" for number in range(1, shards + 1)] if shards > 1 else [""]
    found = []
    for session in (f"coverage-{CURRENT}{name}" for name in names):
        nox(repository, "-r", "--install-only", "-s", session)
        before = spent()
        nox(repository, "-R", "-s", session)
        found.append(spent() - before)
    return found


def nox(repository: Repository, *arguments: str) -> None:
    """Run nox; SystemExit with what it printed where it fails."""
    argv = [sys.executable, "-m", "nox", *arguments]
    environ = repository.environ | {"CI": "true", "PYTHONHASHSEED": "0"}
    done = subprocess.run(argv, cwd=repository.root, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)


def spent() -> float:
    """Return the CPU time of all children so far, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    os.environ.pop("NOX_CURRENT_SESSION", None)
    sys.exit(main(sys.argv[1:]))
