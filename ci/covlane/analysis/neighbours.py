"""Recognise files of a checkout that belong to another project than this one."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ABSOLUTE = re.compile("/|[A-Za-z]:/")


class Neighbours:
    """The files beside a project in its checkout.

    Args:
        folder: the project's folder, as `a/b`; "" at the top, where there are no neighbours.
        top: the absolute names of the checkout's top, with `/`.
        is_file: whether the checkout has a file, named from its top.
    """

    def __init__(self, folder: str, top: tuple[str, ...], is_file: Callable[[str], bool]) -> None:
        self._folder = folder and folder + "/"
        self._tops = tuple(name.rstrip("/") + "/" for name in top)
        self._is_file = is_file

    def from_project(self, name: str) -> str:
        """Return a name from the top as one from the project's folder; "" if it is outside."""
        below = self._folder and name.startswith(self._folder)
        return name[len(self._folder) :] if below else ""

    def has(self, name: str) -> bool:
        """Whether a name, absolute or relative to the project, means a file outside the project.

        The longest suffix of an absolute name that is a file of the checkout decides.
        """
        if not self._folder:
            return False
        found = next((place for place in self._places(name) if self._is_file(place)), self._folder)
        return not found.startswith(self._folder)

    def beside(self, name: str) -> bool:
        """Whether a name that matches no file of the project, read from it or from the top, means a file outside it."""
        from_top = posixpath.normpath(name)
        return self.has(name) or (
            bool(self._folder) and not from_top.startswith(self._folder) and self._is_file(from_top)
        )

    def _places(self, name: str) -> Iterator[str]:
        """Yield the names from the top that a name may mean, likeliest first."""
        if name.startswith("../"):
            yield posixpath.normpath(posixpath.join(self._folder, name))
        elif top := next((top for top in self._tops if name.casefold().startswith(top.casefold())), None):
            yield name[len(top) :]
        elif _ABSOLUTE.match(name):
            parts = name.split("/")
            yield from ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
