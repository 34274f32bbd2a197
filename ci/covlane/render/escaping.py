"""Escape untrusted text for Markdown, so that it shows as written and cannot change the page."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

#: A repository's URL: a server name, and a path without characters that end a link.
REPOSITORY = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[\w.~-]+)+", re.ASCII)
#: A zero-width space; escaped text has none of its own, as it is not printable.
SPACE = "\u200b"
_SIX = re.compile(".{1,6}")
#: What GitHub turns into links or symbols (https://docs.github.com/en/get-started/writing-on-github), and how to break it apart.
_BROKEN = (
    # @name, #12, owner/name#12
    (re.compile(r"[@#](?=\w)"), rf"\g<0>{SPACE}"),
    # GH-12
    (re.compile(r"(?i)\bGH-(?=\d)"), rf"\g<0>{SPACE}"),
    # A commit, of 7 hex digits or more.
    (re.compile(r"(?<![^\W_])[0-9A-Fa-f]{7,}(?![^\W_])"), lambda commit: SPACE.join(_SIX.findall(commit[0]))),
    # $formula$
    (re.compile(r"\$"), f"{SPACE}${SPACE}"),
    # :emoji:
    (re.compile(r":(?=[\w+-]+:)"), rf":{SPACE}"),
)


def escape(text: str) -> str:
    """Return text that Markdown shows as written: without markup, mention, link, formula, emoji, cell or line break.

    GitHub finds mentions, issues, commits, formulas and emoji after decoding entities and backslashes, so a zero-width
    space breaks these apart.
    """
    return _escape(text)


@lru_cache(maxsize=1 << 16)  # a comment that is too long is written again with fewer of the same rows
def _escape(text: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in text)
    for pattern, broken in _BROKEN:
        text = pattern.sub(broken, text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", text)
    text = re.sub(r"://|www\.", lambda link: link[0].replace(":", "&#58;").replace(".", "&#46;"), text)
    return text.replace("$", "&#36;").replace(SPACE, "&#8203;")


def blob(repository: str, commit: str | None) -> str:
    """Return the URL prefix of a commit's files; empty if the repository or commit is invalid."""
    if REPOSITORY.fullmatch(repository) and re.fullmatch("[0-9a-f]{40}", commit or ""):
        return f"{repository}/blob/{commit}/"
    return ""


def run(repository: str, number: str) -> str:
    """Return the URL of a workflow run, which shows its summary; empty if the repository or number is invalid."""
    if REPOSITORY.fullmatch(repository) and re.fullmatch("[0-9]{1,20}", number):
        return f"{repository}/actions/runs/{number}"
    return ""


def link(text: str, blob: str, path: str, first: int = 0, last: int = 0) -> str:
    """Return text as a link to a file or its lines; without `blob`, the text alone."""
    if not blob:
        return escape(text)
    lines = f"#L{first}" + (f"-L{last}" if last > first else "") if first else ""
    return f"[{escape(text)}]({blob}{_quote(path)}{lines})"


@lru_cache(maxsize=1 << 16)
def _quote(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))
