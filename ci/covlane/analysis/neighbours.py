"""Files of a checkout that are another project's, though a project beside it may have files of the same names."""

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
        folder: where the project stands, as `a/b`; "" at the top, where nothing is beside it.
        top: the absolute names of the checkout's top, with `/`.
        is_file: says whether the checkout has a file, by its name from the top.
    """

    def __init__(self, folder: str, top: tuple[str, ...], is_file: Callable[[str], bool]) -> None:
        self._folder = folder and folder + "/"
        self._tops = tuple(name.rstrip("/") + "/" for name in top)
        self._is_file = is_file

    def own(self, name: str) -> str:
        """Return a name that begins at the top as one of the project's; "" where it is none."""
        below = self._folder and name.startswith(self._folder)
        return name[len(self._folder) :] if below else ""

    def has(self, name: str) -> bool:
        """Say whether a name, absolute or as seen from the project, is of a file beside it.

        Of the ends of an absolute name, the longest that is a file of the checkout decides.
        """
        if not self._folder:
            return False
        found = next((place for place in self._places(name) if self._is_file(place)), self._folder)
        return not found.startswith(self._folder)

    def beside(self, name: str) -> bool:
        """Say whether a name that has no place in the project, as seen from it or from the top, is of a file beside it."""
        from_top = posixpath.normpath(name)
        return self.has(name) or (
            bool(self._folder) and not from_top.startswith(self._folder) and self._is_file(from_top)
        )

    def _places(self, name: str) -> Iterator[str]:
        """Yield the names from the top that a name may stand for, the likeliest first."""
        if name.startswith("../"):
            yield posixpath.normpath(posixpath.join(self._folder, name))
        elif top := next((top for top in self._tops if name.casefold().startswith(top.casefold())), None):
            yield name[len(top) :]
        elif _ABSOLUTE.match(name):
            parts = name.split("/")
            yield from ("/".join(parts[start:]) for start in range(1, len(parts) - 1))
