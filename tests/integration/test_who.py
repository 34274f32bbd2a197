"""`who` and `what`, from a real leg's contexts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from coverage import CoverageData

from pythons import find_python
from repository import Repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A repository with contexts of two tests."""
    python = next((one for one in ("3.13", "3.12", "3.14") if find_python(one)), None)
    if python is None:
        pytest.skip("this machine has no Python that tells tests apart")
    repository = Repository(tmp_path_factory.mktemp("who") / "repository")
    repository.settings(f'pythons = ["{python}"]', "contexts = true")
    tests = "from calc import sign\n\ndef test_plus():\n    assert sign(1) == 1\n\ndef test_both():\n    assert sign(1) > sign(-1)\n"
    repository.write("test_calc.py", tests)
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    return repository


@pytest.mark.parametrize(
    ("where", "tests", "outside"),
    [
        ("calc.py", ["test_calc.py::test_plus", "test_calc.py::test_both"], [1]),
        ("calc.py:3", ["test_calc.py::test_both"], []),
        ("./calc.py:4-9", ["test_calc.py::test_plus", "test_calc.py::test_both"], []),
        ("calc.py:sign", ["test_calc.py::test_plus", "test_calc.py::test_both"], [1]),
        ("calc.py:1", [], [1]),
    ],
)
def test_the_tests_of_a_place_come_with_the_most_specific_first(
    measured: Repository, where: str, tests: list[str], outside: list[int]
) -> None:
    done = measured.covlane("who", where, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [one["test"] for one in found["tests"]] == tests
    assert found["without_tests"] == outside
    assert measured.covlane("who", where).returncode == 0


@pytest.mark.parametrize("name", ["test_calc.py::test_plus", "plus"])
def test_what_a_test_runs(measured: Repository, name: str) -> None:
    found = json.loads(measured.covlane("what", name, "--json").stdout)
    assert found["test"] == "test_calc.py::test_plus"
    assert found["files"] == [
        {"file": "calc.py", "functions": ["sign"], "lines": [2, 4], "branches": [[2, 4]]}
    ]
    assert "sign" in measured.covlane("what", name).stdout


@pytest.mark.parametrize(
    ("arguments", "cause"),
    [
        (("who", "gone.py"), "gone.py was run by no test, or is not measured"),
        (("who", "calc.py:minus"), "calc.py has no function or class minus"),
        (("what", "test_gone"), "no test 'test_gone' ran measured code"),
        (
            ("what", "test_"),
            "2 tests have 'test_' in their names: test_calc.py::test_both, test_calc.py::test_plus",
        ),
    ],
)
def test_what_is_not_there_is_one_sentence(
    measured: Repository, arguments: tuple[str, str], cause: str
) -> None:
    done = measured.covlane(*arguments)
    assert done.returncode == 2
    assert cause in done.stderr
    assert "Traceback" not in done.stderr


def test_without_contexts_it_says_how_to_get_them(tmp_path: Path) -> None:
    done = Repository(tmp_path / "repository").covlane("who", "calc.py")
    assert done.returncode == 3
    assert "set `contexts = true` in [tool.covlane]" in done.stderr


def test_a_file_that_has_changed_is_named(measured: Repository) -> None:
    before = (measured.root / "calc.py").read_text()
    try:
        measured.write("calc.py", f"# more\n{before}")
        done = measured.covlane("who", "calc.py:3")
        assert "calc.py has changed since the tests ran" in done.stderr
    finally:
        (measured.root / "calc.py").write_text(before)


def test_coverage_py_reads_the_contexts(measured: Repository) -> None:
    report = json.loads((measured.root / "reports" / "coveragepy.json").read_text())
    both = ["test_calc.py::test_both", "test_calc.py::test_plus"]
    assert report["meta"]["show_contexts"]
    assert report["files"]["calc.py"]["contexts"] == {"1": [""], "2": both, "3": both[:1], "4": both}
    data = CoverageData(str(measured.root / "reports" / ".coverage"))
    data.read()
    found = data.contexts_by_lineno(str(measured.root / "calc.py"))
    assert {line: sorted(names) for line, names in found.items()} == {1: [""], 2: both, 3: both[:1], 4: both}


def test_the_page_shows_how_many_tests_run_a_line(measured: Repository) -> None:
    (page,) = (measured.root / "reports" / "html" / "files").glob("calc.py-*.html")
    assert (
        'class="t one" data-set="1" aria-expanded="false" aria-label="1 test runs line 3"' in page.read_text()
    )
