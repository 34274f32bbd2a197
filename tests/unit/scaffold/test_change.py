"""Adding to a file keeps its bytes and habits; a diff says what changes."""

from __future__ import annotations

import pytest

from covlane.scaffold.change import Change, append, diff


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"", b"x = 1\n"),
        (b"a\n", b"a\n\nx = 1\n"),
        (b"a\r\n", b"a\r\n\r\nx = 1\r\n"),
        (b"a\r", b"a\r\rx = 1\r"),
        (b"a", b"a\n\nx = 1"),
        (b"a\r\nb", b"a\r\nb\r\n\r\nx = 1"),
        (b"a\n  ", b"a\n  \n\nx = 1"),
    ],
)
def test_what_is_appended_follows_the_newlines_of_the_file(old: bytes, new: bytes) -> None:
    assert append(old, "\nx = 1\n") == new


def test_a_new_file_is_shown_against_nothing() -> None:
    shown = diff([Change("a/new.py", None, b"one\ntwo\n", "")])
    assert shown == "--- /dev/null\n+++ b/a/new.py\n@@ -0,0 +1,2 @@\n+one\n+two\n"


def test_a_missing_newline_at_the_end_is_shown() -> None:
    shown = diff([Change("x", b"one", b"one\ntwo", "")])
    assert shown.splitlines()[3:] == [
        "-one",
        "\\ No newline at end of file",
        "+one",
        "+two",
        "\\ No newline at end of file",
    ]


def test_a_form_feed_ends_no_line_of_a_diff() -> None:
    assert "\n one\x0cand\n" in diff([Change("x", b"one\x0cand\n", b"one\x0cand\ntwo\n", "")])
