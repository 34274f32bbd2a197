"""The lines and branches that covlane works out are SlipCover's own, on each Python of this machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import covlane

CI = Path(covlane.__file__).parents[1]
TESTS = Path(__file__).parents[1] / "unit" / "collector" / "test_marks.py"


def test_the_lines_and_branches_of_each_python_are_slipcovers(leg_python: Path, tmp_path: Path) -> None:
    options = ["-q", "-c", os.devnull, "--rootdir", str(tmp_path), "--noconftest", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [str(leg_python), "-m", "pytest", *options, "--import-mode=importlib", str(TESTS)],
        env={**os.environ, "PYTHONPATH": str(CI)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "passed" in done.stdout
