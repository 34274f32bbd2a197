"""uv's workspaces, and where its `[tool.uv.sources]` takes requirements from (its documentation, "Workspaces" and "Dependency sources").

uv knows both for a project that it installs, but not for requirements on its command line, and pip knows neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from covlane.config.metadata import table, toml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from packaging.requirements import Requirement


class Workspace:
    """The members of a workspace, and what requirements mean in it.

    Args:
        root: the folder of the workspace's root.
        document: its pyproject.toml, decoded.
    """

    def __init__(self, root: Path, document: Mapping[str, Any]) -> None:
        self._root, self._document = root, document
        #: The folder of each member below the root, by its normalised name.
        self.members: dict[str, str] = {}
        self._documents: dict[str, Mapping[str, Any]] = {}
        for folder in _folders(root, table(document, "tool", "uv", "workspace")):
            found = toml(root / folder / "pyproject.toml")
            if name := table(found, "project").get("name"):
                self.members[_normalised(str(name))] = folder
                self._documents[folder] = found

    @property
    def is_virtual(self) -> bool:
        """Whether the root is no project itself: then all members are what it is about."""
        return bool(self.members) and not table(self._document, "project").get("name")

    def document(self, folder: str) -> Mapping[str, Any]:
        """Return a member's pyproject.toml, decoded."""
        return self._documents[folder]

    def placed(self, arguments: Iterable[str]) -> list[str]:
        """Return arguments for uv and pip with each requirement from where the workspace has it.

        A member comes from its folder, with the members that it needs itself.
        """
        found, members = list[str](), dict[str, str]()
        for argument in arguments:
            if (requirement := _requirement(argument)) is None:
                found.append(argument)
            elif (name := _normalised(requirement.name)) in self.members and self._is_own(name):
                extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
                members[self.members[name]] = extras
            else:
                found += self._from_elsewhere(requirement, argument)
        for folder in self._needed(members):
            members.setdefault(folder, "")
        return [
            *found,
            *(word for folder, extras in members.items() for word in ("-e", f"./{folder}{extras}")),
        ]

    def reached(self, arguments: Iterable[str]) -> list[str]:
        """Return the folders of the members that arguments install."""
        words = self.placed(arguments)
        folders = {word.removeprefix("./").partition("[")[0] for word in words}
        return [folder for folder in self.members.values() if folder in folders]

    def _needed(self, first: Iterable[str]) -> Iterator[str]:
        """Yield the folders of the members that the root and some members depend on, however far."""
        todo, seen = [self._document, *(self._documents[folder] for folder in first)], set(first)
        for document in todo:  # which grows
            for text in table(document, "project").get("dependencies") or ():
                requirement = _requirement(str(text))
                folder = self.members.get(_normalised(requirement.name), "") if requirement else ""
                if folder and folder not in seen:
                    seen.add(folder)
                    todo.append(self._documents[folder])
                    yield folder

    def _is_own(self, name: str) -> bool:
        sources = self._sources()
        return name not in sources or bool(sources[name].get("workspace"))

    def _sources(self) -> dict[str, Mapping[str, Any]]:
        given = table(self._document, "tool", "uv", "sources")
        entries = {name: each[0] if isinstance(each, list) and each else each for name, each in given.items()}
        return {_normalised(name): each for name, each in entries.items() if isinstance(each, dict)}

    def _from_elsewhere(self, requirement: Requirement, argument: str) -> list[str]:
        source = self._sources().get(_normalised(requirement.name), {})
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        if path := source.get("path"):
            return [*(["-e"] if source.get("editable") else []), f"./{path}{extras}"]
        if address := source.get("git"):
            revision = source.get("rev") or source.get("tag") or source.get("branch")
            where = f"git+{address}" + (f"@{revision}" if revision else "")
            below = f"#subdirectory={source['subdirectory']}" if source.get("subdirectory") else ""
            return [f"{requirement.name}{extras} @ {where}{below}"]
        if address := source.get("url"):
            return [f"{requirement.name}{extras} @ {address}"]
        return [argument]


def _folders(root: Path, workspace: Mapping[str, Any]) -> Iterator[str]:
    """Yield the folders of a workspace's members."""
    members, without = (
        each if isinstance(each := workspace.get(name), list) else [] for name in ("members", "exclude")
    )
    left_out = {path for pattern in without for path in _globbed(root, str(pattern))}
    for pattern in members:
        for path in _globbed(root, str(pattern)):
            if path not in left_out and path != root and (path / "pyproject.toml").is_file():
                yield path.relative_to(root).as_posix()


def _globbed(root: Path, pattern: str) -> list[Path]:
    try:
        found = sorted(path for path in root.glob(pattern) if path.is_dir())
        return [path for path in found if path.is_relative_to(root) and ".." not in path.parts]
    except (ValueError, NotImplementedError):  # an absolute pattern, or none
        return []


def _requirement(argument: str) -> Requirement | None:
    """Return a requirement, or None for an option or a path."""
    from packaging.requirements import InvalidRequirement, Requirement  # noqa: PLC0415 - slow, and often not needed

    try:
        return Requirement(argument)
    except InvalidRequirement:
        return None


def _normalised(name: str) -> str:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - as above

    return canonicalize_name(name)


def dependency_groups(document: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    """Return the requirements of dependency groups (PEP 735); none where one cannot be resolved, which the leg says."""
    from dependency_groups import resolve  # noqa: PLC0415 - slow, and often not needed

    wanted = [*names]
    try:
        return [*resolve(table(document, "dependency-groups"), *wanted)] if wanted else []
    except (LookupError, ValueError, TypeError):
        return []
