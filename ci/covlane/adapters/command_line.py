"""What a command line of nox asks for, where nox itself does not say so to a noxfile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_NAMES = {"-s", "-e", "--session", "--sessions"}
_LISTS = {"-l", "--list", "--list-sessions", "--usage", "--help", "-h", "--version"}
_OTHER_PYTHONS = {"-p", "--python", "--pythons", "-P", "--force-python", "--force-pythons", "--extra-pythons"}


def sessions(argv: Sequence[str]) -> list[str]:
    """Return the names of the sessions that a command line of nox names."""
    named, naming = list[str](), False
    for word in _options(argv):
        option, _, value = word.partition("=")
        if word.startswith("-"):
            naming = option in _NAMES
            named += [value] if naming and value else []
        elif naming:
            named.append(word)
    return named


def alone(argv: Sequence[str], ours: Collection[str]) -> bool:
    """Say whether a command line names sessions, and only some of ours."""
    named = sessions(argv)
    return bool(named) and all(base(name) in ours for name in named)


def base(name: str) -> str:
    """Return a session's name without its Python and parameters: `coverage` for `coverage-3.12(shard-1-of-2)`."""
    return re.sub(r"(-(pypy)?\d[^(]*)?(\(.*)?$", "", name)


def lists(argv: Sequence[str]) -> bool:
    """Say whether nox only shows sessions."""
    return not _LISTS.isdisjoint(_options(argv))


def chooses_pythons(argv: Sequence[str]) -> bool:
    """Say whether a command line chooses the Pythons of sessions itself."""
    return not _OTHER_PYTHONS.isdisjoint(word.partition("=")[0] for word in _options(argv))


def downloads(argv: Sequence[str], environ: Mapping[str, str], noxfile: str | None) -> bool:
    """Say whether nox may download a Python that is not installed.

    Args:
        argv: the command line.
        environ: with nox's variables.
        noxfile: `nox.options.download_python`.
    """
    asked = environ.get("NOX_DOWNLOAD_PYTHON") or noxfile
    words = _options(argv)
    for option, value in zip(words, [*words[1:], ""], strict=True):
        name, _, inside = option.partition("=")
        if name == "--download-python":
            asked = inside or value
    return asked in {"auto", "always"}


def _options(argv: Sequence[str]) -> list[str]:
    """Return the words of a command line that are nox's."""
    words = list(argv[1:])
    return words[: words.index("--")] if "--" in words else words
