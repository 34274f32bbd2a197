"""What to test next, from real git histories: the order, the functions, the nearest tests, and what is not known."""

from __future__ import annotations

import io
import json
import subprocess
from typing import TYPE_CHECKING

import msgspec
import pytest

from changed import Changed
from covlane.adapters.git import Git
from covlane.commands import next as command
from covlane.commands import report as reporting
from covlane.config import settings
from covlane.connections.local import Local
from covlane.errors import ReportError, UsageError
from covlane.formats import gitlog
from golden_file import golden

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.commands.next import Listed, Next

SHAPES = """
    import math


    class Circle:
        def __init__(self, radius):
            if radius < 0:
                raise ValueError(radius)  # missed
            self.radius = radius

        @property
        def area(self):
            return math.pi * self.radius**2  # missed


    def name(shape):
        def inner():
            x = 1  # missed
            return x  # missed
        return inner  # missed
    """


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """A repository with one commit, on main."""
    return Changed(tmp_path / "repository")


def local(changed: Changed) -> Local:
    return Local({}, Git(changed.root, changed.environment), print)


def run(changed: Changed, base: str | None = None, most: int = 20) -> Next:
    if not (changed.root / "reports" / "coverage.json").exists():
        changed.measured()
    return command.run(settings.load(changed.root, {}), local(changed), base, most)


def listed(changed: Changed, base: str | None = None) -> Listed:
    return run(changed, base).listed


def shown(found: Next) -> str:
    out = io.StringIO()
    found.show(out, plain=True)
    return out.getvalue()


def test_changed_code_comes_first_and_then_lines_times_commits_times_branches(changed: Changed) -> None:
    changed.put(often="x = 1  # missed\n", long="x = 1  # missed\ny = 1  # missed\n", branched=SHAPES)
    changed.put(whole="x = 1\n")
    changed.commit()
    for number in range(2, 5):
        changed.put(often=f"x = {number}  # missed\n")
        changed.commit()
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(fresh="def f(a):\n    return a  # missed\n", long="x = 1  # missed\ny = 2  # missed\n")
    changed.place("tests/test_branched.py", "from branched import Circle\n")
    names = ("often.py", "long.py", "branched.py", "whole.py", "fresh.py")
    changed.measured(*names, untaken={"branched.py": {(6, 8), (6, 7)}})
    found = listed(changed)
    assert [
        (one.path, one.changed, one.missing, one.untaken, one.commits, one.score) for one in found.targets
    ] == [
        ("long.py", True, 1, 0, 1, 2),
        ("fresh.py", True, 1, 0, 0, 1),
        ("branched.py", False, 5, 2, 1, 30),
        ("often.py", False, 1, 0, 4, 5),
        ("long.py", False, 1, 0, 1, 2),
    ]
    assert (found.base, found.left_out, found.remarks) == ("main", 0, ())
    assert shown(run(changed)) == golden("next.txt")


def test_the_json_has_functions_lines_branches_and_the_nearest_test(changed: Changed) -> None:
    changed.place("src/pkg/shapes.py", SHAPES)
    changed.place("tests/unit/pkg/test_shapes.py", "from pkg import shapes\n")
    changed.commit()
    changed.measured("src/pkg/shapes.py", untaken={"src/pkg/shapes.py": {(6, 7), (6, 8)}})
    (target,) = json.loads(msgspec.json.encode(run(changed).data()))["targets"]
    # The branch to line 7, which did not run, is no other than that line.
    assert target["places"] == [
        {"function": "name.inner", "lines": [[17, 18]], "branches": []},
        {"function": "Circle.__init__", "lines": [[7, 7]], "branches": [[6, 8]]},
        {"function": "Circle.area", "lines": [[12, 12]], "branches": []},
        {"function": "name", "lines": [[19, 19]], "branches": []},
    ]
    assert target["test"] == {"path": "tests/unit/pkg/test_shapes.py", "by": "name and import"}


def test_what_is_not_known_is_named(changed: Changed) -> None:
    changed.put(broken="x = = 1  # missed\n")
    changed.place("script.js", "a()  # missed\n")
    changed.commit()
    changed.git("checkout", "--quiet", "--detach")
    changed.git("branch", "--quiet", "--move", "main", "elsewhere")
    report = changed.measured("broken.py", "script.js")
    changed.incomplete(report, "coverage-3.13 is missing")
    found = listed(changed)
    assert [one.places[0].function for one in found.targets] == [None, None]
    incomplete, base, broken, script = found.remarks
    assert incomplete == "incomplete: coverage-3.13 is missing"
    assert base.startswith("the changed code is not known: no base to compare the changes with")
    assert broken == ("broken.py: its functions are not known: this Python cannot parse it (invalid syntax)")
    assert script == "script.js: its functions are not known: it is not a Python file"
    assert "none found" in shown(run(changed))


def test_a_renamed_file_keeps_its_commits_and_a_merge_adds_none(changed: Changed) -> None:
    text = "".join(f"value_{number} = {number}  # missed\n" for number in range(9))
    changed.put(old=text)
    changed.commit()
    changed.git("checkout", "--quiet", "-b", "side")
    changed.put(old=text.replace("= 3", "= 33"))
    changed.commit()
    changed.git("mv", "old.py", "new name.py")
    changed.commit()
    changed.git("checkout", "--quiet", "main")
    changed.git("merge", "--quiet", "--no-ff", "--message", "merged", "side")
    for key, value in {
        "log.diffMerges": "first-parent",
        "log.showRoot": "false",
        "log.showSignature": "true",
        "diff.renames": "false",
    }.items():
        changed.git("config", key, value)
    of = gitlog.read(local(changed).git.log(100)).of
    assert (of["new name.py"], of["calc.py"], of.get("old.py")) == (3, 1, None)


def test_a_partial_clone_fetches_nothing_to_count_commits(changed: Changed, tmp_path: Path) -> None:
    text = "".join(f"value_{number} = {number}\n" for number in range(9))
    changed.put(old=text, same="x = 1\n")
    changed.commit()
    for stem in ("old", "same"):
        (changed.root / f"{stem}.py").rename(changed.root / f"{stem}_renamed.py")
    changed.put(old_renamed=text.replace("= 3", "= 33"))
    changed.commit()
    changed.git("config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "clone"
    url = changed.root.as_uri()
    subprocess.run(
        ["git", "clone", "--quiet", "--filter=blob:none", "--no-checkout", url, str(clone)], check=True
    )

    def missing() -> int:
        command_ = ["git", "rev-list", "--objects", "--missing=print", "HEAD"]
        listed = subprocess.run(command_, cwd=clone, check=True, capture_output=True, text=True).stdout
        return sum(line.startswith("?") for line in listed.splitlines())

    before = missing()
    of = gitlog.read(Git(clone, changed.environment).log(100)).of
    assert missing() == before > 0
    # A renamed file that changed as well is a new one there.
    assert (of["same_renamed.py"], of["old_renamed.py"]) == (2, 1)


def test_the_year_ends_with_head(changed: Changed, monkeypatch: pytest.MonkeyPatch) -> None:
    for date in ("2019-01-01", "2020-06-01", "2020-12-31"):
        monkeypatch.setenv("GIT_COMMITTER_DATE", f"{date}T12:00:00Z")
        changed.put(a=f"x = '{date}'  # missed\n")
        changed.commit()
    assert listed(changed).targets[0].commits == 2


def test_odd_names_are_counted(changed: Changed) -> None:
    for name in ("line\nin.py", "\x01", "é.py", "M.py"):
        changed.place(name, "x = 1\n")
    changed.commit()
    of = gitlog.read(local(changed).git.log(100)).of
    assert [of[name] for name in ("line\nin.py", "\x01", "é.py", "M.py", "calc.py")] == [1, 1, 1, 1, 1]


def test_a_folder_counts_its_own_files(tmp_path: Path) -> None:
    inner = Changed(tmp_path / "repository", "packages/one")
    inner.put(a="x = 1  # missed\n")
    inner.commit()
    inner.measured("a.py")
    assert [(one.path, one.commits) for one in listed(inner).targets] == [("a.py", 1)]
    path = write_sarif(inner)
    (result,) = json.loads(path.read_text())["runs"][0]["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "packages/one/a.py"


def test_a_shallow_clone_says_that_changes_are_missing(changed: Changed, tmp_path: Path) -> None:
    changed.put(a="x = 1  # missed\n")
    changed.commit()
    clone = Changed.__new__(Changed)
    clone.root = clone.top = tmp_path / "clone"
    command_ = ["git", "clone", "--quiet", "--depth=1", changed.root.as_uri(), str(clone.root)]
    subprocess.run(command_, check=True)
    clone.measured("a.py")
    (remark,) = listed(clone, "HEAD").remarks
    assert (
        remark
        == "the clone is shallow: changes are counted in 1 commit; `git fetch --unshallow` gets the rest"
    )


def test_more_than_was_asked_for_is_counted(changed: Changed) -> None:
    changed.put(a="x = 1  # missed\n", b="x = 1  # missed\n")
    changed.commit()
    found = run(changed, most=1)
    assert (len(found.listed.targets), found.listed.left_out) == (1, 1)
    assert "... and 1 more" in shown(found)


def test_nothing_uncovered_is_said(changed: Changed) -> None:
    assert shown(run(changed)) == "Nothing to test: all that was measured is covered.\n"


def test_without_a_commit_or_with_other_sources_there_is_one_sentence(
    changed: Changed, tmp_path: Path
) -> None:
    changed.put(a="x = 1  # missed\n")
    changed.measured("a.py")
    changed.put(a="x = 2  # missed\n")
    with pytest.raises(ReportError, match=r"a\.py changed after the report was measured"):
        run(changed)
    changed.measured("a.py")
    with pytest.raises(UsageError, match="nowhere"):
        run(changed, "nowhere")
    (changed.root / ".git").rename(tmp_path / "away")
    with pytest.raises(ReportError, match="there is no git repository with a commit here"):
        run(changed)


def write_sarif(changed: Changed) -> Path:
    reporting.run(settings.load(changed.root, {}), local(changed), with_sarif=True)
    return changed.root / "reports" / "coverage.sarif"


def test_sarif_keeps_its_fingerprints_when_lines_move(changed: Changed) -> None:
    def fingerprints() -> list[str]:
        changed.measured("shapes.py", untaken={"shapes.py": {(6 + moved, 8 + moved)}})
        (run,) = json.loads(write_sarif(changed).read_text())["runs"]
        return [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]

    moved = 0
    changed.put(shapes=SHAPES)
    changed.commit()
    before = fingerprints()
    moved = 2
    changed.place("shapes.py", "# a comment\n\n" + (changed.root / "shapes.py").read_text())
    assert fingerprints() == before
    assert len(set(before)) == len(before) == 5


def test_the_overview_ranks_files_and_maps_them(changed: Changed) -> None:
    changed.put(a="x = 1  # missed\n", b="x = 1\n")
    changed.commit()
    changed.measured("a.py", "b.py")
    write_sarif(changed)
    html = changed.root / "reports" / "html"
    rows = json.loads((html / "data.js").read_text().removeprefix("const COVLANE = ").removesuffix(";\n"))[
        "rows"
    ]
    assert {row[0]: row[8] for row in rows} == {"a.py": 1, "b.py": 0}
    assert "a.py: 0.00% of 1 line, 1 commit in a year" in (html / "index.html").read_text()
