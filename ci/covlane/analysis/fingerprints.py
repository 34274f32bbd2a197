"""Fingerprints of lines that stay the same when lines above them come or go.

They are those that GitHub's `upload-sarif` computes itself and compares with what a file has (its `fingerprints.ts`):
a polynomial of the 100 characters from the start of a line on, without spaces and tabs, and a number that counts equal
ones.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

BLOCK = 100
_BASE, _MODULUS = 37, 2**64
_END = 65535
_BLANKS = str.maketrans("", "", " \t")


def fingerprints(source: bytes, wanted: Collection[int]) -> dict[int, str]:
    """Return the fingerprints of the wanted lines of a source, by their numbers."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").translate(_BLANKS)
    # JavaScript's characters are units of UTF-16.
    units = memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H") if text else ()
    codes = [*units, _END]
    seen: Counter[tuple[int, ...]] = Counter()
    found: dict[int, str] = {}
    start = 0
    for number, line in enumerate(text.split("\n"), 1):
        block = tuple(codes[start : start + BLOCK])
        seen[block] += 1
        if number in wanted:
            found[number] = f"{_hash(block):x}:{seen[block]}"
        start += len(line.encode("utf-16-le", "surrogatepass")) // 2 + 1
    return found


def _hash(block: tuple[int, ...]) -> int:
    value = 0
    for code in block:
        value = (value * _BASE + code) % _MODULUS
    return value * pow(_BASE, BLOCK - len(block), _MODULUS) % _MODULUS
