"""What git prints is read, or refused in one sentence; real diffs are in tests/integration/test_patch.py."""

from __future__ import annotations

import pytest

from covlane.errors import ToolError
from covlane.formats import gitdiff
from covlane.model.diff import Diff, FileDiff
from covlane.model.lines import pack

ENTRY = b":100644 100644 1111111 2222222 M\0a.py\0"
HEAD = b"diff --git a/a.py b/a.py\nindex 1..2 100644\n--- a/a.py\n+++ b/a.py\n"


def test_nothing_is_an_empty_diff() -> None:
    assert gitdiff.read(b"", "base") == Diff("base")


def test_hunks_are_lines_of_the_new_side() -> None:
    hunks = b"@@ -1,0 +2,2 @@\n+b\n+c\n@@ -5,2 +8,0 @@ def f():\n-d\n-e\n"
    (file,) = gitdiff.read(ENTRY + b"\0" + HEAD + hunks, "base").files
    assert file == FileDiff("a.py", added=pack([2, 3]), removed=pack([5, 6]), cut=pack([8]))


@pytest.mark.parametrize("taken", [b"-# why\n", b"-\n", b"-   \n", b"-\t# why\n"])
def test_comments_that_were_taken_out_cut_nothing(taken: bytes) -> None:
    (file,) = gitdiff.read(ENTRY + b"\0" + HEAD + b"@@ -2 +1,0 @@\n" + taken, "base").files
    assert (file.cut, file.removed) == (0, pack([2]))


@pytest.mark.parametrize(
    "content",
    [
        ENTRY + b"\0diff --git a/other.py b/other.py\n",
        ENTRY + b"\0" + HEAD + b"@@ -1,0 +2,2 @@\n+b\n",
        ENTRY + b"\0" + HEAD + b"@@ -1,0 +2,2 @@\nb\n",
        b":100644 100644 1 2 R100\0a.py\0",
        b"diff --git a/a.py b/a.py\n",
    ],
    ids=["another file", "cut", "no hunk", "half a rename", "no entry"],
)
def test_what_is_no_diff_is_refused(content: bytes) -> None:
    with pytest.raises(ToolError, match="cannot parse git's diff"):
        gitdiff.read(content, "base")
