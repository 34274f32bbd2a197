"""Contexts: which test each line ran for, in files of their own beside the leg's record.

Each process that runs measured code has a file `PID-RANDOM.contexts`: a page, then entries. The page is mapped: its
first number (4 bytes, in the machine's order) is the context of what follows there, each other one a place, which is
where a line's or a branch's byte lies in the record; 0 is none. So what a process ran has its context whatever ends
it. An entry is its kind and the count of its numbers (4 bytes each), and those (4 bytes each); those of a name are its
bytes.
"""

from __future__ import annotations

import itertools
import mmap
import struct
import sys
from array import array
from typing import TYPE_CHECKING, NamedTuple

from .processes import process_state
from .record import write_all
from .stdlib import io, os

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

SUFFIX = ".contexts"
#: What a process that a test starts finds its context under.
VARIABLE = "_COVLANE_CONTEXT"
#: The contexts of what no test runs: imports and collection, what runs between tests, and what runs in a process of
#: which nobody knows for whom it was started.
IMPORT, BETWEEN, UNKNOWN = "import", "between tests", "unknown"
#: How the name of a fixture's context ends, whose scope is wider than a test.
FIXTURE = " fixture)"
#: Kinds of entries. The first number of PLACES, FIXTURES and OPENED is a context; a context is the number of its NAME's
#: entry among those of its file, from 1 on. A path follows it in OPENED, and is all of LOADED.
NAME, PLACES, FIXTURES, OPENED, LOADED = 1, 2, 3, 4, 5
_HEAD = struct.Struct("=II")
_PAGE = 1 << 14
_BINARY = getattr(os, "O_BINARY", 0)


class Contexts:
    """The contexts of one process: `add` takes the place of each thing that runs now."""

    def __init__(self, folder: str, restart: Callable[[], None], lose: Callable[[str], None]) -> None:
        """Begin with the context of whoever started this process.

        Args:
            folder: the leg's.
            restart: has what ran before be reported again.
            lose: notes why the contexts of this process are not known.
        """
        self._folder, self._restart, self._lose = folder, restart, lose
        self._name = os.environ.get(VARIABLE) or _context_above(folder)
        self._begin()

    def _begin(self) -> None:
        self._path = ""
        self._numbers: dict[str, int] = {}
        self._noted: set[tuple[str, str]] = set()
        #: The places of this context: a session's process keeps them here, others have them in the page.
        self._places: list[int] = []
        self._page: memoryview | None = None
        self._free = itertools.count(1)
        self.add: Callable[[int], None] = self._add_to_page

    def start_session(self) -> None:
        """Keep what runs in a list until the context changes, which costs least: pytest's session runs here."""
        self._guarded(self._empty_page)
        self.add = self._places.append

    @property
    def has_run(self) -> bool:
        """Whether something has run, in a session's process, since its context began."""
        return bool(self._places)

    def switch(self, name: str, *, again: bool = True) -> str:
        """Begin a context and return the name of the one before; `again`: what ran before is reported once more."""
        before = self._name
        self.end()
        self._name = os.environ[VARIABLE] = name
        if self._page:
            self._guarded(self._set_context)
        if again:
            self._restart()
        return before

    def has(self, test: str, fixtures: Iterable[str]) -> None:
        """Note whose lines a test has besides its own: contexts of fixtures."""
        new = {(test, each) for each in fixtures} - self._noted
        if new:
            self._noted |= new
            names = [test, *sorted(each for _, each in new)]
            self._guarded(lambda: self._write(FIXTURES, [self._number(each) for each in names]))

    def opened(self, path: str) -> None:
        """Note that this context has opened a file or listed a folder; once for each."""
        if (self._name, path) not in self._noted:
            self._noted.add((self._name, path))
            self._guarded(
                lambda: self._write(
                    OPENED, array("I", [self._number(self._name)]).tobytes() + os.fsencode(path)
                )
            )

    def loaded(self, path: str) -> None:
        """Note that the suite has loaded a Python file."""
        self._guarded(lambda: self._write(LOADED, os.fsencode(path)))

    def end(self) -> None:
        """Write down what has run by now; what is in the page is safe there."""
        if self._places:
            self._guarded(lambda: self._write(PLACES, [self._number(self._name), *self._places]))
            self._places.clear()

    def forget(self) -> None:
        """Begin anew in a forked child: what its parent ran so far is that one's to write down."""
        self._begin()
        self._guarded(self._open)  # it may become another user, who can write nothing

    def _add_to_page(self, place: int) -> None:
        try:
            self._open()
            self._page[next(self._free)] = place  # type: ignore[index]
        except IndexError:
            self._guarded(self._empty_page)
            self.add(place)
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _empty_page(self) -> None:
        self._open()
        assert self._page  # noqa: S101
        if self._page[1]:
            self._write(PLACES, [self._number(self._name), *filter(None, self._page[1:])])
        self._page[1:] = memoryview(bytes(_PAGE - 4)).cast("I")
        self._free = itertools.count(1)

    def _set_context(self) -> None:
        assert self._page  # noqa: S101
        self._page[0] = self._number(self._name)

    def _open(self) -> None:
        if self._page:
            return
        path = os.path.join(self._folder, f"{os.getpid()}-{os.urandom(4).hex()}{SUFFIX}")
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | _BINARY, 0o600)
        try:
            write_all(descriptor, bytes(_PAGE))
            more = {"trackfd": False} if sys.version_info >= (3, 13) else {}
            self._page = memoryview(mmap.mmap(descriptor, _PAGE, **more)).cast("I")
        finally:
            os.close(descriptor)
        self._path = path
        self._set_context()

    def _number(self, name: str) -> int:
        self._open()  # whose own context comes first
        if name not in self._numbers:
            self._write(NAME, name.encode("utf-8", "surrogatepass"))
            self._numbers[name] = len(self._numbers) + 1
        return self._numbers[name]

    def _write(self, kind: int, content: list[int] | bytes) -> None:
        self._open()
        packed = content if isinstance(content, bytes) else array("I", content).tobytes()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | _BINARY)
        try:
            write_all(descriptor, _HEAD.pack(kind, len(packed)) + packed)
        finally:
            os.close(descriptor)

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self.add = _nothing
        self._places.clear()
        self._page = None
        self._lose(f"which tests ran some lines is not known: {error}")


def _context_above(folder: str) -> str:
    """Return the context of the nearest process above this one that has any: whose environment began without it."""
    try:
        names, pid = sorted(os.listdir(folder)), os.getppid()
        while pid > 1:
            for name in reversed(names):
                if name.startswith(f"{pid}-") and name.endswith(SUFFIX):
                    return _current(os.path.join(folder, name))
            pid = int(process_state(pid)[1])
    except (OSError, ValueError, IndexError, struct.error):
        pass
    return UNKNOWN


def _nothing(_place: int) -> None:
    """Take a place where contexts can no longer be kept."""


class Ran(NamedTuple):
    """What the contexts' files of a leg say.

    `places` yields a context's name and places, as often as it was said; `fixtures` are the contexts of fixtures whose
    lines a test has too, by its name; `opened` has the contexts that opened a path, `loaded` Python files, and `names` all contexts; `broken` has a sentence for
    each file that cannot be read.
    """

    places: Iterator[tuple[str, array[int]]]
    fixtures: dict[str, set[str]]
    opened: dict[str, set[str]]
    loaded: set[str]
    names: set[str]
    broken: list[str]


def read(folder: str) -> Ran:
    """Return what ran by context; what can be read of no file is named in `broken` once `places` has come to its end."""
    ran = Ran(iter(()), {}, {}, set(), set(), [])

    def places() -> Iterator[tuple[str, array[int]]]:
        for name in sorted(os.listdir(folder)):
            if name.endswith(SUFFIX):
                try:
                    yield from _read_file(os.path.join(folder, name), ran)
                except (OSError, ValueError, LookupError, struct.error) as error:
                    ran.broken.append(f"which tests ran what is unreadable in {name}: {error}")

    return ran._replace(places=places())


def _current(path: str) -> str:
    """Return the context that a file's process is in."""
    names: dict[int, str] = {}
    with io.open(path, "rb") as file:
        page = array("I", file.read(_PAGE))
        for kind, content in _entries(file):
            if kind == NAME:
                names[len(names) + 1] = content.decode("utf-8", "surrogatepass")
    return names.get(page[0], UNKNOWN)


def _entries(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    while head := file.read(_HEAD.size):
        kind, size = _HEAD.unpack(head)
        content = file.read(size)
        if len(content) < size:
            raise ValueError("it is cut short")
        yield kind, content


def _read_file(path: str, ran: Ran) -> Iterator[tuple[str, array[int]]]:
    names: dict[int, str] = {}
    with io.open(path, "rb") as file:
        page = array("I", file.read(_PAGE))
        for kind, content in _entries(file):
            if kind == NAME:
                names[len(names) + 1] = content.decode("utf-8", "surrogatepass")
                ran.names.add(names[len(names)])
                continue
            if kind == LOADED:
                ran.loaded.add(os.fsdecode(content))
                continue
            if kind == OPENED:
                ran.opened.setdefault(os.fsdecode(content[4:]), set()).add(names[array("I", content[:4])[0]])
                continue
            numbers = array("I", content)
            if kind == PLACES:
                yield names[numbers[0]], numbers[1:]
            else:
                test, *those = (names[number] for number in numbers)
                ran.fixtures.setdefault(test, set()).update(those)
    if rest := array("I", filter(None, page[1:])):
        yield names[page[0]], rest
