"""Globs over repo-relative names, as `omit` has them."""

from __future__ import annotations

import re
from functools import cache

_PARTS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@cache
def glob(pattern: str) -> re.Pattern[str]:
    """Compile a glob: `**` crosses folders, `*` and `?` do not, a folder's name means all below it."""
    plain = re.sub(r"^(?:\./+)+", "", pattern).rstrip("/")
    tokens = re.split(r"(\*\*/|\*\*|\*|\?)", plain)
    return re.compile(
        "".join(_PARTS.get(token, re.escape(token)) for token in tokens) + "(?:/.*)?", re.DOTALL
    )
