"""Packages that read bytecode are named before the tests, where bytecode is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.collector.engines.probes import readers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("numba", "executing"):
        (tmp_path / f"{name}-1.0.dist-info").mkdir()
        (tmp_path / f"{name}-1.0.dist-info" / "METADATA").write_text(f"Name: {name}\nVersion: 1.0\n")
    monkeypatch.setattr("sys.path", [str(tmp_path)])


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize(
    ("python", "named"),
    [((3, 10), "numba, executing"), ((3, 11), "numba"), ((3, 12), "")],
)
def test_what_is_installed_and_reads_bytecode_is_named(python: tuple[int, int], named: str) -> None:
    said = readers.warning(python)
    assert f"read it: {named}\n" in said if named else not said
    assert ('engine = "coverage"' in said) == bool(named)


def test_nothing_is_said_where_nothing_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [str(tmp_path)])
    assert readers.warning((3, 10)) == ""
