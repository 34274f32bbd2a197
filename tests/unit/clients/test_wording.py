"""Output of other programs, made safe to print."""

from __future__ import annotations

from covlane.clients.wording import shown


def test_the_token_is_hidden_wherever_it_stands() -> None:
    assert shown("Bearer t0k3n, again t0k3n", token="t0k3n") == "Bearer <hidden>, again <hidden>"


def test_a_token_cut_by_control_characters_is_still_hidden() -> None:
    assert shown("t0\x00k\u202e3n", token="t0k3n") == "<hidden>"


def test_lines_become_one_and_escapes_lose_their_force() -> None:
    assert shown("one\r\n\ttwo \x1b[31mred\x07", token="t0k3n") == "one two [31mred"


def test_a_long_text_is_cut() -> None:
    line = shown("word " * 1000, token="t0k3n")
    assert len(line) == 300
    assert line.endswith("…")


def test_the_token_is_hidden_before_the_text_is_cut() -> None:
    assert "t0k" not in shown("x" * 296 + "t0k3n", token="t0k3n")
