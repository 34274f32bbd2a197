"""Globs over repo-relative names, as `omit` has them."""

from __future__ import annotations

import re
from functools import cache

_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def translate(pattern: str) -> str:
    """Return a glob as a regular expression: `**` crosses folders, `*` and `?` do not."""
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return "".join(_PARTS.get(token, re.escape(token)) for token in tokens)


@cache
def glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob; a folder's name means all below it."""
    plain = re.sub(r"^(?:\./+)+", "", pattern).rstrip("/")
    return re.compile(translate(plain) + "(?:/.*)?", re.DOTALL)
