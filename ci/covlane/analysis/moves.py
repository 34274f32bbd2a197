"""Follow the lines of a former version to where the diff left them or where they moved, across files too.

A definition is followed as a whole, however short; other lines in blocks of at least 20 letters or digits, like git
does. Indentation and blank lines do not matter. Each line is followed to one place only, so a copy is not a move.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from covlane.model.diff import Piece
from covlane.model.lines import pack, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from covlane.model.diff import FileDiff

#: The letters and digits of the shortest block that moves, as in `git diff --color-moved=blocks`.
LEAST = 20
#: A line that occurs more often starts no block; its neighbours do.
MOST_PLACES = 64
_DEFINES = (b"def ", b"class ", b"async def ")
_CLOSES = (b")", b"]", b"}")
_NO_LETTERS = bytes(byte for byte in range(128) if not chr(byte).isalnum())


class Followed(NamedTuple):
    """The result: where lines are now.

    Attributes:
        pieces: by former file, its lines that still exist; only for files in the diff.
        moved: by file, its added lines that were elsewhere before, with the same indentation.
    """

    pieces: dict[str, tuple[Piece, ...]]
    moved: dict[str, int]


def follow(files: Iterable[FileDiff], before: Mapping[str, bytes], now: Mapping[str, bytes]) -> Followed:
    """Follow the lines of changed files.

    Args:
        files: their entries in the diff.
        before: their former content, by their former names.
        now: their content, by name.
    """
    files = list(files)
    pairing = _Pairing(_Side(before), _Side(now))
    kept = dict(pairing.unchanged(files))
    pairing.definitions(kept, {file.old_path: file.path for file in files if file.old_path})
    pairing.lines(kept)
    pairing.blocks()
    pieces: dict[str, list[Piece]] = {path: [] for path in before}
    for path, piece in pairing.pieces():
        pieces[path].append(piece)
    return Followed({path: tuple(those) for path, those in pieces.items()}, pairing.moved(files))


class _Side:
    """The non-blank lines of all files of one side, in order, identified by index."""

    def __init__(self, contents: Mapping[str, bytes]) -> None:
        self.lines: list[bytes] = []
        self.texts: list[bytes] = []
        self.places: list[tuple[str, int]] = []
        self.blank: dict[str, list[int]] = {path: [] for path in contents}
        self.last: dict[str, int] = {}
        for path, content in contents.items():
            lines = content.split(b"\n")
            self.last[path] = len(lines)
            for number, line in enumerate(lines, 1):
                if text := line.strip():
                    self.lines.append(line.rstrip())
                    self.texts.append(text)
                    self.places.append((path, number))
                else:
                    self.blank[path].append(number)
        self.index = {place: index for index, place in enumerate(self.places)}

    def without(self, path: str, lines: int) -> Iterator[int | None]:
        """Yield the index of each line of a file that is not in a set; None for a blank line."""
        out = set(unpack(lines))
        return (
            self.index.get((path, line)) for line in range(1, self.last.get(path, 0) + 1) if line not in out
        )

    def definitions(self) -> dict[bytes, list[int]]:
        """Return the start of each definition, including its decorators, by its text."""
        found: dict[bytes, list[int]] = defaultdict(list)
        for first, text in enumerate(self.texts):
            if text.startswith((*_DEFINES, b"@")):
                found[b"\n".join(self.texts[first : self._end(first)])].append(first)
        return found

    def _end(self, first: int) -> int:
        path, margin = self.places[first][0], self._margin(first)
        headed = self.texts[first].startswith(_DEFINES)
        for index in range(first + 1, len(self.texts)):
            text, here = self.texts[index], self._margin(index)
            if self.places[index][0] != path or here < margin:
                return index
            if here == margin and not text.startswith(_CLOSES):
                if headed or not text.startswith((*_DEFINES, b"@")):
                    return index
                headed = text.startswith(_DEFINES)
        return len(self.texts)

    def _margin(self, index: int) -> int:
        return len(self.lines[index]) - len(self.texts[index])


class _Pairing:
    """Pairs of equal lines of the two sides; each line is in at most one pair."""

    def __init__(self, before: _Side, now: _Side) -> None:
        self._before, self._now = before, now
        self._there: dict[int, int] = {}
        self._taken: set[int] = set()

    def unchanged(self, files: Iterable[FileDiff]) -> Iterator[tuple[int, int]]:
        """Yield the lines that the diff leaves unchanged."""
        for file in files:
            left = self._before.without(file.old_path or file.path, file.removed)
            for old, new in zip(left, self._now.without(file.path, file.added), strict=False):
                if old is not None and new is not None:
                    yield old, new

    def definitions(self, kept: Mapping[int, int], renamed: Mapping[str, str]) -> None:
        """Pair whole definitions, longest first: with an unchanged one, then within the file, then across files."""
        before, now = self._before.definitions(), self._now.definitions()
        for text in sorted(before.keys() & now.keys(), key=lambda text: (-len(text), text)):
            size, places = text.count(b"\n") + 1, set(now[text])
            for old in before[text]:
                new = kept.get(old)
                if new in places and all(kept.get(old + more) == new + more for more in range(size)):
                    self.claim(old, new, size)
            self._in_order(before[text], now[text], size, renamed)
            left = [new for new in now[text] if new not in self._taken]
            for old, new in zip([old for old in before[text] if old not in self._there], left, strict=False):
                self.claim(old, new, size)

    def _in_order(
        self, before: Iterable[int], now: Iterable[int], size: int, renamed: Mapping[str, str]
    ) -> None:
        """Pair the equal definitions of each file in their order."""
        homes: dict[str, list[int]] = defaultdict(list)
        for new in now:
            if new not in self._taken:
                homes[self._now.places[new][0]].append(new)
        for old in before:
            path = self._before.places[old][0]
            if old not in self._there and (there := homes[renamed.get(path, path)]):
                self.claim(old, there.pop(0), size)

    def claim(self, old: int, new: int, size: int) -> bool:
        """Pair a number of lines from these two on, unless one of them is already paired."""
        if any(old + more in self._there or new + more in self._taken for more in range(size)):
            return False
        self._there.update((old + more, new + more) for more in range(size))
        self._taken.update(range(new, new + size))
        return True

    def lines(self, kept: Mapping[int, int]) -> None:
        """Pair the unchanged lines one by one."""
        for old, new in kept.items():
            if old not in self._there and new not in self._taken:
                self._there[old] = new
                self._taken.add(new)

    def blocks(self) -> None:
        """Pair the remaining lines in equal blocks that are long enough."""
        places: dict[bytes, list[int]] = defaultdict(list)
        for new, text in enumerate(self._now.texts):
            if new not in self._taken:
                places[text].append(new)
        for old, text in enumerate(self._before.texts):
            found = places.get(text, ())
            if old in self._there or len(found) > MOST_PLACES:
                continue
            blocks = [self._block(old, new) for new in found if new not in self._taken]
            letters, first, there, size = max(blocks, default=(0, 0, 0, 0), key=lambda block: block[0])
            if letters >= LEAST:
                self.claim(first, there, size)

    def _block(self, old: int, new: int) -> tuple[int, int, int, int]:
        """Return the block around two equal lines: its letters and digits, its start on both sides, and its length."""
        back, on = 0, 1
        while self._alike(old - back - 1, new - back - 1, old, new):
            back += 1
        while self._alike(old + on, new + on, old, new):
            on += 1
        texts = self._before.texts[old - back : old + on]
        letters = sum(len(text.translate(None, _NO_LETTERS)) for text in texts)
        return letters, old - back, new - back, back + on

    def _alike(self, old: int, new: int, beside: int, there: int) -> bool:
        """Whether two lines, in the same files as two others, are equal and unpaired."""
        before, now = self._before, self._now
        return (
            0 <= old < len(before.texts)
            and 0 <= new < len(now.texts)
            and before.texts[old] == now.texts[new]
            and old not in self._there
            and new not in self._taken
            and before.places[old][0] == before.places[beside][0]
            and now.places[new][0] == now.places[there][0]
        )

    def pieces(self) -> Iterator[tuple[str, Piece]]:
        """Yield former names with the pieces that are elsewhere now; blank lines inside belong to their neighbours."""
        begun: tuple[str, int, str, int] | None = None  # a piece with its former name, without the last line
        last, following = 0, (-1, -1)
        for old, new in sorted(self._there.items()):
            (path, line), (name, there) = self._before.places[old], self._now.places[new]
            goes_on = begun and (path, name, there - line) == (begun[0], begun[2], begun[3] - begun[1])
            if not (goes_on and (old, new) == following):
                if begun:
                    yield begun[0], Piece(begun[1], last, *begun[2:])
                begun = path, line, name, there
            last, following = line, (old + 1, new + 1)
        if begun:
            yield begun[0], Piece(begun[1], last, *begun[2:])

    def moved(self, files: Iterable[FileDiff]) -> dict[str, int]:
        """Return each file's added lines that are paired with an identical line, and the blank lines beside them."""
        same: dict[str, list[int]] = defaultdict(list)
        for old, new in self._there.items():
            if self._before.lines[old] == self._now.lines[new]:
                path, line = self._now.places[new]
                same[path].append(line)
        found = {}
        for file in files:
            if moved := pack(same[file.path]) & file.added:
                found[file.path] = moved | pack(self._now.blank[file.path]) & file.added
        return found
