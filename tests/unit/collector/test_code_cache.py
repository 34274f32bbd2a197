"""Code that one process of a leg compiled, and others load."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.collector.code_cache import FOLDER, CodeCache

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = b"X = 1\n"
CODE = compile(SOURCE, "a.py", "exec")


@pytest.fixture
def cache(tmp_path: Path) -> CodeCache:
    cache = CodeCache(str(tmp_path), branch=True)
    cache.put(SOURCE, "a.py", CODE)
    return cache


def test_the_same_content_under_the_same_name_is_found(cache: CodeCache) -> None:
    assert cache.get(SOURCE, "a.py") == CODE


@pytest.mark.parametrize(("source", "name"), [(b"X = 2\n", "a.py"), (SOURCE, "b.py")])
def test_other_content_or_another_name_is_not(cache: CodeCache, source: bytes, name: str) -> None:
    assert cache.get(source, name) is None


@pytest.mark.parametrize(
    "change", [lambda old: old[:-1], lambda _: b"", lambda old: old[:16] + b"x" + old[17:]]
)
def test_a_broken_entry_is_no_entry(cache: CodeCache, tmp_path: Path, change: object) -> None:
    (entry,) = (tmp_path / FOLDER).iterdir()
    assert callable(change)
    entry.write_bytes(change(entry.read_bytes()))
    assert cache.get(SOURCE, "a.py") is None


def test_a_folder_that_cannot_be_written_to_costs_nothing_but_time(tmp_path: Path) -> None:
    (tmp_path / FOLDER).touch()
    cache = CodeCache(str(tmp_path), branch=True)
    cache.put(SOURCE, "a.py", CODE)
    assert cache.get(SOURCE, "a.py") is None
