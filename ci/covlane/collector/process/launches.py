"""The programs that a process starts, of which `python -S` is named, as nothing can measure it.

Without `site` an interpreter reads no `.pth` file, and so never hears of its leg.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

from ..leg.stdlib import os
from .hooks import do_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: The options that have a value: the rest of their word, or else the next one.
_WITH_VALUE = "WX"
_PYTHON = re.compile(r"(python|pypy)[\d.]*(\.exe)?", re.IGNORECASE)


def hook_launches(say: Callable[..., None]) -> None:
    """Call `say` with the command line of each program before this process starts it.

    Its `measurable` is False for a `python -S` of this environment.
    """
    own = sys.executable or ""

    def look(paths: Iterable[Any], argv: Iterable[Any]) -> None:
        words = [os.fsdecode(word) for word in argv]
        say(words, measurable=not (lacks_site(words) and _is_same(_found(paths), own)))

    def launched(path: Any, argv: Any, *_: Any, **__: Any) -> None:
        look([path], argv)

    def forked(argv: Any, paths: Any, *_: Any) -> None:
        look(paths, argv)

    for name in ("execv", "execve", "posix_spawn", "posix_spawnp"):
        do_before(import_module("os"), name, launched)
    if sys.platform != "win32":
        do_before(import_module("_posixsubprocess"), "fork_exec", forked)
        if "subprocess" in sys.modules:  # from Python 3.11 on it has kept the function for itself
            do_before(sys.modules["subprocess"], "_fork_exec", forked)


def lacks_site(argv: Sequence[str]) -> bool:
    """Say whether a command line, if it is Python's, has the option -S."""
    words = iter(argv[1:])
    for word in words:
        if word == "--check-hash-based-pycs":
            next(words, None)
        elif not word.startswith("-") or word == "-":
            return False
        elif not word.startswith("--"):
            for place, letter in enumerate(word[1:], 2):
                if letter == "S":
                    return True
                if letter in "cm":
                    return False
                if letter in _WITH_VALUE:
                    if place == len(word):
                        next(words, None)
                    break
    return False


def _found(paths: Iterable[Any]) -> str:
    """Return the program that is started: the first of the paths that is there, a bare name by PATH."""
    for name in map(os.fsdecode, paths):
        for folder in [""] if os.path.dirname(name) else os.get_exec_path():
            if os.path.isfile(os.path.join(folder, name)):
                return os.path.join(folder, name)
    return ""


def _is_same(program: str, own: str) -> bool:
    """Say whether a program is the Python of an environment: another name of it, in the same folder."""
    return bool(_PYTHON.fullmatch(os.path.basename(program))) and (
        os.path.realpath(os.path.dirname(program)) == os.path.realpath(os.path.dirname(own))
        and os.path.realpath(program) == os.path.realpath(own)
    )
