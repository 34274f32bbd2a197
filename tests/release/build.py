"""Build the sdist and the wheel, check both, and run the wheel in an environment of its own: `nox -s build`.

With a tag, such as v1.2.0, also check that this commit is the release of that version.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import covlane
from release import tag

ROOT = Path(__file__).parents[2]
DIST = ROOT / "dist"
MODULE = "def sign(x):\n    if x < 0:\n        return -1\n    return 1\n"
TEST = "import calc\n\n\ndef test_sign():\n    assert calc.sign(2) == 1\n"


def main(arguments: list[str]) -> int:
    """Return 1 where the tag does not fit, raise CalledProcessError where a check fails."""
    if arguments:
        texts = [(ROOT / name).read_text("utf-8") for name in ("CHANGELOG.md", "README.md")]
        if found := tag.problems(arguments[0], covlane.__version__, *texts):
            sys.stderr.write("".join(f"{problem}\n" for problem in found))
            return 1
    shutil.rmtree(DIST, ignore_errors=True)
    run(sys.executable, "-m", "build", str(ROOT), folder=ROOT)
    sdist, wheel = sorted(map(str, DIST.iterdir()), key=lambda name: name.endswith(".whl"))
    run(sys.executable, "-m", "twine", "check", "--strict", sdist, wheel, folder=ROOT)
    run(sys.executable, "-m", "check_wheel_contents", wheel, folder=ROOT)
    with tempfile.TemporaryDirectory() as folder:
        attempt(Path(folder), wheel)
    return 0


def attempt(folder: Path, wheel: str) -> None:
    """Install the wheel where nothing else is, and take a project from `covlane init` to its table."""
    bare, project = folder / "bare", folder / "project"
    venv.create(bare, with_pip=True)
    python = str(bare / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    run(python, "-m", "pip", "install", "--quiet", wheel, folder=folder)
    project.mkdir()
    (project / "calc.py").write_text(MODULE)
    (project / "test_calc.py").write_text(TEST)
    run("git", "init", "--quiet", folder=project)
    run(python, "-m", "covlane", "init", folder=project)
    identity = ("-c", "user.name=dev", "-c", "user.email=dev@example.com")
    run("git", "add", "--all", folder=project)
    run("git", *identity, "commit", "--quiet", "--message", "work", folder=project)
    run(python, "-m", "nox", "-s", "coverage", folder=project)
    assert (project / "reports" / "coverage.xml").is_file()


def run(*command: str, folder: Path) -> None:
    """Run a program; what this session has set for nox, pytest and Python stays out of it."""
    ours = ("NOX", "PYTEST", "PYTHON", "COV", "VIRTUAL_ENV", "CI")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    subprocess.run(command, check=True, cwd=folder, env=environ)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
