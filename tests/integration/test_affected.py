"""Which tests a change can affect, from what real legs noted: for each kind of dependency the tests that have it, and no others."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

import pytest

from pythons import find_python
from repository import Repository

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {
    "pkg/__init__.py": "",
    "pkg/const.py": "LIMIT = 3\n",
    "pkg/core.py": """
        from functools import cache
        from pathlib import Path
        from pkg.const import LIMIT

        class Shape:
            sides = 4

            def area(self):
                return self.sides

            def name(self):
                "What it is called."
                return "shape"

        @cache
        def cached():
            return 1

        def limit():
            return LIMIT

        def template():
            return Path("page.txt").read_text()

        def registered():
            import pkgutil, pkg
            return sorted(one.name for one in pkgutil.iter_modules(pkg.__path__))

        def decorate(function):
            return function

        @decorate
        def decorated():
            return 2

        def started():
            return 5

        def unused():
            return 6
        """,
    "page.txt": "hello\n",
    "conftest.py": """
        import pytest
        from pkg.core import Shape

        @pytest.fixture(scope="session")
        def shape():
            return Shape().name()
        """,
    "helper.py": "EXPECTED = 4\n",
    "test_calc.py": "",
    "test_one.py": """
        import subprocess, sys
        from helper import EXPECTED
        from pkg import core

        def test_area():
            assert core.Shape().area() == EXPECTED

        def test_attribute():
            assert getattr(core.Shape, "sides") == 4

        def test_shape(shape):
            assert shape

        def test_limit():
            assert core.limit() == 3

        def test_template():
            assert core.template()

        def test_process():
            program = "from pkg.core import started; assert started() == 5"
            subprocess.run([sys.executable, "-c", program], check=True)
        """,
    "test_two.py": """
        from pkg import core

        def test_registered():
            assert core.registered()

        def test_cached():
            assert core.cached() == 1

        def test_decorated():
            assert core.decorated() == 2

        def test_nothing():
            pass

        class Shared:
            def test_inherited(self):
                assert core.decorated() == 2
        """,
    "test_three.py": """
        from test_two import Shared

        class TestOther(Shared):
            pass
        """,
}
ALL = {
    *(f"test_one.py::test_{name}" for name in ("area", "attribute", "shape", "limit", "template", "process")),
    *(f"test_two.py::test_{name}" for name in ("registered", "cached", "decorated", "nothing")),
    "test_three.py::TestOther::test_inherited",
}
#: A change: a file, what is replaced in it by what (or its whole text), and the tests that it can affect.
CHANGES: dict[str, tuple[str, str, str, set[str]]] = {
    "a function's body": ("pkg/core.py", "return self.sides", "return self.sides + 0", {"test_one.py::test_area"}),
    "a comment": ("pkg/core.py", "return 5", "return 5  # five", set()),
    "formatting": ("pkg/core.py", "def started():\n    return 5", "def started():\n\n    return (\n        5\n    )", set()),
    "a body that nothing runs": ("pkg/core.py", "return 6", "return 7", set()),
    "a constant imported at collection": ("pkg/const.py", "LIMIT = 3", "LIMIT = 4", ALL),
    "a class attribute": ("pkg/core.py", "sides = 4", "sides = 5", ALL),
    "a function of a session fixture": ("pkg/core.py", 'return "shape"', 'return "s"', {"test_one.py::test_shape"}),
    "a function that runs at import": ("pkg/core.py", "return function", "return lambda: 3", ALL),
    "a function in a process": ("pkg/core.py", "return 5", "return 50", {"test_one.py::test_process"}),
    "a decorator": ("pkg/core.py", "@cache", "@decorate", ALL),
    "a file of data": ("page.txt", "hello", "bye", {"test_one.py::test_template"}),
    "a module that is added": ("pkg/new.py", "", "X = 1\n", {"test_two.py::test_registered"}),
    "a test's body": ("test_two.py", "core.cached() == 1", "core.cached() == 2", {"test_two.py::test_cached"}),
    "a test that others inherit": ("test_two.py", "        assert core.decorated() == 2", "        assert core.decorated()", {"test_three.py::TestOther::test_inherited"}),
    "a test file's imports": ("test_two.py", "from pkg import core", "import os\nfrom pkg import core", {one for one in ALL if "one" not in one}),
    "a conftest": ("conftest.py", "return Shape", "return 1 and Shape", ALL),
    "a helper": ("helper.py", "EXPECTED = 4", "EXPECTED = 5", ALL),
    "a file that is gone": ("pkg/const.py", "LIMIT = 3\n", "", ALL),
    "a syntax error": ("pkg/core.py", "def unused():", "def unused(:", ALL),
}  # fmt: skip


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    python = next((one for one in ("3.13", "3.12", "3.14") if find_python(one)), None)
    if python is None:
        pytest.skip("this machine has no Python that tells tests apart")
    repository = Repository(tmp_path_factory.mktemp("affected") / "repository")
    for name, text in FILES.items():
        repository.write(name, text)
    repository.settings(f'pythons = ["{python}"]', "contexts = true", 'source = ["pkg"]')
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    return repository


@pytest.fixture
def changeable(measured: Repository, tmp_path: Path) -> Iterator[Repository]:
    """The repository, whose files come back after the test."""
    kept = tmp_path / "kept"
    shutil.copytree(measured.root, kept)
    yield measured
    shutil.rmtree(measured.root)
    shutil.copytree(kept, measured.root)


def affected(repository: Repository, *arguments: str) -> set[str]:
    done = repository.covlane("affected", *arguments)
    assert done.returncode == 0, done.stderr
    assert "tests can be affected" in done.stderr
    return {*done.stdout.split()}


def test_without_a_change_no_test_is_affected(measured: Repository) -> None:
    assert affected(measured) == set()


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_affects_the_tests_that_depend_on_it(changeable: Repository, name: str) -> None:
    file, old, new, expected = CHANGES[name]
    path = changeable.root / file
    before = path.read_text() if path.exists() else ""
    assert old in before
    path.write_text(before.replace(old, new) if old else new)
    assert affected(changeable) == expected
    found = json.loads(changeable.covlane("affected", "--json").stdout)
    assert {one["test"] for one in found["tests"]} == expected
    assert all(one["reasons"] for one in found["tests"])
    assert found["all"] == len(ALL)


def test_changes_since_a_commit(changeable: Repository) -> None:
    path = changeable.root / "pkg" / "core.py"
    path.write_text(path.read_text().replace("return 5", "return 5 + 0"))
    changeable.commit()
    assert affected(changeable, "--base", "HEAD") == set()
    assert affected(changeable, "--base", "HEAD~1") == {"test_one.py::test_process"}
    done = changeable.covlane("affected", "--base", "gone")
    assert done.returncode == 2
    assert "gone is not a commit" in done.stderr


def test_why_says_what_a_test_depends_on(changeable: Repository) -> None:
    done = changeable.covlane("why", "test_shape")
    assert "runs Shape.name of pkg/core.py" in done.stdout
    assert "nothing that it depends on has changed" in done.stdout
    path = changeable.root / "pkg" / "core.py"
    path.write_text(path.read_text().replace('return "shape"', 'return "s"'))
    found = json.loads(changeable.covlane("why", "test_shape", "--json").stdout)
    assert found["reasons"] == ["it runs Shape.name of pkg/core.py"]
    assert found["fixtures"] == ["shape (session fixture)"]


def test_without_contexts_it_says_how_to_get_them(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "repository")
    for command in (("affected",), ("why", "test_x")):
        done = repository.covlane(*command)
        assert done.returncode == 3
        assert "set `contexts = true`" in done.stderr
