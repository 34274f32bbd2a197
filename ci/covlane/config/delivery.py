"""Whether a repository shows that it wants its reports at CodeScene."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from covlane.config import checkout
from covlane.config.metadata import table

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: A secret of CodeScene in an expression, and in no comment: `secrets.CS_ACCESS_TOKEN`, `secrets['CS_PAT']`.
_SECRET = re.compile(r"(?im)^[^#\n]*\bsecrets\s*(?:\.|\[\s*['\"])\s*(CS_\w+)")


def asked(root: Path, document: Mapping[str, Any]) -> tuple[bool, str] | None:
    """Return the detected `codescene.upload`, true, and what shows it; None where nothing does.

    Args:
        root: the project's folder.
        document: its pyproject.toml, decoded.
    """
    # `secrets` only hides variables.
    if {*table(document, "tool", "covlane", "codescene")} - {"secrets", "upload"}:
        return True, "other settings of codescene"
    for path in sorted((checkout.top(root) / ".github" / "workflows").glob("*.y*ml")):
        try:
            found = _SECRET.search(path.read_text("utf-8", "replace"))
        except OSError:
            continue
        if found:
            return True, f".github/workflows/{path.name} has the secret {found[1]}"
    return None
