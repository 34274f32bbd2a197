"""The nearest test file, by name, folders and imports."""

from __future__ import annotations

import pytest

from covlane.analysis.nearest import Suite, is_test


@pytest.mark.parametrize(
    ("path", "test", "by"),
    [
        # Its name and an import win, wherever it is.
        ("src/pkg/shapes.py", "tests/test_shapes.py", "name and import"),
        # Another package's utils has a test of that name, and this one imports it.
        ("src/pkg/a/utils.py", "tests/a/test_utils.py", "name and folder"),
        ("src/pkg/b/utils.py", "tests/b/utils_test.py", "name and import"),
        # Imported with others, in brackets, by a longer name than the standard library's.
        ("src/pkg/json.py", "tests/test_all.py", "import"),
        ("src/pkg/_private.py", "tests/test_private.py", "name"),
        # Beside the code, by a relative import.
        ("src/pkg/deep/inner.py", "src/pkg/deep/tests/test_of_inner.py", "import"),
        ("src/pkg/app/models.py", "src/pkg/app/tests.py", "import"),
        ("scripts/run.py", None, None),
        # tests/b/utils_test.py has its name and is in no folder of its own, but imports the one of b.
        ("src/pkg/c/utils.py", "tests/a/test_utils.py", "name"),
        ("src/pkg/__init__.py", "tests/test_pkg.py", "name and import"),
        ("calc.py", "tests/test_all.py", "import"),
    ],
)
def test_the_nearest_test_is_found(path: str, test: str | None, by: str | None) -> None:
    tests = Suite(
        {
            "tests/test_shapes.py": b"from pkg.shapes import Circle\n",
            "tests/a/test_utils.py": b"import pkg\n",
            "tests/b/utils_test.py": b"import os, pkg.b.utils as utils\n",
            "tests/test_all.py": b"import json\nfrom pkg import (  # many\n    json,  # one\n    shapes as s,\n)\nimport calc\n",
            "tests/test_private.py": b"",
            "src/pkg/deep/tests/test_of_inner.py": b"from ..inner import x\n",
            "src/pkg/app/tests.py": b"from . import models\n",
            "tests/test_pkg.py": b"import pkg\n",
            "tests/test_other.py": b"import run.other\nimport json\n",
        }
    )
    found = tests.nearest(path)
    assert (found and found.path, found and found.by) == (test, by)


def test_one_name_alone_does_not_import_a_module_of_a_package() -> None:
    assert Suite({"tests/test_x.py": b"import json\n"}).nearest("src/pkg/json.py") is None


@pytest.mark.parametrize("name", ["test_a.py", "a_test.py", "tests.py", "a_tests.py", "tests_a.py"])
def test_a_test_is_known_by_its_name(name: str) -> None:
    assert is_test(f"pkg/{name}")
    assert not is_test(f"pkg/x{name}x")
    assert not is_test(f"{name}/conftest.py")
