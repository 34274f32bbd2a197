"""What a leg installs: the project with what its tests need, detected from the repository."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from covlane.config import lockfile
from covlane.config import requirements_files as files
from covlane.config.metadata import Metadata, table
from covlane.config.requirements import from_tools
from covlane.config.tools import poetry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

#: Names under which projects keep what their tests need, in the order of preference.
GROUP_NAMES = ("test", "tests", "testing", "dev")
#: How a tool is told that a project is not installed itself.
UNPACKED = (("uv", "package"), ("poetry", "package-mode"), ("pdm", "distribution"))

Found = dict[str, tuple[Any, str]]


def find(root: Path, document: Mapping[str, Any], metadata: Metadata) -> Found:
    """Find what to install, in the first of these that has it; pytest alone where none has.

    A dependency group, an extra or a requirements file whose name is that of tests, the tool that runs them (`from_tools`), a
    group or extra of any name with pytest in it, a requirements file for development or with pytest in it, and
    requirements.txt where no metadata has what the project needs to run. What is not installed itself needs its
    dependencies or its requirements.txt besides.
    """
    install = ["-e", "."] if installable(root, document, metadata) else []
    groups = document.get("dependency-groups", {})
    extras = {name.lower(): name for name in metadata.extras}
    group = next((name for name in GROUP_NAMES if isinstance(groups, dict) and name in groups), None)
    extra = next((extras[name] for name in GROUP_NAMES if name in extras), None)
    found: Found = {"groups": ((group,), "[dependency-groups]") if group else ((), "no such group")}
    reason = "an installable project" if install else "no installable project"
    if group:
        pass
    elif extra and install:
        install, reason = ["-e", f".[{extra}]"], f"the extra {extra!r}"
    elif file := files.first(root, files.TESTS):
        install, reason = [*install, "-r", file], file
    elif (others := from_tools(root, document, GROUP_NAMES)).where:
        if install and others.extras:
            install = ["-e", f".[{','.join(others.extras)}]"]
        install, reason = [*install, *others.arguments], others.where
        found["groups"] = others.groups, others.where
    elif isinstance(groups, dict) and (group := _with_pytest(groups)):
        found["groups"] = (group,), f"pytest is in [dependency-groups] {group}"
    elif install and (extra := _with_pytest(metadata.extras)):
        install, reason = ["-e", f".[{extra}]"], f"pytest is in the extra {extra!r}"
    elif file := _last_file(root, document, metadata):
        install, reason = [*install, "-r", file], file
    if not installable(root, document, metadata):
        needed, where = _of_application(root, document, install)
        install = [*needed, *install]
        reason = f"{reason}, {where}" if where else reason
    found["install"] = (tuple(install), reason)
    return found


def _with_pytest(requirements: Mapping[str, object]) -> str | None:
    """Return the first name whose requirements, lines or a list of them, have pytest among them."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow, and often not needed

    for name, wanted in requirements.items():
        lines = wanted.splitlines() if isinstance(wanted, str) else wanted
        for line in lines if isinstance(lines, (list, tuple)) else ():
            with contextlib.suppress(InvalidRequirement):
                if isinstance(line, str) and Requirement(line).name == "pytest":
                    return name
    return None


def _last_file(root: Path, document: Mapping[str, Any], metadata: Metadata) -> str:
    """Return the requirements file of a repository that names its tests' needs nowhere else, or an empty string.

    A requirements.txt without pytest has what an application runs with; a project that is installed says that itself,
    or has it there alone.
    """
    if file := files.first(root, files.DEVELOPMENT):
        return file
    file = files.with_pytest(root)
    if not file and not _declares(document, metadata):
        file = files.first(root, [files.PLAIN])
    exported = file and (files.is_lock(root, file) or (root / lockfile.NAME).is_file())
    return "" if exported and installable(root, document, metadata) else file


def _declares(document: Mapping[str, Any], metadata: Metadata) -> bool:
    """Say whether a project's metadata has what it needs to run."""
    project = table(document, "project")
    dynamic = "dependencies" in project.get("dynamic", ())
    of_poetry = set(table(document, "tool", "poetry", "dependencies")) - {"python"}
    return bool(
        project.get("dependencies") or dynamic or of_poetry or "install_requires" in metadata.arguments
    )


def _of_application(root: Path, document: Mapping[str, Any], chosen: Iterable[str]) -> tuple[list[str], str]:
    """Return what a project that is not installed itself needs besides what is `chosen`, and where that stands."""
    listed = table(document, "project").get("dependencies")
    if isinstance(listed, list) and (wanted := [one for one in listed if isinstance(one, str)]):
        return wanted, "[project] dependencies"
    if of_poetry := poetry.of_application(root, document):
        return list(of_poetry), "[tool.poetry.dependencies]"
    known = {each for name in chosen for each in files.included(root, name)}
    if files.PLAIN in known or not (root / files.PLAIN).is_file():
        return [], ""
    return ["-r", files.PLAIN], files.PLAIN


def locked(root: Path, install: tuple[str, ...]) -> tuple[bool, str]:
    """Say whether uv.lock has the versions; a requirements file has its own."""
    if not (root / lockfile.NAME).is_file():
        return False, f"no {lockfile.NAME}"
    files = any(word.startswith(("-r", "--requirement", "-c", "--constraint")) for word in install)
    return not files, f"requirements come from a file, not {lockfile.NAME}" if files else lockfile.NAME


def installable(root: Path, document: Mapping[str, Any], metadata: Metadata) -> bool:
    """Say whether a project is installed itself: a tool may be told that it is not."""
    tool = table(document, "tool")
    if any(table(tool, name).get(key) is False for name, key in UNPACKED):
        return False
    return bool("build-system" in document or (root / "setup.py").is_file() or metadata.name)
