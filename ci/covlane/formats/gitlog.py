"""git's log of changed files: how many commits changed each file, under the name that it has now."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple


class Commits(NamedTuple):
    """What a log says.

    Attributes:
        total: how many commits there are.
        of: how many of them changed a file, by its present name.
    """

    total: int
    of: dict[str, int]


def read(output: bytes) -> Commits:
    r"""Read `git log -z --name-status --format=%x01`, latest commit first; renamed files are followed.

    A commit is `\x01 NUL`, and each of its files `STATUS NUL PATH NUL`; a rename or copy names the old path and then
    the new one (https://git-scm.com/docs/git-log, "RAW OUTPUT FORMAT").
    """
    tokens = iter(output.decode("utf-8", "surrogateescape").split("\0"))
    total, of = 0, Counter[str]()
    now: dict[str, str] = {}
    former: dict[str, str] = {}
    for token in tokens:
        status = token.lstrip("\n")
        if status == "\x01":
            total += 1
            # The commit before had the old names.
            now |= former
            former = {}
        elif status:
            path = next(tokens)
            old, path = (path, next(tokens)) if status[0] in "RC" else (path, path)
            name = now.get(path, path)
            of[name] += 1
            if status[0] == "R":
                former[old] = name
    return Commits(total, dict(of))
