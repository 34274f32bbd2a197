"""Text of others inside of Markdown: it says what it says, and makes nothing of the page."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

#: What the address of a repository is: a server by its name, and a path without anything that ends a link.
REPOSITORY = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[\w.~-]+)+", re.ASCII)
#: The invisible space; no text has one of its own here, as it is not printable.
SPACE = "\u200b"
_SIX = re.compile(".{1,6}")
#: What GitHub makes something of (https://docs.github.com/en/get-started/writing-on-github), and how it is broken apart.
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
    """Return text that Markdown shows as it is: no markup, mention, link, formula, emoji, table cell or line of its own.

    GitHub looks for mentions, issues, commits, formulas and emoji after it has decoded entities and backslashes, so an
    invisible space breaks these apart.
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
    """Return what the addresses of a commit's files begin with; empty where the repository or commit is none."""
    if REPOSITORY.fullmatch(repository) and re.fullmatch("[0-9a-f]{40}", commit or ""):
        return f"{repository}/blob/{commit}/"
    return ""


def run(repository: str, number: str) -> str:
    """Return the address of a workflow's run, which shows its summary; empty where there is none."""
    if REPOSITORY.fullmatch(repository) and re.fullmatch("[0-9]{1,20}", number):
        return f"{repository}/actions/runs/{number}"
    return ""


def link(text: str, blob: str, path: str, first: int = 0, last: int = 0) -> str:
    """Return text as a link to a file, or to lines of it; without a `blob` the text alone."""
    if not blob:
        return escape(text)
    lines = f"#L{first}" + (f"-L{last}" if last > first else "") if first else ""
    return f"[{escape(text)}]({blob}{_quote(path)}{lines})"


@lru_cache(maxsize=1 << 16)
def _quote(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"))
