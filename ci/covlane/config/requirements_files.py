"""Requirements files: which of a repository's has what its tests need. They are read, never run."""

from __future__ import annotations

import codecs
import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

#: What an application that is not installed itself is run with.
PLAIN = "requirements.txt"
TESTS = (
    "requirements*test*.txt",
    "test*requirements*.txt",
    "requirements/*test*.txt",
    "tests/requirements*.txt",
    "test/requirements*.txt",
)
DEVELOPMENT = ("requirements*dev*.txt", "dev*requirements*.txt", "requirements/*dev*.txt")
ALL = ("requirements*.txt", "requirements/*.txt", "*requirements.txt")
#: pip reads a file of another encoding by its mark (pip, "Requirements File Format", Encoding).
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_PYTEST = re.compile(r"pytest(?![A-Za-z0-9.])", re.IGNORECASE)
_INCLUDED = re.compile(r"(?:-r|--requirement)[\s=]*(\S.*)")


def first(root: Path, patterns: Iterable[str]) -> str:
    """Return the first file of some patterns, below the repository, or an empty string.

    Of those that one pattern finds, the shortest name is the plainest: `pytest.txt`, and not `pytest-hypothesis.txt`.
    """
    return next(_found(root, patterns), "")


def _found(root: Path, patterns: Iterable[str]) -> Iterator[str]:
    for pattern in patterns:
        paths = sorted(root.glob(pattern), key=lambda path: (len(path.name), path))
        yield from (path.relative_to(root).as_posix() for path in paths if path.is_file())


def with_pytest(root: Path) -> str:
    """Return the first file, by whatever name, that names pytest or a plugin of it; an empty string if none does."""
    return next((name for name in _found(root, ALL) if _names_pytest(root, name)), "")


def _names_pytest(root: Path, name: str) -> bool:
    return any(_PYTEST.match(line) for each in included(root, name) for line in _lines(root, each))


def included(root: Path, name: str) -> list[str]:
    """Return a file and those that it includes by `-r`, as paths below the repository."""
    found = [name]
    for each in found:  # which grows
        options = (_INCLUDED.fullmatch(line) for line in _lines(root, each))
        named = (option[1].strip("\"'") for option in options if option)
        paths = (posixpath.normpath(posixpath.join(posixpath.dirname(each), one)) for one in named)
        found += [path for path in dict.fromkeys(paths) if path not in found and not path.startswith("..")]
    return found


def is_lock(root: Path, name: str) -> bool:
    """Say whether a file has hashes: pip then installs nothing beside it that has none, such as `-e .`."""
    return any("--hash=" in line for each in included(root, name) for line in _lines(root, each))


def _lines(root: Path, name: str) -> list[str]:
    """Return the lines that count; of a file that cannot be read there are none."""
    try:
        content = (root / name).read_bytes()
        encoding = next((encoding for mark, encoding in _MARKS if content.startswith(mark)), "utf-8")
        text = content.decode(encoding)
    except (OSError, ValueError):
        return []
    joined = re.sub(r"\\\r?\n", " ", text)
    return [line for each in joined.splitlines() if (line := re.sub(r"(^|\s)#.*", "", each).strip())]
