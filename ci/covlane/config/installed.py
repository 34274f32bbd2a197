"""Where the running Covlane was installed from, as the installer recorded it (PEP 610)."""

from __future__ import annotations

import json
from importlib import metadata


def requirement(record: str | None) -> str:
    """Return the requirement that installs the same git commit; "" for an index, a folder or a file.

    Args:
        record: the text of direct_url.json, None where there is none.
    """
    try:
        found = json.loads(record or "{}")
        commit = found["vcs_info"]["commit_id"] if found["vcs_info"]["vcs"] == "git" else ""
        url = found["url"]
    except (ValueError, KeyError, TypeError):
        return ""
    remote = isinstance(url, str) and url.startswith(("https://", "ssh://"))
    folder = f"#subdirectory={found['subdirectory']}" if "subdirectory" in found else ""
    return f"covlane @ git+{url}@{commit}{folder}" if remote and commit else ""


def record() -> str | None:
    """Return what the installer recorded; None for an installation from an index."""
    try:
        return metadata.distribution("covlane").read_text("direct_url.json")
    except metadata.PackageNotFoundError:
        return None
