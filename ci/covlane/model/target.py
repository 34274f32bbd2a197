"""Where one more test pays: uncovered code of one file, by function, and the test file nearest to it."""

from __future__ import annotations

from typing import Literal

import msgspec

from covlane.model.report import Branch  # noqa: TC001 - msgspec resolves it at run time
from covlane.model.verdict import Range  # noqa: TC001


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What is uncovered of one function.

    Attributes:
        function: its qualified name, `Circle.area`; "" for code outside of functions and classes; None if not known.
        lines: those that did not run, as ranges that no covered line interrupts.
        branches: those of covered lines that were never taken, to line 0: out of the function or module.
    """

    function: str | None
    lines: tuple[Range, ...] = ()
    branches: tuple[Branch, ...] = ()


class NearestTest(msgspec.Struct, frozen=True, kw_only=True):
    """A test file, and what it has in common with the code: its name, an import of it, or folders."""

    path: str
    by: Literal["name and import", "name and folder", "import", "name"]


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Uncovered code of one file: of its changed code, or of the rest.

    Attributes:
        path: its repo-relative name.
        changed: whether this is code that was changed since the base.
        missing: the number of lines that did not run.
        untaken: the number of branches that were never taken.
        commits: how many commits of the last year changed the file; None without a history.
        score: missing lines x (1 + commits) x (1 + untaken branches).
        places: the code by function, the one with most missing lines first.
        test: the nearest test file; None if there is none.
        note: why functions are not known, if so.
    """

    path: str
    changed: bool
    missing: int
    untaken: int
    commits: int | None
    score: int
    places: tuple[Place, ...]
    test: NearestTest | None = None
    note: str = ""
