"""What uv.lock holds an installation to."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from covlane.config.lockfile import NAME, constraints
from covlane.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

LOCK = """
version = 1
revision = 3
requires-python = ">=3.9"

[[package]]
name = "pytest"
version = "9.0.2"
source = { registry = "https://pypi.org/simple" }

[[package]]
name = "sphinx"
version = "8.1.3"
source = { registry = "https://pypi.org/simple" }
resolution-markers = [
    "python_full_version < '3.11'",
]

[[package]]
name = "sphinx"
version = "8.2.3"
source = { registry = "https://pypi.org/simple" }
resolution-markers = [
    "python_full_version >= '3.14'",
    "python_full_version >= '3.11' and python_full_version < '3.14'",
]

[[package]]
name = "torch"
version = "2.6.0"
source = { registry = "https://pypi.org/simple" }
resolution-markers = [
    "sys_platform == 'linux' and extra == 'extra-4-demo-cpu'",
]

[[package]]
name = "demo"
version = "1.0"
source = { editable = "." }

[[package]]
name = "beside"
version = "1.0"
source = { git = "https://git.example.com/beside?rev=main#0123456" }
"""


def test_what_a_registry_has_is_held_to_its_version_where_that_is_for(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(LOCK)
    found = [Requirement(line) for line in constraints(tmp_path)]
    versions = {
        python: [
            f"{each.name}{each.specifier}"
            for each in found
            if each.marker is None or each.marker.evaluate({"python_full_version": python})
        ]
        for python in ("3.10.1", "3.12.0", "3.14.2")
    }
    assert versions == {
        "3.10.1": ["pytest==9.0.2", "sphinx==8.1.3"],
        "3.12.0": ["pytest==9.0.2", "sphinx==8.2.3"],
        "3.14.2": ["pytest==9.0.2", "sphinx==8.2.3"],
    }


@pytest.mark.parametrize(
    "content",
    [
        b"version = 2\n",
        b"package = 1\n",
        b"version = 1\npackage = 1\n",
        b"version = 1\npackage = [1]\n",
        b"version = 1\n[[package]]\nname = 'a'\n",
        b"version = 1\n[[package]]\nname = 'a'\nsource = 1\n",
        b"a = \xff\n",
        b"[" * 100_000,
        b"<<<<<<< HEAD\n",
    ],
)
def test_a_lock_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(UsageError) as error:
        constraints(tmp_path)
    assert str(tmp_path / NAME) in error.value.cause
    assert "locked = false" in error.value.remedy


def test_a_lock_that_has_gone_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        constraints(tmp_path)
