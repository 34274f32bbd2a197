"""What ran, in memory that all processes of a leg share: whatever ends a process, what it ran is there.

A file of the leg's folder, mapped into each process that runs a measured file. For each content of such a file it
holds the numbers of its lines and branches, and a byte for each that is set when it runs. Forked children inherit
the map and need nothing of their own; a line seen in one process is seen for all.

The file is `used` (8 bytes), 8 spare bytes, then entries: their length, that of the name, the count of numbers, and 0
(4 bytes each, in the machine's order); the name; the numbers (4 bytes each); the flags; zeros up to 16 bytes.
"""

from __future__ import annotations

import contextlib
import errno
import itertools
import mmap
import struct
import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

from .stdlib import os

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from .guard import Guard

NAME = "record"
#: SlipCover's branch marks are lines with this bit (`encode_branch` in its branch.py).
MARK = 1 << 30
#: By how many bytes the file grows at least. They are taken at once: a map that the disk cannot hold kills.
CHUNK = 1 << 18
#: Where the flags of a file begin, in contexts, that the record has no room for.
HOMELESS = 1 << 31
_USED, _HEAD = struct.Struct("=Q8x"), struct.Struct("=IIII")

Item = int | tuple[int, int]


class Flags(NamedTuple):
    """The bytes of one file's lines and branches, in the order of their numbers: set to 1 when they have run."""

    memory: memoryview
    numbers: array[int]
    #: Where they begin in the map that the memory is a part of, its `obj`.
    start: int = 0


class Map(mmap.mmap):
    """A map that code may hold among its constants: where code is pickled, there is another in its place."""

    __slots__ = ()

    def __reduce__(self) -> tuple[object, ...]:
        return mmap.mmap, (-1, len(self))


class Record:
    """One leg's record, as this process sees it."""

    def __init__(self, folder: str, lock: Guard, keep: Callable[[], None] = lambda: None) -> None:
        """Have `keep` called where this process has to keep flags to itself."""
        self._path = os.path.join(folder, NAME)
        self._lock, self._keep = lock, keep
        self._map = memoryview(b"")
        #: By what an entry has before its flags: these, and where they begin in their map.
        self._known: dict[bytes, tuple[memoryview, int]] = {}
        self._next = _USED.size
        self._homeless: list[tuple[bytes, int, memoryview]] = []
        self._busy = False

    def flags(self, name: str, numbers: Iterable[int]) -> Flags:
        """Return the flags of a measured file, by its real path and the numbers that its code has.

        Where the file has no place for them, they are this process's own until `settle` finds one.
        """
        ordered = array("I", sorted(numbers))
        encoded = name.encode("utf-8", "surrogateescape")
        payload = _HEAD.pack(0, len(encoded), len(ordered), 0)[4:] + encoded + ordered.tobytes()
        with self._lock:  # not while another thread forks: the child would keep the file locked
            try:
                memory, start = self._place(payload, len(ordered))
            except OSError:
                memory, start = memoryview(Map(-1, max(len(ordered), 1)))[: len(ordered)], 0
                self._homeless.append((payload, len(ordered), memory))
                self._keep()
        return Flags(memory, ordered, start)

    def settle(self) -> None:
        """Find a place for what has none; OSError where there is none."""
        with self._lock:
            for payload, count, memory in list(self._homeless):
                found, _ = self._place(payload, count)
                for place in range(count):
                    found[place] |= memory[place]

    def _place(self, payload: bytes, count: int) -> tuple[memoryview, int]:
        if payload not in self._known:
            if self._busy:  # a signal's handler imports something while this thread is here
                raise BlockingIOError
            self._busy = True
            try:
                with _locked(self._path) as descriptor:
                    self._catch_up(descriptor)
                    if payload not in self._known:
                        self._add(descriptor, payload, count)
            finally:
                self._busy = False
        return self._known[payload]

    def _catch_up(self, descriptor: int) -> None:
        """Learn what other processes have put there."""
        size = os.fstat(descriptor).st_size
        if size > len(self._map):
            self._map = memoryview(Map(descriptor, size))
        if size:
            for start, entry in _entries(self._map, self._next):
                _, name, count, _ = _HEAD.unpack_from(entry)
                flags = _HEAD.size + name + 4 * count
                self._known[bytes(entry[4:flags])] = entry[flags : flags + count], start + flags
                self._next = start + len(entry)

    def _add(self, descriptor: int, payload: bytes, count: int) -> None:
        length = -(-(4 + len(payload) + count) // 16) * 16
        end = self._next + length
        if end > len(self._map):
            _grow(descriptor, len(self._map), max(CHUNK, len(self._map), end))
            self._map = memoryview(Map(descriptor, os.fstat(descriptor).st_size))
        self._map[self._next : self._next + 4 + len(payload)] = struct.pack("=I", length) + payload
        # Last: whoever is killed before has put nothing there.
        _USED.pack_into(self._map, 0, end)
        self._catch_up(descriptor)


def read(folder: str) -> dict[str, set[Item]]:
    """Return what ran in the leg: real path to line numbers and (from, to) branches. ValueError if it is broken."""
    found: dict[str, set[Item]] = {}
    for path, (memory, numbers, _) in read_flags(folder):
        found.setdefault(path, set()).update(map(item, itertools.compress(numbers, memory)))
    return found


def read_flags(folder: str) -> Iterator[tuple[str, Flags]]:
    """Yield each file's real path and its flags, in the order in which they lie; ValueError if the record is broken."""
    try:
        with open(os.path.join(folder, NAME), "rb") as file:
            content = memoryview(file.read())
    except FileNotFoundError:  # nothing that is measured has run
        return
    try:
        for start, entry in _entries(content, _USED.size):
            _, length, count, _ = _HEAD.unpack_from(entry)
            name, numbers, after = entry[_HEAD.size :][:length], array("I"), _HEAD.size + length + 4 * count
            numbers.frombytes(entry[_HEAD.size + length : after])
            path = bytes(name).decode("utf-8", "surrogateescape")
            yield path, Flags(entry[after : after + count], numbers, start + after)
    except struct.error as error:
        raise ValueError(str(error)) from None


def item(number: int) -> Item:
    """Return the line or (from, to) branch that a number stands for."""
    return branch(number) if number & MARK else number


def branch(mark: int) -> tuple[int, int]:
    """Return the (from, to) branch that a mark stands for."""
    return mark >> 15 & 0x7FFF, mark & 0x7FFF


def number(item: Item) -> int:
    """Return the number of a line or branch: SlipCover's mark of it."""
    return item if isinstance(item, int) else MARK | item[0] << 15 | item[1]


def _entries(content: memoryview, start: int) -> Iterator[tuple[int, memoryview]]:
    """Yield each whole entry from a place on, with its place; ValueError at one that is none."""
    used = _USED.unpack_from(content)[0] if content else 0
    while start < used:
        length = _HEAD.unpack_from(content, start)[0]
        if not 0 < length <= used - start:
            raise ValueError(f"an entry of {length} bytes at {start}")
        yield start, content[start : start + length]
        start += length


def _grow(descriptor: int, size: int, by: int) -> None:
    try:
        os.lseek(descriptor, size, os.SEEK_SET)
        by = -(-by // CHUNK) * CHUNK
        write_all(descriptor, bytes(by))
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def write_all(descriptor: int, content: bytes) -> None:
    """Write in one call what shall not be seen in part; OSError where it does not fit."""
    if os.write(descriptor, content) != len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@contextlib.contextmanager
def _locked(path: str) -> Iterator[int]:
    """Yield the open file, which no other process can open so meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    try:
        _lock(descriptor, locked=True)
        yield descriptor
    finally:
        # Closing it is not enough: a map keeps a copy of the descriptor it was made from.
        _lock(descriptor, locked=False)
        os.close(descriptor)


def _lock(descriptor: int, *, locked: bool) -> None:
    if sys.platform != "win32":
        fcntl.flock(descriptor, fcntl.LOCK_EX if locked else fcntl.LOCK_UN)
    else:
        import msvcrt

        os.lseek(descriptor, 1 << 40, os.SEEK_SET)  # a byte that is not there may be locked
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if locked else msvcrt.LK_UNLCK, 1)
