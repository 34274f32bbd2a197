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

#: The characters that count.
BLOCK = 100
_BASE, _MODULUS = 37, 2**64
#: What stands at the end of a file.
_END = b"\xff\xff"
_BLANKS = str.maketrans("", "", " \t")


def fingerprints(source: bytes, wanted: Collection[int]) -> dict[int, str]:
    """Return the fingerprints of the wanted lines of a source, by their numbers."""
    text = source.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").translate(_BLANKS)
    seen: Counter[bytes] = Counter()
    found: dict[int, str] = {}
    # JavaScript's characters, two bytes each.
    data, start = text.encode("utf-16-le") + _END, 0
    for number, line in enumerate(text.split("\n"), 1):
        block = data[start : start + 2 * BLOCK]
        seen[block] += 1
        if number in wanted:
            found[number] = f"{_hash(block):x}:{seen[block]}"
        start += len(f"{line}\n".encode("utf-16-le"))
    return found


def _hash(block: bytes) -> int:
    value = 0
    for low, high in zip(block[::2], block[1::2], strict=True):
        value = (value * _BASE + low + 256 * high) % _MODULUS
    return value * pow(_BASE, BLOCK - len(block) // 2, _MODULUS) % _MODULUS
