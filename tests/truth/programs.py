"""The programs: each a text file below `programs/` with a title, settings, and its files with their truth."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).with_name("programs")
_SETTINGS = ("requires", "source", "arguments", "unbranched", "named", "alone")


class Program(NamedTuple):
    """Sources that say which of their lines run, and the tests that run them.

    `requires` is the oldest Python; `named` is how a report names what no leg can measure; `alone` says that its tests
    cannot share a leg with other programs.
    """

    name: str
    title: str
    files: dict[str, str]
    source: tuple[str, ...]
    arguments: tuple[str, ...]
    unbranched: tuple[str, ...]
    named: str
    requires: tuple[int, int]
    alone: bool

    @property
    def sources(self) -> dict[str, str]:
        """The files that are measured."""
        folders = tuple(f"{name}/" for name in self.source)
        return {
            name: text
            for name, text in self.files.items()
            if name.startswith(folders) and name.endswith(".py")
        }


def parse(name: str, text: str) -> Program:
    """Read a program; its package `pkg` is renamed after it, so that programs can be run in one leg.

    Raises:
        ValueError: a setting is unknown.
    """
    text = re.sub(r"\bpkg\b", f"pkg_{name}", text).replace("test_it.py", f"test_{name}.py")
    head, *parts = re.split(r"^--- (.+)\n", text, flags=re.MULTILINE)
    title, *lines = head.splitlines()
    settings = dict(line.split(": ", 1) for line in lines)
    if unknown := settings.keys() - set(_SETTINGS):
        raise ValueError(f"the program {name} has settings nobody reads: {', '.join(unknown)}")
    major, minor = settings.get("requires", "3.9").split(".")
    return Program(
        name=name,
        title=title,
        files=dict(zip(parts[::2], parts[1::2], strict=True)),
        source=tuple(settings.get("source", f"pkg_{name}").split()),
        arguments=tuple(settings.get("arguments", "").split()),
        unbranched=tuple(settings.get("unbranched", "").split()),
        named=settings.get("named", ""),
        requires=(int(major), int(minor)),
        alone=settings.get("alone") == "yes",
    )


def load() -> list[Program]:
    """Return all programs by name."""
    return [parse(path.stem, path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.txt"))]
