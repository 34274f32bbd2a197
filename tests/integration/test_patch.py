"""Hard diffs, each from a real git repository: what the changed code owes, and what the terminal shows of it."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from changed import ALONE, Changed
from covlane.errors import ReportError, UsageError
from golden_file import golden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def changed(tmp_path: Path) -> Changed:
    """A repository with one commit, on main."""
    return Changed(tmp_path / "repository")


def same(text: str, name: str) -> None:
    assert text == golden(f"patch/{name}.txt")


def test_a_change_inside_of_a_statement_belongs_to_the_statement(changed: Changed) -> None:
    changed.put(
        a="""
        def f(g):
            return g(  # missed
                1,  # missed
                2,
            )


        call = dict(
            one=1,
            two=2,
        )
        """
    )
    changed.commit()
    changed.put(
        a="""
        def f(g):
            return g(  # missed
                1,  # missed
                3,  # missed
            )


        call = dict(
            one=1,
            two=3,
        )
        """
    )
    same(changed.shown(changed.patch("HEAD")), "statement")


def test_what_is_taken_out_of_a_statement_changes_it(changed: Changed) -> None:
    changed.put(a="x = 1\ny = dict(  # missed\n    a=1,  # missed\n    b=2,  # missed\n)\nz = 1\n")
    changed.commit()
    changed.put(a="x = 1\ny = dict(  # missed\n    b=2,  # missed\n)\nz = 1\n")
    assert changed.patch("HEAD").statements.missing == 1
    changed.put(a="x = 1\nz = 1\n")
    (changed.root / "reports" / "coverage.json").unlink()
    assert changed.patch("HEAD").statements.total == 0


def test_a_comment_inside_of_a_statement_is_no_change_of_it(changed: Changed) -> None:
    changed.put(a='x = f(  # missed\n    # one\n    1,  # missed\n)\ny = """  # missed\n# text\n"""\n')
    changed.commit()
    changed.put(a='x = f(  # missed\n    # two\n\n    1,  # missed\n)\ny = """  # missed\n# text\n"""\n')
    assert changed.patch("HEAD").statements.total == 0
    changed.put(a='x = f(  # missed\n    # one\n    1,  # missed\n)\ny = """  # missed\n# other\n"""\n')
    (changed.root / "reports" / "coverage.json").unlink()
    assert [file.missing for file in changed.patch("HEAD").files] == [((5, 7),)]


def test_what_cannot_run_owes_nothing(changed: Changed) -> None:
    before = "import os\n\n\ndef f(a):\n    if a:\n        return 1  # missed\n    return 2\n"
    changed.put(a=before)
    changed.commit()
    changed.put(
        a='''
        """A docstring."""

        import os

        # a comment


        @decorated(
            "by many",
        )
        def f(a):
            """Another.

            Of several lines.
            """
            if a:
                return 1  # missed

            else:
                # nothing else
                return 2
        '''
    )
    patch = changed.patch("HEAD")
    # The return that the `else:` indents is the one statement that changed.
    same(changed.shown(patch), "owes_nothing")


def test_branches_that_were_never_taken_are_named(changed: Changed) -> None:
    changed.put(a="def f(a):\n    return a\n")
    changed.commit()
    changed.put(a="def f(a):\n    if a:\n        a += 1\n    for b in a:\n        print(b)\n    return a\n")
    changed.measured(untaken={"a.py": {(2, 4), (4, 0), (4, 6)}})
    same(changed.shown(changed.patch("HEAD")), "branches")


def test_long_code_is_cut_and_far_lines_are_left_out(changed: Changed) -> None:
    lines = [f"x{number} = {number}\n" for number in range(30)]
    lines[20] = f"y = '{'long ' * 40}'  # missed\n"
    changed.put(new="".join(lines))
    same(changed.shown(changed.patch("HEAD")), "width")


def test_a_block_that_moved_owes_nothing(changed: Changed) -> None:
    block = "def moved_as_it_is(argument):\n    doubled = argument * 2  # missed\n    return doubled + 1  # missed\n"
    rest = "".join(f"value_{number} = {number}\n" for number in range(9))
    changed.put(a=block + rest, b="x = 1\n")
    changed.commit()
    changed.put(a=rest + "y = 2\n", b="x = 1\n" + block)
    same(changed.shown(changed.patch("HEAD")), "moved")


def test_a_line_that_changed_inside_of_a_moved_block_is_owed(changed: Changed) -> None:
    block = "def moved_as_it_is(argument):\n    doubled = argument * 2  # missed\n    return doubled + 1  # missed\n"
    changed.put(a=block + "z = 1\n" * 9, b="x = 1\n")
    changed.commit()
    changed.put(a="z = 1\n" * 9, b="x = 1\n" + block.replace("+ 1", "- 1"))
    assert [(file.path, file.missing) for file in changed.patch("HEAD").files] == [
        ("a.py", ()),
        ("b.py", ((4, 4),)),
    ]


def test_a_rename_owes_nothing_but_what_changed_with_it(changed: Changed) -> None:
    text = "".join(f"value_{number} = {number}  # missed\n" for number in range(20))
    changed.put(pure=text, edited=text.replace("value", "other"))
    changed.commit()
    changed.git("mv", "pure.py", "renamed.py")
    (changed.root / "edited.py").rename(changed.root / "moved_by_hand.py")  # git is not told
    changed.put(moved_by_hand=text.replace("value", "other").replace("= 7 ", "= 8 "))
    same(changed.shown(changed.patch("HEAD")), "renamed")


def test_a_diff_that_only_deletes_passes_with_a_word(changed: Changed) -> None:
    changed.put(a="x = 1  # missed\ny = 2\nz = 3\n", gone="x = 1\n")
    changed.commit()
    changed.put(a="x = 1  # missed\nz = 3\n", gone=None)
    same(changed.shown(changed.patch("HEAD")), "deletions")


def test_no_change_is_said(changed: Changed) -> None:
    assert changed.shown(changed.patch("HEAD")) == "patch: nothing changed\n"


def test_work_that_is_committed_staged_unstaged_and_untracked_counts(changed: Changed) -> None:
    changed.put(committed="a = 1\n", staged="a = 1\n", unstaged="a = 1\n", twice="a = 1\n")
    changed.commit()
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(committed="a = 1\nb = 2  # missed\n")
    changed.git("commit", "--quiet", "--all", "--message", "topic")
    changed.put(staged="a = 1\nb = 2  # missed\n", twice="a = 1\nb = 2\n")
    changed.git("add", "--all")
    changed.put(unstaged="a = 1\nb = 2  # missed\n", twice="a = 1\nb = 2\nc = 3  # missed\n")
    changed.put(untracked="b = 2  # missed\n")
    before = changed.git("status", "--porcelain")
    missing = {file.path: file.missing for file in changed.patch().files}
    assert missing == {
        "committed.py": ((2, 2),),
        "staged.py": ((2, 2),),
        "twice.py": ((3, 3),),
        "unstaged.py": ((2, 2),),
        "untracked.py": ((1, 1),),
    }
    assert changed.git("status", "--porcelain") == before  # the index is as it was


def test_an_edit_in_the_second_of_its_commit_is_seen(changed: Changed) -> None:
    changed.put(a="x = 1\n")
    changed.commit()
    changed.put(a="x = 2\n", untracked="y = 1\n")
    time.sleep(1.1)  # an index written from now on is younger than the edit
    assert [file.path for file in changed.patch("HEAD").files] == ["a.py", "untracked.py"]


def test_what_has_no_lines_of_its_own_owes_nothing(changed: Changed, tmp_path: Path) -> None:
    other = Changed(tmp_path / "other")
    changed.place("data.bin", b"\0\1\2")
    changed.place("to_link.txt", "text\n")
    changed.commit()
    changed.git("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(other.root), "sub")
    changed.place("data.bin", b"\0\1\3")
    (changed.root / "link.py").symlink_to("calc.py")
    changed.place("to_link.txt", None)
    (changed.root / "to_link.txt").symlink_to("calc.py")
    changed.place("empty.py", b"")
    os.chmod(changed.root / "calc.py", 0o755)  # noqa: PTH101 - as git sees it
    patch = changed.patch("HEAD")
    same(changed.shown(patch), "no_lines")
    assert patch.statements.total == 0


def test_a_link_that_becomes_a_file_is_new_code(changed: Changed) -> None:
    (changed.root / "was.py").symlink_to("calc.py")
    changed.commit()
    changed.put(was=None)
    changed.put(was="a = 1  # missed\n")
    assert [file.missing for file in changed.patch("HEAD").files] == [((1, 1),)]


def test_code_that_attributes_hide_from_git_is_read_all_the_same(changed: Changed) -> None:
    changed.put(a="x = 1\n")
    changed.commit()
    changed.place(".gitattributes", "*.py -diff\n")
    changed.put(a="x = 1\ny = 2  # missed\n")
    same(changed.shown(changed.patch("HEAD")), "attributes")


def test_other_line_ends_are_no_change(changed: Changed) -> None:
    changed.put(a=b"x = 1  # missed\ny = 2\n", b=b"x = 1\r\ny = 2\r\n")
    changed.commit()
    changed.put(a=b"x = 1  # missed\r\ny = 2\r\n", b=b"x = 1\r\ny = 3  # missed\r\nz = [\r\n1,\r\n]\r\n")
    assert {file.path: file.missing for file in changed.patch("HEAD").files} == {
        "a.py": (),
        "b.py": ((2, 2),),
    }


def test_a_source_of_another_encoding_is_read_as_python_reads_it(changed: Changed) -> None:
    changed.put(a=b"# coding: latin-1\nx = '\xe9'\n")
    changed.commit()
    changed.put(a=b"# coding: latin-1\nx = '\xe9\xe8'  # missed\ny = f(\n    '\xe9',\n)\n")
    same(changed.shown(changed.patch("HEAD")), "latin_1")


def test_what_this_python_cannot_read_is_counted_by_lines_and_said(changed: Changed) -> None:
    changed.put(a="x = 1\n")
    changed.commit()
    changed.put(a="x = = 1  # missed\n\n# a comment\n")
    changed.place("script.js", "a()\n")
    changed.commit()
    changed.place("script.js", "a()\nb()\n")
    changed.measured("a.py", "script.js")
    same(changed.shown(changed.patch("HEAD~1")), "by_lines")


@pytest.mark.parametrize(
    "name",
    [
        "with space.py",
        "a b/c b/d.py",
        "tab\tin.py",
        "line\nin.py",
        'quote".py',
        "back\\slash.py",
        "\a\b\v\f\r\x7f.py",
        "é.py",
        "--- a.py",
        "-n.py",
        ":(top)x.py",
        "$(x).py",
    ],
)
def test_no_name_is_too_odd(changed: Changed, name: str) -> None:
    changed.place(name, "a = 1\n")
    changed.commit()
    changed.place(name, "a = 1\nb = 2\n")
    changed.place(f"new/{name}", "a = 1\n")
    changed.measured("calc.py")
    found = {file.path: file.changed for file in changed.patch("HEAD").files}
    assert found == {name: ((2, 2),), f"new/{name}": ((1, 1),)}


def test_a_name_that_is_no_utf_8_harms_no_other(changed: Changed) -> None:
    (changed.root / os.fsdecode(b"\xff.py")).write_bytes(b"a = 1\n")
    changed.put(b="a = 1\n")
    changed.measured("b.py")
    assert [file.path for file in changed.patch("HEAD").files] == ["\\xff.py", "b.py"]


def test_code_that_looks_like_a_diff_is_code(changed: Changed) -> None:
    text = '"""\n+++ b/x\n--- a/x\n@@ -1 +1 @@\ndiff --git a/x b/x\nBinary files a and b differ\n\x1b[36m+x\n"""\n'
    changed.put(a="a = 1\n")
    changed.commit()
    changed.put(a=f"a = 1\n{text}b = 2  # missed\n")
    (file,) = changed.patch("HEAD").files
    assert (file.kind, file.changed, file.missing) == ("modified", ((2, 10),), ((10, 10),))


def test_the_configuration_of_git_changes_nothing(changed: Changed, tmp_path: Path) -> None:
    changed.put(a="a = 1\nb = 2\nc = 3\n", b="x = 1\n")
    changed.commit()
    changed.place(".gitattributes", "*.py diff=odd\n")
    changed.put(a="a = 1\nb = 3  # missed\nc = 3\n", new="y = 1\n", b=None)
    changed.put(c="x = 1\n")
    plain = changed.patch("HEAD")
    shout = tmp_path / "shout"
    shout.write_text("#!/bin/sh\necho shouted\n")
    shout.chmod(0o755)
    config = tmp_path / "config"
    config.write_text(
        f"""
        [diff]
            noprefix = true
            mnemonicPrefix = true
            external = {shout}
            renames = false
            context = 9
            interHunkContext = 9
            algorithm = patience
            colorMoved = zebra
            orderFile = {tmp_path / "order"}
            submodule = log
            suppressBlankEmpty = true
            wsErrorHighlight = all
            indentHeuristic = false
            relative = true
        [diff "odd"]
            textconv = {shout}
            command = {shout}
            binary = true
            xfuncname = x
        [color]
            ui = always
            diff = always
        [color "diff"]
            new = red bold
            newMovedDimmed = cyan
            frag = cyan
        [core]
            quotePath = false
            pager = false
            autocrlf = input
            safecrlf = warn
            abbrev = 4
        [status]
            relativePaths = false
            showUntrackedFiles = no
        """
    )
    (tmp_path / "order").write_text("new.py\n")
    changed.environment = {**ALONE, "GIT_CONFIG_GLOBAL": str(config)}
    environ = {name: value for name, value in changed.environment.items() if not name.startswith("GIT_")}
    changed.environment = {**environ, "HOME": str(tmp_path)}
    config.rename(tmp_path / ".gitconfig")
    assert changed.patch("HEAD") == plain
    assert changed.git("-c", f"include.path={tmp_path / '.gitconfig'}", "diff", "--", "a.py").startswith(
        "shouted"
    )


def test_a_folder_of_a_repository_is_judged_by_its_own_names(changed: Changed) -> None:
    inner = changed.root / "service"
    changed.place("service/a.py", "a = 1\n")
    changed.place("service/pyproject.toml", "[tool.covlane]\n")
    changed.commit()
    changed.place("service/a.py", "a = 1\nb = 2  # missed\n")
    changed.place("service/new.py", "b = 2\n")
    changed.put(calc="x = 1\n")
    below = Changed.__new__(Changed)
    below.root = inner
    changed.place(".gitignore", "reports/\n")
    assert {file.path: file.missing for file in below.patch("HEAD").files} == {
        "a.py": ((2, 2),),
        "new.py": (),
    }


# The base


def test_the_remote_s_default_branch_is_the_base(changed: Changed, tmp_path: Path) -> None:
    clone = _clone(changed, tmp_path, "--quiet")
    clone.git("checkout", "--quiet", "-b", "topic")
    clone.put(b="x = 1\n")
    clone.commit()
    changed.put(later="x = 1\n")
    changed.commit()
    clone.git("fetch", "--quiet")
    assert [file.path for file in clone.patch().files] == ["b.py"]


def test_a_merge_of_the_base_brings_none_of_its_changes(changed: Changed) -> None:
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(mine="x = 1\n")
    changed.commit()
    changed.git("checkout", "--quiet", "main")
    changed.put(theirs="x = 1\n")
    changed.commit()
    changed.git("checkout", "--quiet", "topic")
    changed.git("merge", "--quiet", "--no-edit", "main")
    assert [file.path for file in changed.patch().files] == ["mine.py"]


def test_a_pull_request_is_judged_against_its_base(changed: Changed, tmp_path: Path) -> None:
    base = changed.git("rev-parse", "HEAD")
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(mine="x = 1\n")
    changed.commit()
    changed.git("checkout", "--quiet", "main")
    changed.put(theirs="x = 1\n")  # after the event, before the merge that was made for the run
    changed.commit()
    changed.git("checkout", "--quiet", "--detach", "main")
    changed.git("merge", "--quiet", "--no-edit", "topic")
    changed.git("branch", "--quiet", "--force", "main", base)
    event = tmp_path / "event.json"
    event.write_text(f'{{"pull_request": {{"base": {{"sha": "{base}"}}}}}}')
    found = changed.patch(GITHUB_EVENT_PATH=str(event), GITHUB_REF="refs/pull/1/merge")
    assert [file.path for file in found.files] == ["mine.py"]
    changed.git("checkout", "--quiet", "topic")
    (changed.root / "reports" / "coverage.json").unlink()
    found = changed.patch(GITHUB_EVENT_PATH=str(event), GITHUB_REF="refs/heads/topic")
    assert [file.path for file in found.files] == ["mine.py"]


def test_a_push_to_the_default_branch_is_judged_against_what_was_there(
    changed: Changed, tmp_path: Path
) -> None:
    before = changed.git("rev-parse", "HEAD")
    changed.put(pushed="x = 1\n")
    changed.commit()
    event = tmp_path / "event.json"
    repository = '"repository": {"default_branch": "main"}'
    event.write_text(f'{{"ref": "refs/heads/main", "before": "{before}", {repository}}}')
    assert [file.path for file in changed.patch(GITHUB_EVENT_PATH=str(event)).files] == ["pushed.py"]
    event.write_text(f'{{"ref": "refs/heads/main", "before": "{"0" * 40}", {repository}}}')
    assert changed.patch(GITHUB_EVENT_PATH=str(event)).files == ()


@pytest.mark.parametrize(
    "text", ["[]", "null", '{"pull_request": 1}', '{"before": {"a": 1}}', '{"before": "$(x)"}']
)
def test_an_event_that_tells_nothing_is_no_base(changed: Changed, tmp_path: Path, text: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(text)
    assert changed.patch(GITHUB_EVENT_PATH=str(event)).note == "nothing changed"


def test_an_event_that_cannot_be_read_is_named(changed: Changed, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_bytes(b"\xff{")
    with pytest.raises(UsageError, match="GITHUB_EVENT_PATH"):
        changed.patch(GITHUB_EVENT_PATH=str(tmp_path / "event.json"))


@pytest.mark.parametrize("named", ["no-such-branch", "--output=x", "0" * 40])
def test_a_base_that_is_no_commit_is_named(changed: Changed, named: str) -> None:
    with pytest.raises(UsageError, match="is not a commit of this clone"):
        changed.patch(named)


def test_a_shallow_clone_is_told_the_command_that_deepens_it_and_it_does(
    changed: Changed, tmp_path: Path
) -> None:
    changed.git("checkout", "--quiet", "-b", "topic")
    changed.put(mine="x = 1\n")
    changed.commit()
    changed.put(more="x = 1\n")
    changed.commit()
    changed.git("checkout", "--quiet", "main")
    changed.put(theirs="x = 1\n")
    changed.commit()
    clone = _clone(changed, tmp_path, "--depth=1", "--no-single-branch", "--branch=topic")
    with pytest.raises(ReportError, match="the clone is shallow") as caught:
        clone.patch("origin/main")
    command = caught.value.remedy.split("`")[1]
    subprocess.run(command.split(), cwd=clone.root, check=True, capture_output=True)
    assert [file.path for file in clone.patch("origin/main").files] == ["mine.py", "more.py"]


def test_a_folder_without_git_is_told(tmp_path: Path) -> None:
    bare = Changed.__new__(Changed)
    bare.root = tmp_path
    bare.place("reports/coverage.json", b"")
    bare.place("a.py", "x = 1\n")
    with pytest.raises(ReportError):
        bare.patch()


def _clone(changed: Changed, tmp_path: Path, *options: str) -> Changed:
    clone = Changed.__new__(Changed)
    clone.root = tmp_path / "clone"
    command = ["git", "clone", "--quiet", *options, f"file://{changed.root}", str(clone.root)]
    subprocess.run(command, check=True, capture_output=True)
    for name, value in (("user.email", "dev@example.com"), ("user.name", "dev")):
        clone.git("config", name, value)
    return clone
