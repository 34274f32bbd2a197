"""A suite that does not start: its own error, one remedy, and no table of 0 %."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from repository import Repository

INSTALL = (
    "to `install` or `groups` in [tool.covlane]; installed was nothing (detected: no installable project)"
)


@pytest.mark.parametrize(
    ("files", "code", "reason", "remedy"),
    [
        (
            {"conftest.py": "import covlane_gone.sub\n"},
            4,
            "conftest.py cannot be imported: ModuleNotFoundError: No module named 'covlane_gone'",
            f"add what provides covlane_gone {INSTALL}",
        ),
        (
            {"test_calc.py": "import helper\n", "src/helper.py": ""},
            2,
            "test_calc.py cannot be imported: ModuleNotFoundError: No module named 'helper'",
            'set `pytest-args = ["-o", "pythonpath=src"]` in [tool.covlane]',
        ),
        (
            {"pytest.ini": "[pytest]\naddopts = --cov=calc\n"},
            4,
            "unrecognized arguments: --cov=calc",
            f"add pytest-cov {INSTALL}",
        ),
        (
            {"test_calc.py": ""},
            5,
            "pytest found no tests",
            'name the folder of the tests: `pytest-args = ["-o", "testpaths=FOLDER"]`',
        ),
        (
            {"test_calc.py": "raise ValueError('a: b')\n"},
            2,
            "test_calc.py cannot be imported: ValueError: a: b",
            "",
        ),
    ],
)
def test_a_suite_that_does_not_start_has_one_remedy_and_no_table(
    repository: Repository, files: dict[str, str], code: int, reason: str, remedy: str
) -> None:
    for name, text in files.items():
        repository.write(name, text)
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 1
    assert f"this leg is incomplete: {reason}\n" in done.stderr
    assert f"pytest exited with {code}" in done.stderr
    assert remedy in done.stderr
    assert done.stderr.count("  -> ") == bool(remedy)
    assert "0.00%" not in done.stdout
    assert "Running session report" not in done.stderr


def test_an_error_in_one_of_some_tests_is_shown_with_the_table(repository: Repository) -> None:
    repository.write("test_other.py", "import covlane_gone\n")
    repository.commit()
    done = repository.nox("-s", "coverage", "--", "--continue-on-collection-errors")
    assert done.returncode == 1
    assert "75.00%" in done.stdout
