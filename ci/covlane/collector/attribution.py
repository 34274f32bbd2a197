"""Which test ran each line of a leg: a file beside the leg's report, `LEG.contexts.gz`.

JSON, compressed by gzip: `schema`; `leg`; `contexts`, each a name and its kind (`test`, `fixture`, `import`,
`between`, `unknown`); `fixtures`, each a test and the fixtures whose lines it has too, as places among the contexts;
`sources`, the text of each Python file of the repository that was loaded, by name; `opened`, each file that was opened and
folder that was listed there: its name, a digest of it ("" for none), and the contexts that did it; `ignored`, names that no
listing counts; `files`, by name: the `digest` of its content, its `items` that ran (lines, and branches as [from, to]), `sets` of them
as bitmaps in hexadecimal (bit i of byte i // 8 is item i), and which contexts `ran` which set, as pairs of places.
"""

from __future__ import annotations

import gzip
import importlib.util
import itertools
import json
import os
from bisect import bisect_left, bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .engines.engine import digest_of
from .leg import contexts, record

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Iterator, Mapping

    from .engines.engine import Counted
    from .leg.plan import Plan
    from .leg.record import Flags

SCHEMA = 1
#: Names in a folder that a run makes itself.
IGNORED = frozenset(
    ["__pycache__", ".pytest_cache", ".coverage", "reports", ".reports", ".nox", ".covlane_cache"]
)
_ONE = ord("1")
_KINDS = {contexts.IMPORT: "import", contexts.BETWEEN: "between", contexts.UNKNOWN: "unknown"}


class Attribution:
    """The contexts of one file, as they come to be known."""

    def __init__(self, counted: Counted) -> None:
        ran: set[record.Item] = {*counted.executed, *(counted.taken & counted.branches)}
        self.items = sorted(ran, key=lambda item: (1, *item) if isinstance(item, tuple) else (0, item))
        self.digest = counted.digest
        #: Of each item, its digit in a binary number, whose first stands for what is no item.
        self._numbered = {item: len(self.items) - place for place, item in enumerate(self.items)}
        self._anchors = counted.anchors
        self._digits: dict[int, list[int]] = {}
        #: By an entry and places in it: their bitmap. Many tests run the same.
        self._bitmaps: dict[tuple[int, bytes], int] = {}
        #: By context: its bitmap.
        self.ran: dict[int, int] = {}

    def add(self, context: int, entry: Flags, places: array[int]) -> None:
        """Note that a context ran what lies at some places of the record."""
        key = entry.start, places.tobytes()
        if (bitmap := self._bitmaps.get(key)) is None:
            bitmap = self._bitmaps[key] = self._bitmap(entry, places)
        if bitmap:
            self.ran[context] = self.ran.get(context, 0) | bitmap

    def _bitmap(self, entry: Flags, places: array[int]) -> int:
        if (digits := self._digits.get(entry.start)) is None:
            digits = self._digits[entry.start] = [
                self._numbered.get(self._item(each), 0) for each in entry.numbers
            ]
        binary, start = bytearray(b"0" * (len(self.items) + 1)), entry.start
        for place in places:
            binary[digits[place - start]] = _ONE
        return int(binary[1:] or b"0", 2)

    def _item(self, number: int) -> record.Item:
        item = record.item(number)
        return (self._anchors.get(item[0], item[0]), item[1]) if isinstance(item, tuple) else item

    def data(self) -> dict[str, Any]:
        """Return the file's part of the document."""
        sets = {bitmap: place for place, bitmap in enumerate(dict.fromkeys(self.ran.values()))}
        size = -(-len(self.items) // 8)
        return {
            "digest": self.digest,
            "items": self.items,
            "sets": [bitmap.to_bytes(size, "little").hex() for bitmap in sets],
            "ran": sorted([context, sets[bitmap]] for context, bitmap in self.ran.items()),
        }


def write(plan: Plan, files: Mapping[str, tuple[str, Counted]]) -> list[str]:
    """Write the leg's contexts, and return a sentence for each part of them that cannot be read.

    Args:
        plan: the leg.
        files: by real path, the name of each measured file in the report, and its counts.
    """
    told = contexts.read(plan.folder)
    found = {path: Attribution(counted) for path, (_, counted) in files.items()}
    numbers: dict[str, int] = {}
    homeless = _attribute([*record.read_flags(plan.folder)], told.places, found, numbers)
    lost = [*told.broken]
    if homeless:
        lost.append(f"which tests ran {homeless} lines is not known: the leg's folder had no room for them")
    for name in itertools.chain(told.fixtures, *told.fixtures.values()):
        numbers.setdefault(name, len(numbers))
    for name in sorted(told.names):
        numbers.setdefault(name, len(numbers))
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "leg": plan.leg,
        "contexts": [[_printable(name), _kind(name)] for name in numbers],
        "fixtures": sorted(
            [numbers[test], sorted(numbers[each] for each in those)] for test, those in told.fixtures.items()
        ),
        "sources": _sources(plan, told.loaded.union(path for path, each in found.items() if each.ran)),
        "opened": [],
        "ignored": sorted(IGNORED),
        "files": {files[path][0]: each.data() for path, each in found.items() if each.ran},
    }
    document["opened"] = [
        [name, digest, sorted(numbers[each] for each in told.opened[path] if each in numbers)]
        for path, name, digest in _touched(plan, told.opened)
        if name not in document["sources"]
    ]
    _write_whole(path_of(plan), document)
    return lost


def path_of(plan: Plan) -> str:
    """Return where the leg's contexts are written."""
    return os.path.splitext(plan.output)[0] + ".contexts.gz"


def _attribute(
    entries: list[tuple[str, Flags]],
    places: Iterator[tuple[str, array[int]]],
    found: Mapping[str, Attribution],
    numbers: dict[str, int],
) -> int:
    """Share out the places of each context to their files; return how many have no place in the record."""
    starts, homeless = [flags.start for _, flags in entries], 0
    for name, unsorted in places:
        context = numbers.setdefault(name, len(numbers))
        ordered = type(unsorted)("I", sorted({*unsorted}))
        index, count = 0, bisect_left(ordered, record.HOMELESS)
        homeless += len(ordered) - count
        while index < count:
            path, flags = entries[bisect_right(starts, ordered[index]) - 1]
            after = bisect_left(ordered, flags.start + len(flags.numbers), index, count)
            if path in found:
                found[path].add(context, flags, ordered[index:after])
            index = after
    return homeless


def _name(plan: Plan, path: str) -> str:
    """Return the name of a file below the repository's root; "" for another's, or an installation's."""
    root, real = os.path.realpath(plan.root) + os.sep, os.path.realpath(path)
    name = real[len(root) :].replace(os.sep, "/") if real.startswith(root) else ""
    foreign = {"site-packages", ".nox", ".tox", ".venv"}.intersection(name.split("/"))
    return "" if foreign or _printable(name) != name else name


def _sources(plan: Plan, paths: set[str]) -> dict[str, str]:
    """Return the text of Python files by name."""
    found = {}
    for path in sorted(paths):
        if name := _name(plan, path):
            with suppress(OSError, SyntaxError, UnicodeDecodeError), open(path, "rb") as file:
                found[name] = importlib.util.decode_source(file.read())
    return found


def _touched(plan: Plan, opened: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield the path of each file and folder, its name, and a digest of its content or of the names in it."""
    for path in sorted(opened):
        if name := _name(plan, path) or (
            "." if os.path.realpath(path) == os.path.realpath(plan.root) else ""
        ):
            yield path, name, fingerprint(path)


def fingerprint(path: str) -> str:
    """Return a digest of a file's content, or of the names in a folder; "" where there is neither."""
    try:
        if os.path.isdir(path):
            names = sorted(each for each in os.listdir(path) if each not in IGNORED)
            return "/" + digest_of("\0".join(names).encode("utf-8", "surrogateescape"))
        with open(path, "rb") as file:
            return digest_of(file.read())
    except OSError:
        return ""


def _kind(name: str) -> str:
    return _KINDS.get(name) or ("fixture" if name.endswith(contexts.FIXTURE) else "test")


def _write_whole(path: str, document: object) -> None:
    temporary = path + ".part"
    with gzip.GzipFile(temporary, "wb", compresslevel=6, mtime=0) as file:
        file.write(json.dumps(document, separators=(",", ":")).encode())
    os.replace(temporary, path)


def _printable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
