"""The workflow: the golden text, and who may be replaced."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest
import yaml

from covlane import __version__
from covlane.config.settings import Baseline, CodeScene, GitHub, Settings
from covlane.errors import UsageError
from covlane.model.rules import Gate
from covlane.scaffold.workflow import (
    COMMENT,
    MARKER,
    PATH,
    check_requirements,
    install_command,
    paths,
    render,
    reusable,
    same,
    workflow,
    workflows,
)

GOLDEN = Path(__file__).parents[2] / "golden"
INSTALL = "python -m pip install covlane==0.1.0"
TEXT = render(Settings(), INSTALL)
COMMENTING = render(Settings(), INSTALL, "coverage-comment.yml")
#: Everything that the settings can add.
ALL = Settings(
    codescene=CodeScene(upload=True),
    shards=3,
    reports=".reports",
    baseline=Baseline(store="folder"),
    github=GitHub(
        systems={"linux": "ubuntu-latest", "windows": "windows-latest"},
        code_quality=True,
        events=("merge_group", "workflow_dispatch"),
        schedule="0 4 * * 1",
        cache=True,
        environment="codescene",
        requirements=".github/covlane.txt",
    ),
)
WHOLE = render(ALL, INSTALL)
DELIVERING = render(Settings(codescene=CodeScene(upload=True)), INSTALL)
EVERY = {"coverage.yml": TEXT, "coverage-comment.yml": COMMENTING, "coverage-whole.yml": WHOLE}


@pytest.mark.parametrize("name", EVERY)
def test_the_workflow_is_the_golden_one(name: str) -> None:
    assert (GOLDEN / name).read_text("utf-8") == EVERY[name]


@pytest.mark.parametrize(
    ("requirement", "run"),
    [
        ("covlane==1.2", "python -m pip install covlane==1.2"),
        ("wheels/covlane-1.2-py3-none-any.whl", "python -m pip install wheels/covlane-1.2-py3-none-any.whl"),
        (
            "covlane @ git+https://example.com/covlane@1a2b#subdirectory=a",
            "python -m pip install 'covlane @ git+https://example.com/covlane@1a2b#subdirectory=a'",
        ),
        ("covlane ; python_version: #3", "python -m pip install 'covlane ; python_version: #3'"),
    ],
)
def test_every_job_installs_covlane_by_the_requirement(requirement: str, run: str) -> None:
    text = render(Settings(), install_command("pkg", requirement))
    jobs = yaml.safe_load(text)["jobs"]
    for job in ("plan", "leg", "deliver"):
        assert [step["run"] for step in jobs[job]["steps"] if "pip install" in step.get("run", "")] == [run]


def test_a_development_version_says_that_the_index_lacks_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("covlane.__version__", "2.0.dev1")
    assert "covlane 2.0.dev1 is not on the package index yet" in render(Settings(), install_command("pkg"))
    assert "package index" not in render(Settings(), install_command("pkg", "covlane @ git+https://h/c@1"))
    monkeypatch.setattr("covlane.__version__", "2.0")
    assert "package index" not in render(Settings(), install_command("pkg"))


def test_settings_reach_the_workflow_quoted() -> None:
    github = GitHub(runner="my: runner", default_branch='tr"unk', timeout=7)
    text = render(Settings(reports="out/cov", github=github), "pip install x")
    assert 'branches: ["tr\\"unk"]' in text
    assert text.count('runs-on: "my: runner"') == 3
    assert text.count("- run: pip install x\n") == 3
    assert "timeout-minutes: 7\n" in text
    assert "reports/" not in text
    assert 'path: "out/cov/legs/*.json"' in text


@pytest.mark.parametrize("text", [*EVERY.values(), reusable(Settings())])
def test_every_action_is_pinned_and_no_expression_reaches_a_shell(text: str) -> None:
    uses = re.findall(r"uses: (.*)", text)
    assert uses
    assert all(re.fullmatch(r"[\w-]+/[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", use) for use in uses)
    runs = re.findall(r"run: (.*)", text)
    assert runs
    assert not [run for run in runs if re.search(r"\$\{\{|[|&;<>]", run)]


@pytest.mark.parametrize("text", [DELIVERING, WHOLE, reusable(Settings())])
def test_the_token_is_in_one_step_alone(text: str) -> None:
    assert text.count("secrets.") == 1
    before, _, _ = text.partition("secrets.")
    step = before.rpartition("      - ")[2]
    assert step.startswith("run: covlane upload\n        if: ")
    assert "github.event_name == 'push' && github.ref == " in step


@pytest.mark.parametrize("text", [*EVERY.values(), reusable(Settings())])
def test_every_job_says_what_it_may_and_how_long(text: str) -> None:
    head, *jobs = re.split(r"(?m)^  (?=[a-z]+:\n    name:)", text.partition("\njobs:\n")[2])
    assert not head
    assert "\npermissions: {}\n" in text
    assert all("    permissions:" in job and "    timeout-minutes: " in job for job in jobs)
    assert [job for job in jobs if ": write" in job and "secrets." in job] == []


def test_a_workflow_that_runs_the_code_of_a_pull_request_may_write_nothing() -> None:
    assert ": write" not in TEXT
    assert re.findall(r"(\S+): write", WHOLE) == ["code-quality"]


def test_no_comment_is_asked_for_where_none_is_wanted() -> None:
    assert list(workflows(Settings(), INSTALL)) == [PATH, COMMENT]
    github = GitHub(comment="never")
    found = workflows(Settings(github=github), INSTALL)
    assert list(found) == [PATH]
    assert "name: verdict" not in found[PATH][0]


def test_cs_coverage_is_installed_where_it_is_used() -> None:
    assert "install-cs-coverage" in DELIVERING
    rest = render(Settings(codescene=CodeScene(upload=True, via="rest")), INSTALL)
    assert "covlane upload" in rest
    assert "install-cs-coverage" not in rest


def test_a_team_that_asks_for_no_codescene_has_no_step_and_no_secret_for_it() -> None:
    assert not re.findall("(?i)codescene|secrets|covlane upload|cs-coverage|CS_", TEXT)
    assert render(Settings(codescene=CodeScene(upload=False)), INSTALL) == TEXT


def test_the_default_workflow_fits_on_two_screens() -> None:
    assert len(TEXT.splitlines()) <= 110
    assert max(map(len, TEXT.splitlines())) <= 130


@pytest.mark.parametrize("runner", ["windows-latest", "my-own", "ubuntu-latest", "macos-15"])
def test_steps_run_in_bash_on_every_runner(runner: str) -> None:
    read = yaml.safe_load(render(Settings(github=GitHub(runner=runner)), INSTALL))
    has_bash = runner.startswith(("ubuntu", "macos"))
    assert read.get("defaults", {}) == ({} if has_bash else {"run": {"shell": "bash"}})
    mixed = GitHub(systems={"linux": "ubuntu-latest", "windows": runner})
    assert ("shell: bash" in render(Settings(github=mixed), INSTALL)) is not has_bash


def test_the_code_cache_is_kept_between_runs_where_that_is_set() -> None:
    assert "actions/cache" not in TEXT
    text = render(Settings(github=GitHub(cache=True)), INSTALL)
    assert text.count('path: ".covlane_cache"') == 2
    assert "actions/cache" not in render(Settings(cache="", github=GitHub(cache=True)), INSTALL)


@pytest.mark.parametrize("text", [WHOLE, reusable(Settings())])
def test_a_cache_is_written_by_the_default_branch_alone(text: str) -> None:
    steps = [step for step in text.split("      - ") if "actions/cache" in step]
    assert [step for step in steps if "restore-keys: " in step]
    for step in steps:
        saves = "github.event_name == 'push' && github.ref == " in step or "steps.baseline.outcome" in step
        assert saves is ("actions/cache/save@" in step)


@pytest.mark.parametrize("branch", ["trunk", "it's"])
def test_the_push_filter_and_the_conditions_of_delivery_name_one_branch(branch: str) -> None:
    github = msgspec.structs.replace(ALL.github, default_branch=branch)
    text = render(msgspec.structs.replace(ALL, github=github), INSTALL)
    assert yaml.safe_load(text)[True]["push"] == {"branches": [branch]}
    refs = re.findall(r"github\.ref == ('(?:[^']|'')*')", text)
    assert {*refs} == {"'refs/heads/" + branch.replace("'", "''") + "'"}
    assert len(refs) == text.count("github.ref ==") == 6


def test_the_job_that_holds_the_secret_enters_its_environment_where_it_delivers() -> None:
    assert "environment:" not in TEXT
    jobs = yaml.safe_load(WHOLE)["jobs"]
    assert [name for name, job in jobs.items() if "environment" in job] == ["deliver"]
    on_main = "github.event_name == 'push' && github.ref == 'refs/heads/main'"
    assert jobs["deliver"]["environment"] == f"${{{{ {on_main} && 'codescene' || '' }}}}"
    assert on_main in next(step["if"] for step in jobs["deliver"]["steps"] if "secrets." in str(step))
    called = yaml.safe_load(reusable(Settings()))
    assert " && inputs.environment || ''" in called["jobs"]["deliver"]["environment"]
    assert called[True]["workflow_call"]["inputs"]["environment"]["default"] == ""


def test_jobs_with_secrets_or_write_permissions_install_what_is_pinned_by_hash() -> None:
    pinned = "python -m pip install --require-hashes --only-binary :all: -r .github/covlane.txt"
    for text in (WHOLE, render(ALL, INSTALL, "coverage-comment.yml")):
        for job in yaml.safe_load(text)["jobs"].values():
            runs = [step.get("run") for step in job["steps"]]
            privileged = "secrets." in str(job) or "write" in job["permissions"].values()
            assert (pinned in runs) is privileged
            assert not (privileged and INSTALL in runs)


HASHES = f"--hash=sha256:{'a' * 64}"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_requirements_that_pin_this_version_with_hashes_are_taken(end: str) -> None:
    text = f"attrs==1 \\\n    {HASHES}\ncovlane=={__version__} \\\n    {HASHES}\n    # via -\n"
    check_requirements("pinned.txt", text.replace("\n", end).encode())


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (None, "is missing"),
        (b"", "does not pin"),
        (f"covlane=={__version__}\nattrs==1 {HASHES}\n".encode(), "does not pin"),
        (f"covlane=={__version__}0 {HASHES}\n".encode(), "does not pin"),
        (f"# covlane=={__version__} {HASHES}\n".encode(), "does not pin"),
        (b"\xff", "does not pin"),
    ],
)
def test_requirements_that_do_not_are_refused_with_the_command_that_writes_them(
    content: bytes | None, what: str
) -> None:
    with pytest.raises(UsageError, match=f"github.requirements: pinned.txt {what}") as caught:
        check_requirements("pinned.txt", content)
    assert f"echo covlane=={__version__} | uv pip compile - " in caught.value.remedy
    assert caught.value.remedy.endswith("--generate-hashes --no-header -o pinned.txt`")


def test_gates_do_not_change_the_workflow() -> None:
    assert render(Settings(gate=Gate(patch=1)), INSTALL) == TEXT


def test_covlane_installs_its_own_checkout() -> None:
    assert install_command("covlane") == "python -m pip install -e ."
    assert install_command("") == f"python -m pip install covlane=={__version__}"


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("old", [TEXT, TEXT.replace("\n", "\r\n")])
def test_the_same_workflow_is_left(old: str, force: bool) -> None:
    assert workflow(old.encode(), TEXT, why="", force=force) == (None, "")


def test_an_action_that_was_updated_to_another_commit_is_left_and_one_that_lost_its_pin_is_not() -> None:
    commit = re.search("[0-9a-f]{40}", TEXT)
    assert commit
    updated = TEXT.replace(f"{commit[0]} # v7.0.1", f"{'a' * 40} # v9.1.0")
    assert updated != TEXT
    assert same(updated.encode(), TEXT)
    assert workflow(updated.encode(), TEXT, why="", force=False) == (None, "")
    assert workflow(updated.encode(), TEXT, why="", force=True).new == TEXT.encode()
    for other in ("v9", "main", "a" * 39, "a" * 40 + "\n        if: false"):
        assert not same(TEXT.replace(f"{commit[0]} # v7.0.1", other).encode(), TEXT)
    assert not same(TEXT.replace("actions/checkout@", "stranger/checkout@").encode(), TEXT)


@pytest.mark.parametrize(
    ("old", "word"),
    [
        (f"{MARKER}, once\n", "differs from what init writes now"),
        ("name: mine\n", "was not written by covlane init"),
    ],
)
def test_another_workflow_is_left_with_a_word_unless_forced(old: str, word: str) -> None:
    left = workflow(old.encode(), TEXT, why="", force=False)
    assert left.new is None
    assert word in left.why
    assert workflow(old.encode(), TEXT, why="", force=True).new == TEXT.encode()


CLOCK = '  schedule:\n    - cron: "0 4 * * 1"\n'


@pytest.mark.parametrize(
    "added",
    [
        "  merge_group:\n",
        "  workflow_dispatch:\n",
        CLOCK,
        f"  merge_group:\n    types: [checks_requested]\n{CLOCK}",
    ],
)
@pytest.mark.parametrize("before", ["  push:", "  pull_request:", "\npermissions: {}"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_events_that_a_team_added_are_left_and_kept(added: str, before: str, end: str) -> None:
    old = TEXT.replace(before, added + before, 1)
    assert old != TEXT
    assert same(old.replace("\n", end).encode(), TEXT)
    assert workflow(old.encode(), TEXT, why="", force=True) == (None, "")
    stale = old.replace("cancel-in-progress", "cancels").encode()
    assert not same(stale, TEXT)
    assert workflow(stale, TEXT, why="", force=True).new == old.encode()
    other = TEXT.replace('branches: ["main"]', 'branches: ["trunk"]')
    kept = workflow(old.encode(), other, why="", force=True).new
    assert kept is not None
    assert set(yaml.safe_load(kept)[True]) == {*yaml.safe_load(old)[True]}
    assert b'["trunk"]' in kept


def test_events_of_the_settings_are_asked_for_and_stand_beside_the_team_s_own() -> None:
    github = GitHub(events=("merge_group",), schedule="0 4 * * 1")
    new = render(Settings(github=github), INSTALL)
    assert yaml.safe_load(new)[True] == {
        "push": {"branches": ["main"]},
        "pull_request": None,
        "merge_group": None,
        "schedule": [{"cron": "0 4 * * 1"}],
    }
    assert not same(TEXT.encode(), new)
    assert same(new.encode(), new)
    own = TEXT.replace("  push:", "  schedule:\n    - cron: '9 9 * * *'\n  workflow_dispatch:\n  push:", 1)
    assert not same(own.encode(), new)
    written = workflow(own.encode(), new, why="", force=True).new
    assert written is not None
    assert yaml.safe_load(written)[True] == {**yaml.safe_load(new)[True], "workflow_dispatch": None}
    assert same(written, new)
    more = new.replace("  merge_group:\n", "  merge_group:\n    types: [checks_requested]\n")
    assert same(more.encode(), new)


@pytest.mark.parametrize(
    "added", ["  pull_request_target:\n", "  issue_comment:\n", "  merge_group:\n  pull_request_target:\n"]
)
def test_an_event_that_could_hand_a_stranger_the_token_is_another_workflow(added: str) -> None:
    old = TEXT.replace("  push:", f"{added}  push:", 1)
    assert not same(old.encode(), TEXT)


def test_artifacts_of_a_hidden_folder_are_asked_for() -> None:
    hidden, plain = (
        render(Settings(reports=reports), "pip install x") for reports in (".reports", "reports")
    )
    assert hidden.count("include-hidden-files: true") == hidden.count("actions/upload-artifact@") == 3
    assert "include-hidden-files" not in plain


@pytest.mark.parametrize("folder", ["one", "packages/my-one", "a/b/c", "größe/my project"])
def test_a_project_in_a_folder_works_and_keeps_its_files_there(folder: str) -> None:
    found = workflows(ALL, INSTALL, folder)
    assert tuple(found) == paths(folder)
    for text, _ in found.values():
        read = yaml.safe_load(text)
        assert read["defaults"]["run"] == {"shell": "bash", "working-directory": folder}
        steps = [step.get("with", {}) for job in read["jobs"].values() for step in job["steps"]]
        kept = [line for step in steps for line in step.get("path", "").splitlines()]
        assert kept
        assert all(line.lstrip("!").startswith(f"{folder}/.") for line in kept)


def test_projects_of_one_repository_share_no_name() -> None:
    folders = (
        "",
        "one",
        "packages/one",
        "packages-one",
        "packages.one",
        "packages",
        "comment",
        "one/comment",
    )
    found = [workflows(ALL, INSTALL, folder) for folder in folders]
    files = [path for each in found for path in each]
    assert len({*files}) == len(files)
    assert all(re.fullmatch(r"\.github/workflows/[\w.-]+\.yml", path) for path in files)
    read = [yaml.load(text, yaml.BaseLoader) for each in found for text, _ in each.values()]
    names = [one["name"] for one in read]
    assert len({*names}) == len(names)
    for lane, comment in zip(read[::2], read[1::2], strict=True):
        assert comment["on"]["workflow_run"]["workflows"] == [lane["name"]]
        assert lane["jobs"]["coverage"]["name"] == lane["name"]
    groups = [one["concurrency"]["group"].replace("${{ github.workflow }}", one["name"]) for one in read]
    assert len({*groups}) == len(groups)
    keys = [
        {re.sub("[0-9]+|[$].*", "", step["with"]["key"]) for job in one["jobs"].values() for step in job["steps"]
         if "key" in step.get("with", {})}
        for one in read[::2]
    ]  # fmt: skip
    begun = [key for each in keys for key in each]
    assert not [
        (a, b) for at, a in enumerate(begun) for b in begun[at + 1 :] if a.startswith(b) or b.startswith(a)
    ]


def test_a_restore_key_is_of_one_project() -> None:
    read = yaml.safe_load(render(ALL, INSTALL, folder="packages/one"))
    steps = [step.get("with", {}) for job in read["jobs"].values() for step in job["steps"]]
    restored = [line for step in steps for line in step.get("restore-keys", "").splitlines()]
    assert len(restored) == 4
    assert all(key.startswith("packages.one/covlane-") for key in restored)


@pytest.mark.parametrize("folder", ["a[b]", "a*", "!a", "#a", "~a", "${{ x }}", "a?", "a\nb", " a", "a "])
def test_a_folder_that_an_action_would_read_as_something_else_is_refused(folder: str) -> None:
    with pytest.raises(UsageError, match="rename the folder"):
        workflows(Settings(), INSTALL, folder)


def test_a_workflow_that_is_called_works_where_its_caller_says() -> None:
    read = yaml.safe_load(reusable(Settings()))
    where = "${{ inputs.working-directory }}"
    jobs = [job for job in read["jobs"].values() if any("run" in step for step in job["steps"])]
    assert len(jobs) == 3
    assert all(job["defaults"]["run"] == {"shell": "bash", "working-directory": where} for job in jobs)
    steps = [step.get("with", {}) for job in jobs for step in job["steps"]]
    paths_ = [line for step in steps for line in step.get("path", "").splitlines()]
    assert paths_
    assert all(line.lstrip("!").startswith(f"{where}/") for line in paths_)
    names = [step[key] for step in steps for key in ("name", "pattern") if key in step]
    assert len(names) == 6
    assert all(".outputs.artifacts }}" in name for name in names)
