"""`gate`, its replay, and baselines in each of their places, by the commands."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from changed import Changed
from covlane.formats import slipcover
from golden_file import golden

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

SOURCE = "def f(a):\n    if a:\n        return 1\n    return 2\n"
STORES = ["file", "notes", "folder"]


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """A repository on main whose one source is covered, with its report."""
    repository = Changed(tmp_path / "repository")
    repository.put(calc=SOURCE, test_calc=None)
    (repository.root / "noxfile.py").unlink()
    set_gates(repository, "patch = 80", "ratchet = true")
    repository.commit()
    repository.measured()
    return repository


def set_gates(repository: Changed, *lines: str, store: str = "file") -> None:
    """Write the settings; the report's one leg is that of Python 3.12."""
    gates = "\n".join(["[tool.covlane.gate]", *lines]) if lines else ""
    keep = f'[tool.covlane.baseline]\nstore = "{store}"\n'
    repository.place("pyproject.toml", f'[tool.covlane]\npythons = ["3.12"]\n{gates}\n{keep}')


def judged(repository: Changed, *arguments: str, **environ: str) -> tuple[int, dict[str, Any]]:
    """Run `gate --json`, and return its exit code and verdict, which is what the file says."""
    done = repository.covlane("gate", "--json", *arguments, **environ)
    said: dict[str, Any] = json.loads(done.stdout)
    assert json.loads((repository.root / "reports" / "verdict.json").read_bytes()) == said
    return done.returncode, said


def worsen(repository: Changed) -> None:
    """Add a function that nothing runs, on a branch of its own, and measure."""
    repository.git("checkout", "--quiet", "-B", "topic")
    more = "\n\ndef g(a):\n    a += 1  # missed\n    a += 2  # missed\n    return a  # missed\n"
    repository.place("calc.py", SOURCE + more)
    repository.commit()
    repository.measured()


def test_a_verdict_passes_fails_and_is_incomplete_with_its_exit_code(changed: Changed) -> None:
    code, said = judged(changed)
    assert (code, said["outcome"]) == (0, "pass")
    worsen(changed)
    code, said = judged(changed)
    assert (code, said["outcome"]) == (4, "fail")
    assert said["gates"][0]["missing"] == [{"path": "calc.py", "lines": [[8, 10]], "branches": []}]
    changed.incomplete(changed.measured(), "a leg is missing")
    code, said = judged(changed)
    assert (code, said["outcome"], said["incomplete"]) == (3, "incomplete", ["a leg is missing"])


def test_a_verdict_says_all_that_decided(changed: Changed) -> None:
    base = changed.git("rev-parse", "HEAD")
    worsen(changed)
    _, said = judged(changed)
    assert said["commit"] == changed.git("rev-parse", "HEAD")
    assert (said["base"], said["base_ref"], said["dirty"]) == (base, "main", False)
    assert said["legs"] == {"coverage-3.12": "3.12.1"}
    assert said["settings"] == {"patch": 80.0, "ratchet": True}
    assert {"covlane", "git", "python"} <= said["tools"].keys()
    assert said["total"]["line"] == {"covered": 5, "total": 8}
    assert said["patch"]["statements"] == {"covered": 1, "total": 4}
    assert len(said["diff"]) == len(said["artifacts"]["report"]) == len(said["artifacts"]["evidence"]) == 64


def test_a_whole_verdict_and_its_words_are_as_their_golden_files_have_them(changed: Changed) -> None:
    keep(changed, "file")
    set_gates(
        changed,
        "total-line = 60",
        "total-branch = 50",
        "patch = 80",
        "patch-missing = 1",
        "new-files = 50",
        "ratchet = true",
        'files = {"old*" = 0, "*.py" = 70}',
    )
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(calc=SOURCE + "\n\ndef g(a):\n    a += 1  # missed\n    return a\n")
    changed.put(new="def f(a):\n    if a:\n        return 1  # missed\n    return 2  # missed\n")
    changed.place("text.txt", "text\n")
    changed.commit()
    changed.measured("calc.py", "new.py", untaken={"calc.py": {(2, 4)}})
    done = changed.covlane("gate")
    names = {changed.git("rev-parse", "HEAD"): "HEAD", changed.git("rev-parse", "main"): "MAIN"}
    names |= {changed.git("rev-parse", "main~1"): "MEASURED"}
    written = (changed.root / "reports" / "verdict.json").read_text()
    for text, name in ((done.stdout, "verdict.txt"), (written, "verdict.json")):
        for commit, word in names.items():
            text = text.replace(commit, word).replace(commit[:12], word)  # noqa: PLW2901
        text = re.sub("[0-9a-f]{64}", "SHA-256", text)  # noqa: PLW2901
        assert re.sub(r'"(covlane|python|git)": "[^"]+"', r'"\1": "VERSION"', text) == golden(name)
    assert done.returncode == 4


def test_the_same_change_has_the_same_identity_on_another_base(changed: Changed) -> None:
    worsen(changed)
    _, first = judged(changed)
    changed.git("checkout", "--quiet", "main")
    changed.place("other.txt", "text\n")
    changed.commit()
    changed.git("checkout", "--quiet", "topic")
    changed.git("rebase", "--quiet", "main")
    changed.measured()
    _, second = judged(changed)
    assert first["base"] != second["base"]
    assert first["diff"] == second["diff"]


def test_where_nothing_is_set_the_default_gates_decide_and_say_so(changed: Changed) -> None:
    set_gates(changed)
    done = changed.covlane("gate")
    assert "no gates are set, so the defaults apply: patch = 80, ratchet; set your own" in done.stdout


@pytest.mark.parametrize("arguments", [("gate",), ("gate", "--json"), ("settings",)])
def test_a_threshold_that_is_likely_to_be_a_part_of_1_is_questioned(
    changed: Changed, arguments: tuple[str, ...]
) -> None:
    set_gates(changed, "total-line = 0.85")
    changed.commit()
    changed.measured()
    done = changed.covlane(*arguments)
    said = done.stderr if "--json" in arguments or "settings" in arguments else done.stdout
    assert (done.returncode, "note: gate.total-line is 0.85, which means 0.85 %; if 85 %" in said) == (
        0,
        True,
    )


def test_a_drop_within_the_ratchet_s_tolerance_passes(changed: Changed) -> None:
    keep(changed, "file")
    worsen(changed)
    assert judged(changed, COVLANE_GATE_RATCHET="30")[0] == 4
    code, said = judged(changed, COVLANE_GATE_RATCHET="37.5")
    assert (code, said["settings"], said["gates"][0]["threshold"]) == (0, {"ratchet": 37.5}, "62.50")


def test_a_report_of_other_content_is_not_judged(changed: Changed) -> None:
    changed.place("calc.py", SOURCE.replace("2", "3"))
    code, said = judged(changed)
    assert code == 3
    assert said["incomplete"] == ["calc.py changed after the report was measured; measure again"]
    done = changed.covlane("patch")
    assert (done.returncode, "calc.py changed after the report was measured" in done.stderr) == (3, True)


def test_a_report_of_another_commit_with_the_same_content_is_judged(changed: Changed) -> None:
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.place("README.txt", "text\n")
    changed.commit()
    assert judged(changed)[0] == 0
    assert changed.covlane("patch").returncode == 0  # of which no file is the report's
    changed.place("calc.py", SOURCE.replace("2", "3"))
    changed.commit()
    assert judged(changed)[0] == 3


def test_a_shallow_clone_gets_an_incomplete_verdict_with_the_command(
    changed: Changed, tmp_path: Path
) -> None:
    changed.place("later.txt", "text\n")
    changed.commit()
    clone = Changed.__new__(Changed)
    clone.root = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "--depth=1", f"file://{changed.root}", str(clone.root)]
    subprocess.run(command, check=True, capture_output=True)
    clone.measured()
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"base": {"sha": changed.git("rev-parse", "HEAD~1")}}}))
    code, said = judged(clone, GITHUB_EVENT_PATH=str(event))
    assert code == 3
    assert "git fetch --unshallow origin" in said["incomplete"][0]


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        (["patch = 101"], "percentage"),
        (["patches = 1"], "did you mean 'gate.patch'"),
        (['components = {"nobody" = 1}'], "not a component"),
    ],
)
def test_a_gate_that_cannot_be_meant_is_refused(changed: Changed, lines: list[str], word: str) -> None:
    set_gates(changed, *lines)
    done = changed.covlane("gate")
    assert (done.returncode, word in done.stderr, "Traceback" in done.stderr) == (2, True, False)


# The replay


def test_a_verdict_is_drawn_again_to_the_byte_in_another_place(changed: Changed, tmp_path: Path) -> None:
    worsen(changed)
    judged(changed)
    away = tmp_path / "away"
    away.mkdir()
    for name in ("verdict.json", "evidence.json", "coverage.json"):
        shutil.copy(changed.root / "reports" / name, away)
    shutil.rmtree(changed.root / ".git")
    other = Changed(tmp_path / "other")
    done = other.covlane("gate", "--replay", str(away / "verdict.json"))
    assert (done.returncode, done.stderr) == (4, "")
    assert "is the same, byte for byte" in done.stdout


def test_the_first_pattern_decides_in_a_replay_too(changed: Changed) -> None:
    set_gates(changed, 'files = {"z*" = 0, "calc*" = 10, "*.py" = 100}')
    worsen(changed)
    code, _ = judged(changed)
    done = changed.covlane("gate", "--replay", "reports/verdict.json")
    assert (code, done.returncode, done.stderr) == (0, 0, "")


@pytest.mark.parametrize(
    ("name", "old", "new", "where"),
    [
        (
            "verdict.json",
            '"outcome": "fail"',
            '"outcome": "pass"',
            'outcome: the file has "pass", the artifacts give "fail"',
        ),
        ("verdict.json", '"patch": 80', '"patch": 10', "gates[0].outcome"),
        ("coverage.json", '"executed_lines":[1,2,3,4,7]', '"executed_lines":[1,2,3,7]', "artifacts.report"),
        ("evidence.json", '"removed":0', '"removed":1', "artifacts.evidence"),
        ("verdict.json", "\n}", "\n }", "the bytes differ"),
    ],
)
def test_a_replay_says_where_it_differs(changed: Changed, name: str, old: str, new: str, where: str) -> None:
    worsen(changed)
    judged(changed)
    path = changed.root / "reports" / name
    text = path.read_text()
    if old not in text:
        old, new = '"kind":"modified"', '"kind":"added"'
    assert old in text
    path.write_text(text.replace(old, new, 1))
    done = changed.covlane("gate", "--replay", "reports/verdict.json")
    assert done.returncode == 3
    assert where in done.stderr


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b'{"schema": 9}', b"\xff", b"[" * 100_000])
@pytest.mark.parametrize("name", ["verdict.json", "evidence.json"])
def test_a_replay_of_what_is_no_verdict_is_one_sentence(changed: Changed, name: str, content: bytes) -> None:
    judged(changed)
    (changed.root / "reports" / name).write_bytes(content)
    done = changed.covlane("gate", "--replay", "reports/verdict.json")
    assert (done.returncode, "Traceback" in done.stderr) == (3, False)
    assert name in done.stderr


# Baselines


def baseline(repository: Changed, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return repository.covlane("baseline", *arguments, **environ)


def keep(repository: Changed, store: str) -> None:
    """Write the baseline of main, and commit it where it is a file."""
    set_gates(repository, "ratchet = true", store=store)
    repository.commit()
    repository.measured()
    done = baseline(repository, "write")
    assert done.returncode == 0, done.stderr
    if store == "file":
        repository.commit()
        repository.measured()


@pytest.mark.parametrize("store", STORES)
def test_a_drop_against_the_baseline_fails_until_it_is_accepted(changed: Changed, store: str) -> None:
    keep(changed, store)
    worsen(changed)
    code, said = judged(changed)
    assert (code, said["baseline"]["state"]) == (4, "found")
    assert said["gates"][0]["missing"] == [{"path": "calc.py", "lines": [[8, 10]], "branches": []}]
    assert said["total"]["line_before"] == {"covered": 4, "total": 4}
    assert baseline(changed, "accept", "--reason", "an experiment").returncode == 0
    code, said = judged(changed)
    assert (code, said["baseline"]["state"]) == (0, "accepted")
    assert "an experiment" in said["baseline"]["sentence"]


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_drop_is_accepted_for_a_reason_alone(changed: Changed, reason: tuple[str, ...]) -> None:
    done = baseline(changed, "accept", *reason)
    assert (done.returncode, "--reason TEXT" in done.stderr) == (2, True)


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("reason", ["", " "])
def test_a_baseline_that_a_branch_brings_without_a_reason_does_not_count(
    changed: Changed, store: str, reason: str
) -> None:
    keep(changed, store)
    worsen(changed)
    assert baseline(changed, "accept", "--reason", "why").returncode == 0
    commit = changed.git("rev-parse", "HEAD")
    if store == "notes":
        text = changed.git("notes", "--ref=covlane", "show", commit).replace('"why"', f'"{reason}"')
        changed.git("notes", "--ref=covlane", "add", "--force", "--message", text, commit)
    else:
        name = "coverage-baseline.json" if store == "file" else f"reports/baselines/{commit}.json"
        text = (changed.root / name).read_text()
        assert '"why"' in text
        changed.place(name, text.replace('"why"', f'"{reason}"').encode())
    code, said = judged(changed)
    assert (code, said["baseline"]["state"]) == (4, "found")


def test_a_baseline_that_a_branch_writes_by_force_does_not_count(changed: Changed) -> None:
    keep(changed, "file")
    worsen(changed)
    assert baseline(changed, "write", "--force").returncode == 0
    changed.commit()
    changed.measured()
    assert judged(changed)[0] == 4


@pytest.mark.parametrize("store", STORES)
def test_no_baseline_yet_is_said_and_blocks_nothing(changed: Changed, store: str) -> None:
    set_gates(changed, "ratchet = true", store=store)
    code, said = judged(changed)
    assert (code, said["baseline"]["state"], said["gates"][0]["outcome"]) == (0, "none", "skipped")
    assert said["baseline"]["sentence"].startswith("no baseline yet: ")
    assert baseline(changed, "show").returncode == 3


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\0", b'{"schema": 1, "files": {"a": [9, 1, 0, 0]}}'])
def test_a_corrupt_baseline_is_no_baseline_of_zero(changed: Changed, store: str, content: bytes) -> None:
    keep(changed, store)
    commit = changed.git("rev-parse", "HEAD")
    changed.place("kept", content)
    if store == "notes":
        blob = changed.git("hash-object", "-w", "kept")
        changed.git(
            "notes", "--ref=covlane", "add", "--force", "--reuse-message", blob, commit
        ) if content else None
    path = "coverage-baseline.json" if store == "file" else f"reports/baselines/{commit}.json"
    if store != "notes":
        changed.place(path, content)
    (changed.root / "kept").unlink()
    if store == "file":
        changed.commit()
        changed.measured()
    if store == "notes" and not content:
        return  # git keeps no empty note
    code, said = judged(changed)
    assert (code, said["baseline"]["state"]) == (3, "corrupt")
    assert said["outcome"] == "incomplete"


@pytest.mark.parametrize("store", STORES)
def test_a_baseline_that_was_measured_differently_is_not_compared(changed: Changed, store: str) -> None:
    keep(changed, store)
    worsen(changed)
    code, said = judged(changed, COVLANE_OMIT="other/**")
    assert (code, said["baseline"]["state"]) == (3, "not comparable")
    assert "another 'omit'" in said["baseline"]["sentence"]
    assert "baseline accept" in said["baseline"]["sentence"]


def test_a_baseline_is_written_on_the_branch_that_is_set_whatever_the_event_calls_the_default(
    changed: Changed, tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"repository": {"default_branch": "main"}}')
    told = {
        "GITHUB_REF": "refs/heads/develop",
        "GITHUB_EVENT_PATH": str(event),
        "COVLANE_GITHUB_DEFAULT_BRANCH": "develop",
    }
    worsen(changed)
    assert baseline(changed, "write", **{**told, "GITHUB_REF": "refs/heads/main"}).returncode == 2
    done = baseline(changed, "write", **told)
    assert done.returncode == 0, done.stderr


def test_a_baseline_is_written_on_the_default_branch_alone(changed: Changed) -> None:
    worsen(changed)
    done = baseline(changed, "write")
    assert (done.returncode, "is written on main" in done.stderr) == (2, True)
    assert not (changed.root / "coverage-baseline.json").exists()
    assert baseline(changed, "write", "--force").returncode == 0
    # A pull request's run is on no branch, whatever is checked out.
    changed.git("checkout", "--quiet", "-B", "main")
    changed.measured()
    assert baseline(changed, "write", GITHUB_REF="refs/pull/1/merge").returncode == 2


def test_an_incomplete_report_is_no_baseline(changed: Changed) -> None:
    changed.incomplete(changed.measured(), "a leg is missing")
    done = baseline(changed, "write", "--force")
    assert (done.returncode, "a leg is missing" in done.stderr) == (3, True)


@pytest.mark.parametrize("store", STORES)
def test_the_log_shows_the_last_commits_latest_first(changed: Changed, store: str) -> None:
    keep(changed, store)
    for number in range(3):
        changed.place("calc.py", SOURCE + f"x = {number}  # missed\n" * (number + 1))
        changed.commit()
        changed.measured()
        assert baseline(changed, "write").returncode == 0
        if store == "file":
            changed.commit()
    rows = json.loads(baseline(changed, "log", "--last", "2", "--json").stdout)
    assert [row["files"]["calc.py"][:2] for row in rows] == [[4, 7], [4, 6]]
    text = baseline(changed, "log").stdout
    assert text.index("57.14%") < text.index("66.66%") < text.index("100.00%")
    assert "-9.52" in text


# Code that moves, and its duty

FUNCTIONS = tuple(
    f"def work_{number}(a):\n    b = a * {number}\n    c = b + {number}\n    return c\n"
    for number in range(8)
)


def spread(changed: Changed, **places: Sequence[int]) -> None:
    """Write modules of these functions, and remove all others."""
    for path in changed.root.glob("*.py"):
        path.unlink()
    changed.put(**{name: "\n\n".join(FUNCTIONS[one] for one in those) for name, those in places.items()})


def measure(changed: Changed, *untested: int) -> None:
    """Commit, and measure where the bodies of some functions did not run."""
    changed.git("add", "--all")
    changed.git("commit", "--quiet", "--allow-empty", "--message", "work")
    report = changed.measured()
    files = {}
    for path, file in report.files.items():
        lines = (changed.root / path).read_text().split("\n")
        heads = [lines.index(head) + 1 for one in untested if (head := f"def work_{one}(a):") in lines]
        files[path] = replace(file, executed=file.executed & ~sum(0b1110 << head for head in heads))
    content = slipcover.write_report(replace(report, files=files), "1.1.0")
    (changed.root / "reports" / "coverage.json").write_bytes(content)


MOVES: dict[str, dict[str, Sequence[int]]] = {
    "across files": {"b": range(4, 8), "c": range(4)},
    "into a file that is there": {"b": [4, 0, 5, 1, 6, 2, 7, 3]},
    "to a new name, half of it deleted": {"b": range(4, 8), "renamed": [0, 3]},
    "in their order": {"a": [3, 1, 2, 0], "b": [7, 4, 5, 6]},
}


@pytest.fixture
def spread_out(changed: Changed) -> Changed:
    """A repository on a branch, whose baseline has functions in two files; the last of them has no test."""
    set_gates(changed, "patch = 80", "ratchet = true")
    spread(changed, a=range(4), b=range(4, 8))
    measure(changed, 7)
    assert baseline(changed, "write").returncode == 0
    changed.commit()
    changed.git("checkout", "--quiet", "-b", "topic")
    return changed


@pytest.mark.parametrize("name", MOVES)
def test_a_pure_move_changes_no_verdict(spread_out: Changed, name: str) -> None:
    spread(spread_out, **MOVES[name])
    measure(spread_out, 7)
    code, said = judged(spread_out)
    assert (code, said["outcome"]) == (0, "pass")
    assert said["patch"]["statements"]["total"] == 0


@pytest.mark.parametrize("name", MOVES)
def test_code_that_moves_and_loses_its_tests_fails(spread_out: Changed, name: str) -> None:
    spread(spread_out, **MOVES[name])
    measure(spread_out, 7, 0)
    code, said = judged(spread_out)
    ratchet = next(gate for gate in said["gates"] if gate["name"] == "ratchet")
    assert (code, ratchet["outcome"]) == (4, "fail")
    (missing,) = ratchet["missing"]
    moved = (spread_out.root / missing["path"]).read_text().split("\n")
    assert [moved[first - 2] for first, _ in missing["lines"]] == ["def work_0(a):"]
    replayed = spread_out.covlane("gate", "--replay", "reports/verdict.json")
    assert (replayed.returncode, replayed.stderr) == (4, "")


def test_code_that_moved_since_a_baseline_of_an_earlier_commit_is_followed(spread_out: Changed) -> None:
    spread(spread_out, c=range(4), b=range(4, 8))
    spread_out.commit()
    spread_out.git("branch", "--force", "main")
    spread(spread_out, d=[0, 5, 1], e=[2, 7, 3, 4, 6])
    measure(spread_out, 7)
    assert judged(spread_out)[0] == 0
    measure(spread_out, 7, 1)
    code, said = judged(spread_out)
    assert (code, said["gates"][1]["missing"][0]["path"]) == (4, "d.py")


def test_a_baseline_that_was_accepted_in_a_branch_serves_after_its_squash(
    spread_out: Changed, tmp_path: Path
) -> None:
    measure(spread_out, 7, 6)
    assert baseline(spread_out, "accept", "--reason", "why").returncode == 0
    spread_out.commit()
    spread_out.git("checkout", "--quiet", "main")
    spread_out.git("checkout", "topic", "--", ".")
    spread_out.commit()  # with the content that was measured, as a commit of another name
    spread(spread_out, a=range(3), b=range(4, 8), later=[3])
    spread_out.commit()
    clone = Changed.__new__(Changed)
    clone.root = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "--single-branch", f"file://{spread_out.root}", str(clone.root)]
    subprocess.run(command, check=True, capture_output=True)
    clone.git("config", "user.email", "dev@example.com")
    clone.git("config", "user.name", "dev")
    clone.git("checkout", "--quiet", "-b", "next")
    spread(clone, c=range(3), b=range(4, 8), later=[3])
    measure(clone, 7, 6)
    assert judged(clone)[0] == 0
    measure(clone, 7, 6, 2)
    code, said = judged(clone)
    assert (code, said["gates"][1]["outcome"]) == (4, "fail")


def test_a_baseline_of_content_that_the_clone_lacks_fails_nothing_in_silence(spread_out: Changed) -> None:
    text = (spread_out.root / "coverage-baseline.json").read_text()
    digest = json.loads(text)["files"]["a.py"][4]
    spread_out.place("coverage-baseline.json", text.replace(digest, "0" * 32).encode())
    spread_out.commit()
    spread_out.git("branch", "--force", "main")
    spread(spread_out, b=range(4, 8))
    measure(spread_out, 7)
    code, said = judged(spread_out)
    assert code == 3
    assert "cannot tell what was deleted from a.py" in said["gates"][1]["reason"]


@pytest.mark.parametrize("store", ["notes", "folder"])
def test_the_nearest_baseline_before_the_base_is_read(changed: Changed, store: str) -> None:
    keep(changed, store)
    for number in range(2):
        changed.place("text.txt", str(number))
        changed.commit()
    worsen(changed)
    code, said = judged(changed)
    assert (code, said["baseline"]["state"]) == (4, "found")
    assert "2 commits before the base" in said["baseline"]["sentence"]


def test_notes_travel_to_another_clone(changed: Changed, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(changed.root), str(bare)], check=True)
    changed.git("remote", "add", "origin", str(bare))
    set_gates(changed, "ratchet = true", store="notes")
    changed.commit()
    changed.measured()
    changed.git("push", "--quiet", "origin", "main")
    assert baseline(changed, "write", "--push").returncode == 0
    clone = Changed.__new__(Changed)
    clone.root = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", str(bare), str(clone.root)], check=True, capture_output=True)
    clone.measured()
    _, said = judged(clone)
    command = said["baseline"]["sentence"].split("`")[1]
    subprocess.run(command.split(), cwd=clone.root, check=True, capture_output=True)
    assert judged(clone)[1]["baseline"]["state"] == "found"


@pytest.mark.parametrize("arguments", [("sing",), ("log", "--last", "0"), ("write", "--push")])
def test_what_baseline_cannot_do_is_said(changed: Changed, arguments: tuple[str, ...]) -> None:
    done = baseline(changed, *arguments)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
