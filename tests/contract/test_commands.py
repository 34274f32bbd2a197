"""The commands: their names, their help, their exit codes, and how little they need to start."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from covlane.__main__ import FIRST, with_file_options
from covlane.commands.settings import Listed, Setting
from repository import CURRENT, Repository

TASKS = [
    "affected",
    "annotate",
    "baseline",
    "check",
    "comment",
    "doctor",
    "gate",
    "init",
    "install-cs-coverage",
    "matrix",
    "merge",
    "next",
    "patch",
    "rehearse",
    "report",
    "settings",
    "upload",
    "what",
    "who",
    "why",
]
#: Not needed to list the tasks, and slow to import.
HEAVY = {"jinja2", "pygments", "msgspec", "nox", "packaging", "requests", "rich", "unidiff"}


def test_the_tasks_are_there(repository: Repository) -> None:
    listed = json.loads(repository.covlane("--list", "--list-format", "json").stdout)
    assert sorted(task["name"] for task in listed["tasks"]) == TASKS


@pytest.mark.parametrize("task", TASKS)
def test_every_task_shows_an_example(repository: Repository, task: str) -> None:
    done = repository.covlane("--help", task)
    assert done.returncode == 0
    assert f"Example: invoke {task}" in done.stdout or f"Example: covlane {task}" in done.stdout


def test_a_star_import_brings_the_tasks_and_nothing_else() -> None:
    from covlane import tasks

    assert sorted(name.rstrip("_").replace("_", "-") for name in tasks.__all__) == TASKS


def test_listing_tasks_imports_nothing_heavy() -> None:
    code = "import sys, covlane.__main__; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert HEAVY.isdisjoint(done.stdout.split())


def test_the_matrix_is_noxs_own_list(repository: Repository) -> None:
    matrix = json.loads(repository.covlane("matrix").stdout)
    session = f"coverage-{CURRENT}"
    assert matrix == {
        "include": [{"leg": session, "session": session, "python": CURRENT, "runner": "ubuntu-latest"}]
    }


def test_the_matrix_has_a_leg_for_each_shard_on_each_system(repository: Repository) -> None:
    repository.settings(
        f'pythons = ["{CURRENT}"]', "shards = 2", 'github.systems = {linux = "l", windows = "w"}'
    )
    legs = json.loads(repository.covlane("matrix").stdout)["include"]
    session = f"coverage-{CURRENT}(shard-2-of-2)"
    assert len(legs) == 4
    assert {"leg": f"{session}@windows", "session": session, "python": CURRENT, "runner": "w"} in legs


def test_the_matrix_of_a_noxfile_without_our_sessions_is_refused(repository: Repository) -> None:
    repository.write("noxfile.py", "import nox\n")
    done = repository.covlane("matrix")
    assert done.returncode == 2
    assert "covlane init" in done.stderr


def test_the_matrix_goes_to_the_file_that_github_names(repository: Repository) -> None:
    output = repository.root / "output"
    done = repository.covlane("matrix", "--github-output", GITHUB_OUTPUT=str(output))
    assert output.read_text() == f"matrix={done.stdout}artifacts=\n"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["merge"], 3),
        (["report"], 3),
        (["report", "--sarif"], 3),
        (["next"], 3),
        (["next", "--most", "0"], 2),
        (["upload"], 3),
        (["report", "--no-such-flag"], 2),
        (["no-such-task"], 2),
        (["matrix", "-g"], 2),
    ],
)
def test_a_command_that_cannot_work_says_so_with_its_code(
    repository: Repository, arguments: list[str], code: int
) -> None:
    done = repository.covlane(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_settings_name_every_origin(repository: Repository) -> None:
    rows = json.loads(repository.covlane("settings", "--json", COVLANE_BRANCH="false").stdout)
    origins = {row["key"]: row["origin"] for row in rows}
    assert origins["branch"] == "environment COVLANE_BRANCH"
    assert origins["pythons"] == "pyproject.toml [tool.covlane]"
    assert origins["source"] == "detected: a folder of scripts"
    assert origins["reports"] == "default"


def test_settings_are_whole_where_there_is_no_terminal(repository: Repository) -> None:
    patterns = [f"src/a_folder_with_a_long_name_{number}/**" for number in range(9)]
    repository.settings(f"omit = {json.dumps(patterns)}")
    lines = repository.covlane("settings", COLUMNS="40").stdout.splitlines()
    assert lines[0].split() == ["Key", "Value", "Origin"]
    omit = next(line for line in lines if line.startswith("omit "))
    assert omit.split(maxsplit=1)[1] == f"{json.dumps(patterns)}  pyproject.toml [tool.covlane]"


def test_settings_are_folded_between_values_where_there_is_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    names = tuple(f"folder{number}" for number in range(30))
    listed = Listed((Setting("omit", names, "default", "COVLANE_OMIT"),), ())
    out = Terminal()
    listed.show(out, plain=False)
    lines = re.sub(r"\x1b\[[\d;]*m", "", out.getvalue()).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) > 3
    assert re.findall(r'"(\w+)"', out.getvalue()) == list(names)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_help_begins_with_what_covlane_is_and_ends_with_the_options_of_invoke(repository: Repository) -> None:
    help_ = repository.covlane("--help").stdout
    assert help_.startswith("Covlane measures the test coverage of a Python repository")
    first, others, options = (
        help_.index(name) for name in ("Start with:", "Other commands:", "Options of invoke")
    )
    assert re.findall(r"^  ([a-z][a-z-]+) ", help_[first:others], re.MULTILINE) == [
        "init",
        "merge",
        "report",
        "gate",
        "upload",
    ]
    rest = re.findall(r"^  ([a-z][a-z-]+) ", help_[others:options], re.MULTILINE)
    assert sorted([*FIRST, *rest]) == TASKS
    assert "--command-timeout" in help_[options:]


@pytest.mark.parametrize(
    ("line", "read"),
    [
        ("merge a.info b.xml report --open", "merge --file a.info --file b.xml report --open"),
        ("merge --file a -f b c", "merge --file a -f b --file c"),
        ("merge --file=a b --allow-incomplete c", "merge --file=a --file b --allow-incomplete --file c"),
        ("report merge a merge b", "report merge --file a merge --file b"),
        ("merge --file report gate", "merge --file report gate"),
        ("baseline show", "baseline show"),
    ],
)
def test_files_after_merge_need_no_option(line: str, read: str) -> None:
    assert with_file_options(line.split(), {"baseline", "gate", "merge", "report"}) == read.split()


def test_the_root_is_found_from_below(repository: Repository) -> None:
    (repository.root / "deep" / "er").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "covlane", "settings", "--json"],
        cwd=repository.root / "deep" / "er",
        env=repository.environ,
        check=True,
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)[0]["key"] == "source"


def test_reports_that_cannot_be_written_are_one_sentence(repository: Repository) -> None:
    (repository.root / "reports").write_text("a file where the folder should be")
    done = repository.covlane("merge")
    assert done.returncode == 3
    assert "cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_output_that_takes_no_more_is_one_sentence(repository: Repository) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    with full.open("w") as out:
        argv = [sys.executable, "-m", "covlane", "settings", "--json"]
        done = subprocess.run(
            argv, cwd=repository.root, env=repository.environ, stdout=out, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 3
    assert done.stderr.decode().splitlines() == [
        "covlane: the output cannot be used: No space left on device",
        "  -> free disk space, or check that it is there and its permissions",
    ]
