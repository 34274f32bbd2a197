"""pyproject.toml and .gitignore: the lane's table, and the folders that it fills."""

from __future__ import annotations

import json
import re
import sys
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from covlane.errors import UsageError
from covlane.scaffold.change import LEAVE, Edit, append, newline_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping

TABLE = """
[tool.covlane]
# `invoke settings` shows every setting and where it comes from
"""


def document_of(content: bytes | None) -> dict[str, Any]:
    """Return pyproject.toml as a dictionary, empty where there is none.

    Raises:
        UsageError: it is not valid TOML in UTF-8.
    """
    try:
        return tomllib.loads((content or b"").decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"pyproject.toml cannot be read: {error}", "fix it; nothing was changed") from None


def project_name(document: dict[str, Any]) -> str:
    """Return the project's name, "" where it has none."""
    project = document.get("project")
    return str(project.get("name", "")) if isinstance(project, dict) else ""


def pyproject(old: bytes | None, facts: Mapping[str, str | bool] = MappingProxyType({})) -> Edit:
    """Return the edit of pyproject.toml: a new table at its end, or the facts in the existing one.

    A repository without the file gets one for facts alone: with one, pip and other tools treat the project differently.

    Raises:
        UsageError: it is not valid TOML, or cannot take the table or the facts (`tool` is an inline table).
    """
    if old is None and not facts:
        return Edit(
            None,
            "not created: detected settings are enough, and a new file would change how pip builds the project",
        )
    tool = document_of(old).get("tool")
    lines = "".join(f"{key} = {json.dumps(value)}\n" for key, value in facts.items())
    if isinstance(tool, dict) and "covlane" in tool:
        return _with_facts(old or b"", lines) if facts else LEAVE
    new = append(old or b"", TABLE + lines)
    if not _reads(new):
        raise UsageError(
            "pyproject.toml cannot take [tool.covlane] at its end, because `tool` is an inline table",
            "write it as [tool.NAME] tables; nothing was changed",
        )
    return Edit(new, "the lane's settings, each of which is detected until it is set here")


def _with_facts(old: bytes, lines: str) -> Edit:
    """Put lines below the table's head."""
    head = re.search(rb"(?m)^\[ *tool *\. *covlane *\][^\r\n]*(\r\n|\n|\Z)", old)
    new = old
    if head:
        # A head that ends the file has no newline to follow.
        before = head.group() if head[1] else head.group() + newline_of(old)
        new = (
            old[: head.start()] + before + lines.encode().replace(b"\n", newline_of(old)) + old[head.end() :]
        )
    if not head or not _reads(new):
        missing = ", ".join(lines.splitlines())
        raise UsageError(f"[tool.covlane] lacks {missing}", "add it there; nothing was changed")
    return Edit(new, "settings that are not detected")


def _reads(content: bytes) -> bool:
    try:
        tomllib.loads(content.decode("utf-8"))
    except tomllib.TOMLDecodeError:
        return False
    return True


def gitignore(old: bytes | None, folders: tuple[str, ...]) -> Edit:
    """Return the edit of .gitignore: a line for each folder that git does not ignore yet."""
    present = (old or b"").decode("utf-8", "replace").splitlines()
    paths = [PurePosixPath(folder) for folder in folders if PurePosixPath(folder).parts]
    missing = [f"/{path.as_posix()}/\n" for path in paths if not _ignored(path, present)]
    if not missing:
        return LEAVE
    return Edit(append(old or b"", "".join(missing)), "generated files are not committed")


def _ignored(path: PurePosixPath, lines: list[str]) -> bool:
    """Say whether a line names the folder or one above it; of several, the last decides, as in git."""
    ignored = False
    for line in lines:
        pattern = line.rstrip().removeprefix("!")
        named = pattern.removeprefix("**/").removesuffix("**").removesuffix("*").strip("/")
        anywhere = "/" not in named and not pattern.startswith("/")
        folders = [folder.as_posix() for folder in (path, *path.parents)]
        if named in folders or (anywhere and named in path.parts):
            ignored = not line.startswith("!")
    return ignored
