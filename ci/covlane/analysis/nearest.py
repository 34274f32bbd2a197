"""The test file that is nearest to a source file, by its name, its folders and what it imports."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from covlane.model.target import NearestTest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Literal

#: pytest's default for the names of test files, and unittest's.
_TEST = re.compile(r"tests?_(?P<after>.+)\.py|(?P<before>.+)_tests?\.py|tests?\.py")
_FROM = re.compile(rb"^[ \t]*from[ \t]+(\.*)([\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#;]+)", re.MULTILINE)
_IMPORT = re.compile(rb"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
#: Folders that say nothing of what is tested.
_COMMON = {"src", "lib", "test", "tests", "testing", "unit", "integration", "functional"}
Module = tuple[str, ...]


def is_test(path: str) -> bool:
    """Whether a file is one of tests, by its name."""
    return _TEST.fullmatch(PurePosixPath(path).name) is not None


class Suite:
    """The test files of a project.

    Args:
        contents: by name, each with the parts of its source that may hold imports; empty where it cannot be read.
    """

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self._named: dict[str, list[str]] = defaultdict(list)
        self._importing: dict[Module, set[str]] = defaultdict(set)
        self._importing_last: dict[str, set[str]] = defaultdict(set)
        for path, content in contents.items():
            self._named[_subject(path)].append(path)
            for module in _imports(path, content):
                self._importing[module].add(path)
                if module[1:]:
                    self._importing_last[module[-1]].add(path)

    def nearest(self, path: str) -> NearestTest | None:
        """Return the test file that is nearest to a source file, or None.

        One with its name that imports it, then one with its name in folders of the same name, then one that imports
        it, then one with its name; of several the one with most folders in common.
        """
        module = _module(path)
        name = module[-1].strip("_") if module else ""
        importing = next(filter(None, (self._importing.get(one) for one in _names(module))), set[str]())
        # A test with the name that imports another module of that name is of the other one.
        others = self._importing_last.get(module[-1], set()) - importing if module else set[str]()
        named = set(self._named.get(name, ())) - others
        folders = {*module[:-1]} - _COMMON

        def shared(test: str) -> int:
            return len(folders.intersection(PurePosixPath(test).parent.parts))

        kinds: tuple[
            tuple[Literal["name and import", "name and folder", "import", "name"], Iterable[str]], ...
        ] = (
            ("name and import", named & importing),
            ("name and folder", filter(shared, named)),
            ("import", importing),
            ("name", named),
        )
        for kind, tests in kinds:
            if test := min(tests, key=lambda test: (-shared(test), len(test), test), default=None):
                return NearestTest(path=test, by=kind)
        return None


def _subject(path: str) -> str:
    """Return what a test file is named after: `shapes` for tests/test_shapes.py; for tests.py its folder."""
    pure = PurePosixPath(path)
    match = _TEST.fullmatch(pure.name)
    found = match and (match["after"] or match["before"])
    return (found or pure.parent.name).strip("_")


def _module(path: str) -> Module:
    """Return a source file as the parts of its module's name, with all folders above it."""
    parts = PurePosixPath(path).with_suffix("").parts
    return parts[:-1] if parts[-1] == "__init__" else parts


def _names(module: Module) -> Iterator[Module]:
    """Yield the names by which a module may be imported, the longest first.

    One name alone means a module at the top: `import json` does not import pkg/json.py.
    """
    for start in range(len(module)):
        if start < len(module) - 1 or _COMMON.issuperset(module[:start]):
            yield module[start:]


def _imports(path: str, content: bytes) -> Iterator[Module]:
    """Yield the modules that a test file may import, each name of `from a import b` as a module `a.b` too."""
    folder = PurePosixPath(path).parent.parts
    for dots, name, names in _FROM.findall(content):
        module = tuple(name.decode("utf-8", "replace").split(".")) if name else ()
        if dots:
            module = (*folder[: len(folder) + 1 - len(dots)], *module)
        if module:
            yield module
        text = re.sub(r"#.*", "", names.decode("utf-8", "replace")).strip("() \t\r\n")
        for one in text.split(","):
            if words := one.split():
                yield (*module, words[0])
    for names in _IMPORT.findall(content):
        for one in names.decode("utf-8", "replace").split(","):
            if words := one.split():
                yield tuple(words[0].split("."))
