"""Who tests what: which lines and branches of each file each test runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from covlane.model.report import Branch

Kind = Literal["test", "fixture", "import", "between", "unknown"]
Item = int | tuple[int, int]
#: Names of contexts that are no tests, besides that of imports.
OUTSIDE = ("between tests", "unknown")


class Context(NamedTuple):
    """What lines run for: a test, a fixture that several tests share, imports, what runs between tests."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class FileMap:
    """One file: the digest of its content, the lines and branches that ran, and who ran which, as bitmaps of them."""

    digest: str
    items: list[Item] = field(default_factory=list)
    ran: dict[Context, int] = field(default_factory=dict)

    def mask(self, lines: Iterable[int]) -> int:
        """Return the bitmap of some lines, with the branches that leave from them."""
        wanted = {*lines}
        own = ((item[0] if isinstance(item, tuple) else item) for item in self.items)
        return sum(1 << place for place, line in enumerate(own) if line in wanted)

    def lines(self, bitmap: int) -> list[int]:
        """Return the lines of a bitmap, in order."""
        return sorted(item for item in self._of(bitmap) if isinstance(item, int))

    def branches(self, bitmap: int) -> list[Branch]:
        """Return the branches of a bitmap, in order."""
        return sorted(item for item in self._of(bitmap) if isinstance(item, tuple))

    def _of(self, bitmap: int) -> Iterator[Item]:
        return (item for place, item in enumerate(self.items) if bitmap >> place & 1)


@dataclass(frozen=True, slots=True)
class TestMap:
    """All files, by name, and the shared fixtures whose lines each test has besides its own."""

    __test__ = False  # it is no class of tests

    contexts: set[Context] = field(default_factory=set)
    files: dict[str, FileMap] = field(default_factory=dict)
    fixtures: dict[Context, set[Context]] = field(default_factory=dict)
    #: The text of each Python file that was loaded, by name.
    sources: dict[str, str] = field(default_factory=dict)
    #: Who opened a file, or listed a folder, by its name and the digest of what was there; "" for nothing.
    opened: dict[tuple[str, str], set[Context]] = field(default_factory=dict)
    #: Names that no listing of a folder counts.
    ignored: set[str] = field(default_factory=set)

    @property
    def tests(self) -> list[Context]:
        """The tests, in order of their names."""
        return sorted(each for each in self.contexts if each.kind == "test")

    def add(self, contexts: Sequence[Context], fixtures: Mapping[int, Iterable[int]]) -> None:
        """Add what a leg says of fixtures; places among its contexts."""
        for test, those in fixtures.items():
            self.fixtures.setdefault(contexts[test], set()).update(contexts[each] for each in those)

    def add_file(self, name: str, digest: str, items: Sequence[Item], ran: Mapping[Context, int]) -> bool:
        """Add what a leg says of a file; False where the map knows another content of it."""
        known = self.files.setdefault(name, FileMap(digest))
        if known.digest != digest:
            return False
        places = {item: place for place, item in enumerate(known.items)}
        for item in items:
            if item not in places:
                places[item] = len(known.items)
                known.items.append(item)
        same = all(places[item] == place for place, item in enumerate(items))
        moved: dict[int, int] = {}
        for context, bitmap in ran.items():
            if not same and bitmap not in moved:
                moved[bitmap] = sum(
                    1 << places[item] for place, item in enumerate(items) if bitmap >> place & 1
                )
            known.ran[context] = known.ran.get(context, 0) | (bitmap if same else moved[bitmap])
        return True

    def of(self, test: Context) -> dict[str, int]:
        """Return what a test runs, with what its shared fixtures run: bitmaps by file."""
        contexts = (test, *self.fixtures.get(test, ()))
        found = {}
        for name, file in self.files.items():
            bitmap = 0
            for context in contexts:
                bitmap |= file.ran.get(context, 0)
            if bitmap:
                found[name] = bitmap
        return found

    def who(self, name: str, mask: int) -> dict[Context, int]:
        """Return the tests that run something of a file, and what of the mask each runs."""
        file = self.files[name]
        direct = {context: bitmap & mask for context, bitmap in file.ran.items() if bitmap & mask}
        found = {context: bitmap for context, bitmap in direct.items() if context.kind == "test"}
        shared = {context: bitmap for context, bitmap in direct.items() if context.kind == "fixture"}
        for test, fixtures in self.fixtures.items() if shared else ():
            for fixture in fixtures & shared.keys():
                found[test] = found.get(test, 0) | shared[fixture]
        return found

    def attributed(self, name: str) -> dict[str, int]:
        """Return what each context runs of a file, tests with their shared fixtures: bitmaps by name.

        The name of imports is "", as in coverage.py, and shared fixtures are in the tests alone.
        """
        file = self.files.get(name)
        if file is None:
            return {}
        found = {test.name: bitmap for test, bitmap in self.who(name, -1).items()}
        for context, bitmap in file.ran.items():
            if context.kind not in {"test", "fixture"}:
                found["" if context.kind == "import" else context.name] = bitmap
        return found

    def sizes(self) -> dict[Context, int]:
        """Return how much each context runs by itself: lines and branches of all files."""
        found: dict[Context, int] = {}
        for file in self.files.values():
            for context, bitmap in file.ran.items():
                found[context] = found.get(context, 0) + bitmap.bit_count()
        return found
