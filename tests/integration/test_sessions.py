"""`nox -s coverage` in a repository, with real environments."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from covlane.commands.leg.environment import FREEZE
from covlane.commands.leg.plan import LOCATE
from repository import CURRENT, Repository

LOCK = """
version = 1
[[package]]
name = "{}"
version = "{}"
source = {{ registry = "https://pypi.org/simple" }}
"""
#: A Python that no machine has.
ABSENT = "3.99"


def test_a_leg_is_followed_by_merge_reports_and_the_table(repository: Repository) -> None:
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    row = next(line.split() for line in done.stdout.splitlines() if line.startswith("calc.py"))
    assert row == ["calc.py", "4", "1", "75.00%", "2", "1", "50.00%", "3"]
    assert "\x1b" not in done.stdout
    written = {path.name for path in (repository.root / "reports").iterdir() if path.is_file()}
    assert {"coverage.json", "coverage.xml", "lcov.info", "summary.md"} <= written
    assert repository.covlane("merge").returncode == 0
    assert repository.git("status", "--porcelain") == ""


def test_arguments_after_the_dashes_are_pytests(repository: Repository) -> None:
    done = repository.nox("-s", f"coverage-{CURRENT}", "--", "--collect-only", "-q")
    assert "test_calc.py::test_sign" in done.stdout


def test_the_arguments_of_the_settings_choose_tests_unless_a_person_names_some(
    repository: Repository,
) -> None:
    repository.write("other/test_other.py", "def test_other():\n    pass\n")
    repository.settings('pytest-args = ["-o", "testpaths=other"]')
    chosen = repository.nox("-s", f"coverage-{CURRENT}", "--", "--collect-only", "-q").stdout
    assert "test_other.py::test_other" in chosen
    assert "test_calc.py" not in chosen
    named = repository.nox(
        "-R", "-s", f"coverage-{CURRENT}", "--", "--collect-only", "-q", "test_calc.py"
    ).stdout
    assert "test_calc.py::test_sign" in named
    assert "test_other.py" not in named


def test_environments_can_be_made_beforehand(repository: Repository) -> None:
    done = repository.nox("--install-only", "-s", "coverage")
    assert done.returncode == 0, done.stderr
    assert "Running session report" not in done.stderr
    done = repository.nox("-R", "-s", "coverage")
    assert done.returncode == 0, done.stderr
    assert "1 passed" in done.stdout


def test_a_failing_suite_fails_the_session_and_is_reported(repository: Repository) -> None:
    repository.write("test_calc.py", "from calc import sign\ndef test_sign():\n    assert sign(1) == 2\n")
    done = repository.nox("-s", "coverage")
    assert done.returncode == 1
    assert "75.00%" in done.stdout
    assert f"again: nox -s 'coverage-{CURRENT}'" in done.stderr


def test_a_python_that_is_absent_is_named_once_in_a_report_that_is_complete_without_it(
    repository: Repository,
) -> None:
    repository.settings(f'pythons = ["{CURRENT}", "{ABSENT}", "3.98"]', "shards = 1")
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stderr
    told = f"1 of 3 Pythons ran here ({ABSENT}, 3.98 are not installed)"
    assert (done.stdout + done.stderr).count(ABSENT) == 1
    assert told in done.stdout
    assert "incomplete" not in done.stdout.lower()
    report = json.loads((repository.root / "reports" / "coverage.json").read_bytes())
    assert report["incomplete"] == []
    assert "1 of 3 Pythons ran here" in (repository.root / "reports" / "summary.md").read_text()
    assert repository.covlane("gate").returncode == 0
    # What is sent or kept stands for all legs.
    for command in (("baseline", "write"), ("upload", "--dry-run"), ("check",)):
        refused = repository.covlane(*command, CS_ACCESS_TOKEN="t")
        assert refused.returncode == 3, command
        assert "coverage-3.98 did not run, because the machine that merged cannot run it" in refused.stderr
    merged = repository.covlane("merge")
    assert merged.returncode == 3
    assert f"coverage-{ABSENT} did not run here" in merged.stderr


@pytest.mark.parametrize(
    ("pythons", "arguments"),
    [
        ([ABSENT], ["-s", "coverage"]),
        ([ABSENT, "3.98"], ["-s", "coverage"]),
        ([CURRENT, ABSENT], ["-s", f"coverage-{ABSENT}"]),
    ],
)
def test_where_no_leg_runs_nox_fails_and_no_former_report_is_left(
    repository: Repository, pythons: list[str], arguments: list[str]
) -> None:
    repository.settings(f"pythons = {pythons}")
    reports = repository.root / "reports"
    for name in ("coverage.json", "lcov.info", "verdict.json"):
        repository.write(f"reports/{name}", "{}")
    repository.write("reports/baselines/kept.json", "{}")
    repository.write("reports/html/mine.html", "")
    done = repository.nox(*arguments)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    cause, remedy = done.stderr.split("covlane: ")[1].splitlines()[:2]
    assert re.fullmatch(rf"no leg ran, because Pythons? {ABSENT}.* not installed; this machine has .*", cause)
    assert CURRENT in cause.partition("has ")[2].split(", ")
    assert "`uv python install 3.9" in remedy
    left = {path.relative_to(reports).as_posix() for path in reports.rglob("*") if path.is_file()}
    assert left - {".lock"} == {"baselines/kept.json", "html/mine.html"}


def test_a_python_that_is_not_among_the_settings_is_refused_with_those_that_are(
    repository: Repository,
) -> None:
    done = repository.nox("-s", f"coverage-{ABSENT}")
    assert done.returncode == 2
    assert f"there is no session coverage-{ABSENT}, because `pythons` is {CURRENT}\n" in done.stderr
    assert re.search(rf"add {ABSENT} to `pythons`; this machine has .*{re.escape(CURRENT)}", done.stderr)


def test_other_sessions_of_the_command_line_run_where_no_leg_does(repository: Repository) -> None:
    other = "import nox\n\n@nox.session(python=False)\ndef other(session):\n    print('it ran')\n"
    repository.write("noxfile.py", f"from covlane import sessions\nsessions.register()\n{other}")
    repository.settings(f'pythons = ["{ABSENT}"]')
    done = repository.nox("-s", "coverage", "other")
    assert done.returncode == 3
    assert "it ran" in done.stdout


@pytest.mark.parametrize("arguments", [["-l"], ["--list", "--json", "-s", "coverage"]])
def test_the_list_of_sessions_has_every_python(repository: Repository, arguments: list[str]) -> None:
    repository.settings(f'pythons = ["{CURRENT}", "{ABSENT}"]')
    listed = repository.nox(*arguments).stdout
    assert f"coverage-{ABSENT}" in listed
    assert repository.covlane("matrix").stdout.count(f'"python":"{ABSENT}"') == 1


def test_shards_of_an_absent_python_are_named_as_the_others(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}", "{ABSENT}"]', "shards = 2")
    done = repository.nox("-s", f"coverage-{ABSENT}(shard-2-of-2)")
    assert done.returncode == 3
    assert f"Python {ABSENT} is not installed" in done.stderr


def test_a_comparison_on_an_absent_python_fails(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}", "{ABSENT}"]')
    done = repository.nox("-s", f"compare-{ABSENT}")
    assert done.returncode != 0
    assert f"Python {ABSENT} is not installed" in done.stderr


def test_a_python_that_nox_is_asked_to_provide_and_cannot_is_an_error(repository: Repository) -> None:
    repository.settings(f'pythons = ["{ABSENT}"]')
    for arguments, environ in ((["--download-python", "auto"], {}), ([], {"NOX_DOWNLOAD_PYTHON": "auto"})):
        done = repository.nox(*arguments, "-s", "coverage", **environ)
        assert done.returncode != 0
        assert f"Python interpreter {ABSENT} not found" in done.stderr


def test_legs_of_other_systems_are_not_missed_here(repository: Repository) -> None:
    here = {"linux": "linux", "darwin": "macos", "win32": "windows"}[sys.platform]
    other = "windows" if here != "windows" else "linux"
    repository.settings(f'pythons = ["{CURRENT}"]', f'github.systems = {{{here} = "a", {other} = "b"}}')
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stderr
    assert f"legs on {other} run on other machines" in done.stdout
    assert "incomplete" not in done.stdout.lower()


def test_a_python_that_is_absent_fails_in_ci(repository: Repository) -> None:
    repository.settings(f'pythons = ["{ABSENT}"]')
    assert repository.nox("-s", "coverage", CI="true").returncode != 0


def test_in_ci_a_leg_leaves_merging_to_the_last_job(repository: Repository) -> None:
    done = repository.nox("-s", "coverage", CI="true")
    assert done.returncode == 0, done.stderr
    assert not (repository.root / "reports" / "coverage.json").exists()


def test_legs_side_by_side_end_in_one_report(repository: Repository) -> None:
    others = (f"3.{minor}" for minor in range(10, 15) if f"3.{minor}" != CURRENT)
    other = next((python for python in others if shutil.which(f"python{python}")), None)
    if other is None or subprocess.run([f"python{other}", "-V"], check=False).returncode:
        pytest.skip("this machine has one Python only")
    repository.settings(f'pythons = ["{CURRENT}", "{other}"]')
    repository.commit()
    done = repository.nox("-j", "2", "-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((repository.root / "reports" / "coverage.json").read_bytes())
    assert [leg["leg"] for leg in report["legs"]] == sorted([f"coverage-{CURRENT}", f"coverage-{other}"])
    assert report["incomplete"] == []


def test_what_measures_changes_no_version_that_the_project_pins(repository: Repository) -> None:
    pins = 'install = ["tabulate==0.9.0", "coverage==7.5.4"]'
    repository.settings(f'pythons = ["{CURRENT}"]', pins, 'engine = "coverage"')
    done = repository.nox("-s", "coverage")
    assert done.returncode != 0
    assert "does not fit what this project pins" in done.stderr
    assert not (repository.root / "reports" / "legs" / f"coverage-{CURRENT}.json").exists()


def test_a_lock_holds_what_is_installed_to_its_versions(repository: Repository) -> None:
    repository.write("uv.lock", LOCK.format("iniconfig", "2.0.0"))
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    folder = repository.root / "reports" / "legs" / f"coverage-{CURRENT}.d"
    assert "iniconfig==2.0.0" in (folder / "constraints.txt").read_text("utf-8")


def test_a_lock_that_does_not_fit_is_left_out_with_a_word(repository: Repository) -> None:
    repository.write("uv.lock", LOCK.format("pytest", "8.3.0"))
    repository.settings(f'pythons = ["{CURRENT}"]', 'install = ["pytest>=8.4"]')
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "these requirements do not fit uv.lock (see above), so it is not used" in done.stderr


def test_a_lock_that_was_asked_for_has_to_fit(repository: Repository) -> None:
    repository.write("uv.lock", LOCK.format("pytest", "8.3.0"))
    repository.settings(f'pythons = ["{CURRENT}"]', 'install = ["pytest>=8.4"]', "locked = true")
    done = repository.nox("-s", "coverage")
    assert done.returncode != 0
    assert "these requirements do not fit uv.lock (see above).\n  -> run `uv lock`" in done.stderr
    assert "Traceback" not in done.stderr


CANARY = "c4n4ry"
SECRETS = (
    "CS_ACCESS_TOKEN",
    "GITHUB_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
    "PYPI_TOKEN",
)
#: Notes the environment of the process that runs it.
NOTE = "import os, pathlib\npathlib.Path(os.environ['NOTES'], f'{}-{{os.getpid()}}').write_text(repr(dict(os.environ)))\n"


@pytest.mark.parametrize("beside", [pytest.param((), marks=pytest.mark.whole), ("other",)])
def test_no_process_that_a_lane_starts_sees_a_secret(
    repository: Repository, tmp_path: Path, beside: tuple[str, ...]
) -> None:
    repository.settings(
        f'pythons = ["{CURRENT}"]',
        'install = ["."]',
        "workers = 1",
        'codescene.secrets = ["PYPI_*"]',
    )
    setup = NOTE.format("build") + "from setuptools import setup\nsetup(name='calc', py_modules=['calc'])\n"
    repository.write("setup.py", setup)
    repository.write("child.py", NOTE.format("child"))
    repository.write("conftest.py", NOTE.format("conftest"))
    child = "import subprocess, sys\nsubprocess.run([sys.executable, 'child.py'], check=True)\n"
    repository.write("test_calc.py", f"{child}{NOTE.format('test')}def test_it(): import calc\n")
    other = "\nimport nox\n@nox.session(python=False)\ndef other(session): pass\n"
    repository.write(
        "noxfile.py", f"from covlane import sessions\nsessions.register()\n{NOTE.format('noxfile')}{other}"
    )
    repository.commit()
    programs, notes = tmp_path / "programs", tmp_path / "notes"
    programs.mkdir()
    notes.mkdir()
    for name in ("git", "uv"):
        real = shutil.which(name)
        assert real
        program = programs / name
        program.write_text(f'#!/bin/sh\nenv > "$NOTES/{name}-$$"\nexec {real} "$@"\n')
        program.chmod(0o755)
    environ = dict.fromkeys(SECRETS, CANARY) | {
        "NOTES": str(notes),
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "UV": str(programs / "uv"),
        "COVLANE_CODESCENE_URL": "http://127.0.0.1:9/v2",
        "COVLANE_CODESCENE_VIA": "rest",
    }
    done = repository.nox("-s", "coverage", *beside, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    # Beside another session, which may need them, nox itself has them: when it reads the noxfile and runs uv.
    free = ("git-", "noxfile-", "uv-") if beside else ("git-",)
    for task in ("matrix", "merge", "report", "gate", "doctor"):
        repository.covlane(task, **environ)
    seen = {note.name.partition("-")[0] for note in notes.iterdir()}
    assert seen == {"build", "child", "conftest", "test", "noxfile", "git", "uv"}
    git = [note.read_text() for note in notes.glob("git-*")]
    assert not [note for note in git if "CS_ACCESS_TOKEN" in note or "ACTIONS_" in note]
    assert not [
        note for note in notes.iterdir() if not note.name.startswith(free) and CANARY in note.read_text()
    ]


def test_other_sessions_of_the_noxfile_keep_what_they_were_given(repository: Repository) -> None:
    session = "\nimport nox, os\n@nox.session(python=False)\ndef other(session): assert os.environ['GITHUB_TOKEN']\n"
    repository.write("noxfile.py", f"from covlane import sessions\nsessions.register()\n{session}")
    assert repository.nox("-s", "other", GITHUB_TOKEN=CANARY).returncode == 0


def test_ctrl_c_leaves_the_report_of_what_ran(repository: Repository) -> None:
    slow = "\ndef test_wait():\n    open('ready', 'w').close()\n    import signal\n    signal.pause()\n"
    repository.write("test_calc.py", (repository.root / "test_calc.py").read_text() + slow)
    child = subprocess.Popen(
        [sys.executable, "-m", "nox", "-s", "coverage"],
        cwd=repository.root,
        env=repository.environ,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (repository.root / "ready").exists():
        assert child.poll() is None
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGINT)
    _, stderr = child.communicate(timeout=60)
    assert child.returncode != 0
    name = f"reports/legs/coverage-{CURRENT}.json"
    assert (
        f"what 1 test ran is kept in {name}, which is incomplete\n  -> `nox -s report` shows it\n" in stderr
    )
    leg = json.loads((repository.root / "reports" / "legs" / f"coverage-{CURRENT}.json").read_bytes())
    assert leg["files"]["calc.py"]["executed_lines"] == [1, 2, 4]
    assert leg["covlane"]["complete"] is False
    shown = repository.nox("-s", "report")
    assert shown.returncode == 0, shown.stderr
    assert "75.00% of lines (3/4)" in shown.stdout


def test_a_wrong_setting_is_one_sentence_and_no_traceback(repository: Repository) -> None:
    repository.settings('sorce = ["."]')
    done = repository.nox("-l")
    assert done.returncode == 2
    assert "has no key 'sorce'" in done.stderr
    assert "did you mean 'source'?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bare_nox_runs_none_of_our_sessions(repository: Repository) -> None:
    listed = repository.nox("-l").stdout
    assert f"- coverage-{CURRENT}" in listed
    assert "- report" in listed


@pytest.mark.skipif(not hasattr(os, "fork"), reason="tests are forked where the system forks")
def test_forked_tests_in_workers_are_asked_for_by_two_settings(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}"]', 'isolation = "forked"', "workers = 2")
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--forked -n 2" in done.stderr
    assert "75.00% of lines (3/4)" in done.stdout
    report = json.loads((repository.root / "reports" / "coverage.json").read_bytes())
    assert (report["legs"][0]["isolation"], report["legs"][0]["workers"]) == ("forked", 2)


def test_a_group_that_cannot_be_resolved_is_one_sentence(repository: Repository) -> None:
    repository.write(
        "pyproject.toml",
        f'[tool.covlane]\npythons = ["{CURRENT}"]\ngroups = ["gone"]\n[dependency-groups]\ntest = []\n',
    )
    done = repository.nox("-s", "coverage")
    assert done.returncode != 0
    assert "the dependency groups gone cannot be resolved" in done.stderr
    assert "Traceback" not in done.stderr


def test_every_python_answers_what_a_session_asks_of_an_environment(leg_python: Path) -> None:
    def said(program: str, *arguments: str) -> str:
        argv = [str(leg_python), "-I", "-W", "error", "-c", program, *arguments]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    assert any(line.startswith("pytest==") for line in said(FREEZE).splitlines())
    (place,) = json.loads(said(LOCATE, "pytest"))
    assert (Path(place) / "__init__.py").exists()


def test_the_cache_is_its_user_s_alone_and_one_that_others_can_write_into_is_not_used(
    repository: Repository,
) -> None:
    done = repository.nox("-s", f"coverage-{CURRENT}")
    assert "is not used as the cache" not in done.stderr
    cache = repository.root / ".covlane_cache"
    assert cache.stat().st_mode & 0o777 == 0o700
    (kept,) = cache.glob("slipcover-*")
    assert kept.stat().st_mode & 0o777 == 0o700
    shutil.rmtree(kept)
    cache.chmod(0o770)
    done = repository.nox("-R", "-s", f"coverage-{CURRENT}")
    assert done.returncode == 0, done.stderr
    assert f"{cache} is not used as the cache: other users can write to it" in done.stderr
    assert not kept.exists()
    cache.chmod(0o700)
    kept.mkdir()
    kept.chmod(0o777)
    done = repository.nox("-R", "-s", f"coverage-{CURRENT}")
    assert f"{kept} is not used as the cache" in done.stderr
    assert not list(kept.iterdir())


def test_contexts_are_refused_where_no_python_can_tell_tests_apart(repository: Repository) -> None:
    repository.settings('pythons = ["3.11"]', "contexts = true")
    done = repository.nox("-s", "coverage-3.11")
    assert done.returncode == 1
    assert "Python 3.11 cannot tell which test runs a line" in done.stderr


def test_a_leg_without_contexts_beside_others_says_so(repository: Repository) -> None:
    repository.settings('pythons = ["3.11", "3.12"]', "contexts = true")
    done = repository.nox("-s", "coverage-3.11")
    assert done.returncode == 0, done.stderr
    assert "this leg has no contexts" in done.stderr
    assert not [*repository.root.glob("reports/legs/*.contexts.gz")]
