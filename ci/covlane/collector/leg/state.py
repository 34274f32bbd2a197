"""What a process says of itself where it may no longer write anything: a few bytes of its fragment, in memory.

A process can come to where it opens no file of the leg: it becomes another user, changes its root, closes all
descriptors, or fills the disk. What it has mapped before, it can still set; so can a child that it forks.
"""

from __future__ import annotations

import mmap
import sys

from .stdlib import os

#: A state as text: a letter, and the number of the error (errno(3)) for which something could not be said, or 000.
#: `BEGAN`: nothing that this process ran is kept back; `KEEPS`: something may be, until its end; `ENDED`: it ended.
BEGAN, KEEPS, ENDED = "B", "K", "E"
LENGTH = 4
#: The number that stands for an error which is none of the system's.
OURS = 999

#: Closed, a map would close the descriptor that it was made from, which may be the program's by now.
_former: list[mmap.mmap] = []


def new(letter: str) -> str:
    """Return the state of a process that begins."""
    return f"{letter}000"


class State:
    """The state of a process: of an open file, what is `after` bytes before where it was last written."""

    def __init__(self, descriptor: int, after: int) -> None:
        end = os.lseek(descriptor, 0, os.SEEK_CUR)
        first = end - after - LENGTH
        page = first - first % mmap.ALLOCATIONGRANULARITY
        more = {"trackfd": False} if sys.version_info >= (3, 13) else {}
        self._map = mmap.mmap(descriptor, end - page, offset=page, **more)
        self._place = first - page
        _former.append(self._map)

    def set(self, letter: str) -> None:
        """Set the letter."""
        self._map[self._place] = ord(letter)

    def record_error(self, error: BaseException) -> None:
        """Note for which error something could not be said."""
        number = getattr(error, "errno", None) or OURS
        self._map[self._place + 1 : self._place + LENGTH] = f"{min(number, OURS):03}".encode()


def read(state: str) -> tuple[str, str]:
    """Return the letter of a state, and its error in words, which is empty where there is none."""
    number = int(state[1:])
    words = "an error of the measurement itself" if number == OURS else os.strerror(number)
    return state[:1], words if number else ""
