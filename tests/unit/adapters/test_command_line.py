"""What a command line of nox asks for."""

from __future__ import annotations

import pytest

from covlane.adapters import command_line


@pytest.mark.parametrize(
    ("words", "alone"),
    [
        ("-s coverage", True),
        ("-s coverage-3.12 -- -s other", True),
        ("-R -s coverage-3.12(shard-1-of-2) report", True),
        ("--session=coverage", True),
        ("--sessions coverage-3.13t coverage-3.12", True),
        ("", False),
        ("-s coverage other", False),
        ("-s coverage-extra", False),
        ("-s other -- -s coverage", False),
        ("-s coverage -k other", True),
        ("-t coverage", False),
        ("-k coverage", False),
        ("-s coverage-pypy3.11", True),
    ],
)
def test_which_command_lines_ask_for_sessions_of_covlanealone_(words: str, *, alone: bool) -> None:
    assert command_line.alone(["nox", *words.split()], {"coverage", "report"}) is alone


@pytest.mark.parametrize(
    ("words", "environ", "noxfile", "downloads"),
    [
        ("-s coverage", {}, None, False),
        ("-s coverage --download-python auto", {}, None, True),
        ("--download-python=always -s coverage", {}, None, True),
        ("-s coverage", {"NOX_DOWNLOAD_PYTHON": "auto"}, None, True),
        ("-s coverage", {}, "always", True),
        ("-s coverage --download-python never", {"NOX_DOWNLOAD_PYTHON": "auto"}, "auto", False),
        ("-s coverage -- --download-python auto", {}, None, False),
    ],
)
def test_a_download_of_pythons_is_asked_for_in_three_ways(
    words: str, environ: dict[str, str], noxfile: str | None, *, downloads: bool
) -> None:
    assert command_line.downloads(["nox", *words.split()], environ, noxfile) is downloads


@pytest.mark.parametrize(
    ("words", "lists", "chooses"),
    [
        ("-s coverage", False, False),
        ("-l", True, False),
        ("--list --json -s coverage", True, False),
        ("-s coverage -- -l -p 3.12", False, False),
        ("-s coverage -p 3.12", False, True),
        ("-s coverage --force-python=3.12", False, True),
    ],
)
def test_listing_and_a_choice_of_pythons_are_seen(words: str, *, lists: bool, chooses: bool) -> None:
    argv = ["nox", *words.split()]
    assert command_line.lists(argv) is lists
    assert command_line.chooses_pythons(argv) is chooses
