"""Text of others inside of Markdown: it says what it says, and makes nothing of the page."""

from __future__ import annotations

import re
from urllib.parse import quote

#: What the address of a repository is: a server by its name, and a path without anything that ends a link.
REPOSITORY = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[\w.~-]+)+", re.ASCII)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is: no markup, mention, link, table cell or line of its own.

    GitHub looks for mentions and for numbers of issues after it has decoded entities and backslashes, so an
    invisible space breaks these apart.
    """
    text = "".join(char if char.isprintable() else " " for char in text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~])", r"\\\1", text)
    text = re.sub(r"[@#](?=\w)", r"\g<0>&#8203;", text)
    return re.sub(r"://|www\.", lambda link: link[0].replace(":", "&#58;").replace(".", "&#46;"), text)


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
    return f"[{escape(text)}]({blob}{quote(path.encode('utf-8', 'surrogateescape'))}{lines})"
