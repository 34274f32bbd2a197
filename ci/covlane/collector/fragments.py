"""Fragments: what one process saw, written whole; `finish` adds them up."""

from __future__ import annotations

import sys
from typing import Any, NamedTuple, Optional

from .own import io, json, os
from .start import FAILED

SUFFIX = ".fragment"


class Fragment(NamedTuple):
    """One process of the leg.

    `files` maps a real path to [lines, branches]; `ended` is False until the process reached its end, so that
    one which never did can be named.
    """

    pid: int
    argv: list[str]
    test: str
    ended: bool
    files: dict[str, list[list[Any]]]
    unmarked: dict[str, str]
    pytest: Optional[dict[str, Any]]


def path_for(folder: str) -> str:
    """Return the name of this process's fragment; a process number that comes round again gets another."""
    return os.path.join(folder, f"{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}")


def write(path: str, fragment: Fragment) -> None:
    """Write a fragment whole; the file of a killed process holds what was last written."""
    temporary = path + ".part"
    with io.open(temporary, "w", encoding="utf-8") as file:
        json.dump(fragment._asdict(), file)
    os.replace(temporary, path)


def read_all(folder: str) -> tuple[list[Fragment], list[str]]:
    """Return every fragment of a leg, and a sentence for each file that is none."""
    found, broken = [], []
    for name in sorted(os.listdir(folder)):
        if name.endswith(SUFFIX):
            try:
                with io.open(os.path.join(folder, name), encoding="utf-8") as file:
                    found.append(Fragment(**json.load(file)))
            except (OSError, ValueError, TypeError) as error:
                broken.append(f"the fragment {name} is unreadable ({error})")
    return found, broken


def command_line() -> list[str]:
    """Return the command line of this process as it was given, interpreter and options included."""
    try:
        return list(sys.orig_argv)
    except AttributeError:  # Python 3.9
        try:
            with io.open("/proc/self/cmdline", "rb") as file:
                return [os.fsdecode(part) for part in file.read().split(b"\0")[:-1]]
        except OSError:
            return list(getattr(sys, "argv", ()))


def current_test() -> str:
    """Return the test that pytest is running, which its children inherit, or an empty string."""
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]


def failures(folder: str) -> list[str]:
    """Return a sentence for each process whose measurement could not begin."""
    found = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(FAILED):
            with io.open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
                last = (file.read().strip().splitlines() or ["no reason"])[-1]
            found.append(f"process {name[: -len(FAILED)]} could not be measured: {last}")
    return found
