"""The collector runs on Pythons that the rest of covlane does not."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from covlane import collector

FILES = sorted(Path(collector.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_collector_is_written_for_python_3_10(path: Path) -> None:
    ast.parse(path.read_bytes(), feature_version=(3, 10))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_collector_imports_nothing_but_itself_and_the_standard_library(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add(str(node.module).partition(".")[0])
    assert found <= sys.stdlib_module_names | {"pytest", "_pytest", "pytest_split", "__future__"}
