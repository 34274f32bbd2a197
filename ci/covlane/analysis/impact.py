"""Which tests a change can affect: those that ran what has changed, or read it."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from covlane.analysis.code import MODULE, change, names_at, parts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from covlane.analysis.code import Change, Part
    from covlane.model.testmap import Context, TestMap


@dataclass
class Impact:
    """The tests of a map that changes of the repository can affect.

    Args:
        known: what the tests ran, and what they read.
        before: gives the former text of a Python file, None where there was none.
        now: gives its present text, None where there is none.
        digest: gives the digest of a file or folder as it is now, "" where there is none.
    """

    known: TestMap
    before: Callable[[str], str | None]
    now: Callable[[str], str | None]
    digest: Callable[[str], str]
    _parts: dict[str, dict[str, Part]] = field(default_factory=dict)

    def reasons(self) -> dict[Context, list[str]]:
        """Return the affected tests, each with the reasons, as sentences without a subject."""
        found: dict[Context, list[str]] = {}
        for name, differs in self._changed():
            reach = self._of_source if name in self.known.files else self._of_test_file
            for test, reason in reach(name, differs):
                found.setdefault(test, []).append(reason)
        for test, reason in self._of_opened():
            found.setdefault(test, []).append(reason)
        return {test: list(dict.fromkeys(found[test])) for test in sorted(found)}

    def _changed(self) -> Iterator[tuple[str, Change]]:
        for name in sorted(self.known.sources):
            if differs := change(self.before(name), self.now(name)):
                yield name, differs

    def _of_source(self, name: str, differs: Change) -> Iterator[tuple[Context, str]]:
        """Yield the tests of a measured file: all of them where what runs at import has changed."""
        at_import = differs.functions & self.at_import(name)
        if differs.module or at_import:
            what = (
                f"{', '.join(sorted(at_import))} of {name}, which runs at import,"
                if at_import and not differs.module
                else f"the module level of {name}"
            )
            yield from ((test, f"{what} has changed") for test in self.known.tests)
            return
        for test in self.known.tests:
            if ran := differs.functions & self.functions(test).get(name, set()):
                yield test, f"it runs {', '.join(sorted(ran))} of {name}"

    def _of_test_file(self, name: str, differs: Change) -> Iterator[tuple[Context, str]]:
        """Yield the tests of a file that is not measured: a test's own, a conftest.py's, those of who imports it, or all."""
        tests, folder = self.known.tests, posixpath.dirname(name)
        if posixpath.basename(name) == "conftest.py":
            below = f"{folder}/" if folder else ""
            yield from ((test, f"{name} has changed") for test in tests if test.name.startswith(below))
            return
        if not any(test.name.startswith(f"{name}::") for test in tests):
            yield from ((test, f"{name} has changed") for test in tests)
            return
        files = self._importers(name)
        near = [test for test in tests if test.name.partition("::")[0] in files]
        if differs.module or not all(map(_is_test, differs.functions)):
            yield from ((test, f"{name} has changed") for test in near)
            return
        # By their last names alone: a test of a class is one of each class that inherits it, in other files too.
        changed = {function.rpartition(".")[2] for function in differs.functions}
        for test in near:
            if test.name.partition("[")[0].rpartition("::")[2] in changed:
                yield test, "the test itself has changed"

    def _importers(self, name: str) -> set[str]:
        """Return a test file and those that import it, or one that does, by the words of their imports."""
        found, todo = {name}, [name]
        for one in todo:  # which grows
            word = re.compile(rf"(?m)^\s*(?:from|import)\b.*\b{re.escape(posixpath.basename(one)[:-3])}\b")
            new = {
                each for each, text in self.known.sources.items() if each not in found and word.search(text)
            }
            found |= new
            todo += sorted(new)
        return found

    def _of_opened(self) -> Iterator[tuple[Context, str]]:
        for (name, digest), contexts in sorted(self.known.opened.items()):
            if self.digest(name) != digest:
                what = f"what {name} contains" if digest.startswith("/") else name
                yield from ((test, f"{what} has changed") for test in self._tests_of(contexts))

    def _tests_of(self, contexts: Iterable[Context]) -> list[Context]:
        """Return the tests that contexts stand for: all, for what no test does."""
        kinds = {context.kind: context for context in contexts}
        if kinds.keys() - {"test", "fixture"}:
            return self.known.tests
        having = {test for test, fixtures in self.known.fixtures.items() if not fixtures.isdisjoint(contexts)}
        return sorted(having.union(each for each in contexts if each.kind == "test"))

    def functions(self, test: Context) -> dict[str, set[str]]:
        """Return the functions that a test runs, by file, as the map knows them; module level as ""."""
        return {
            name: names_at(self._known_parts(name), self.known.files[name].lines(bitmap))
            for name, bitmap in self._of(test).items()
        }

    def _of(self, test: Context) -> dict[str, int]:
        return self._by_test.get(test, {})

    @cached_property
    def _by_test(self) -> dict[Context, dict[str, int]]:
        return {test: self.known.of(test) for test in self.known.tests}

    def at_import(self, name: str) -> set[str]:
        """Return the functions of a file that run at import, between tests, or nobody knows for whom."""
        file = self.known.files[name]
        bitmap = 0
        for context, ran in file.ran.items():
            if context.kind not in {"test", "fixture"}:
                bitmap |= ran
        return names_at(self._known_parts(name), file.lines(bitmap)) - {MODULE}

    def _known_parts(self, name: str) -> dict[str, Part]:
        if name not in self._parts:
            try:
                self._parts[name] = parts(self.known.sources.get(name, ""))
            except SyntaxError:
                self._parts[name] = {}
        return self._parts[name]


def _is_test(function: str) -> bool:
    return function.rpartition(".")[2].startswith("test")
