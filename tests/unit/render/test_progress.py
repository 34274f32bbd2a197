"""The bar of a download is for terminals."""

from __future__ import annotations

import io

import pytest

from covlane.render.progress import bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def shown(out: io.StringIO, *, plain: bool = False) -> str:
    with bar("cs-coverage", out, plain=plain) as seen:
        seen(500_000, None)
        seen(1_000_000, 2_000_000)
    return out.getvalue()


def test_a_terminal_shows_how_far_the_download_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    assert "1.0/2.0 MB" in shown(Terminal())


def test_a_terminal_shows_how_many_pieces_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    with bar("pages", out, plain=False, pieces=True) as seen:
        seen(3, 40)
    assert " 3/40" in out.getvalue()


@pytest.mark.parametrize("variable", ["FORCE_COLOR", "TTY_INTERACTIVE"])
def test_a_pipe_shows_nothing_whatever_is_forced(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "1")
    assert shown(io.StringIO()) == ""


def test_a_plain_terminal_shows_nothing() -> None:
    assert shown(Terminal(), plain=True) == ""
