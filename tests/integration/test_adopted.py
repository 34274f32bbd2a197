"""A repository that coverage.py measures has the same figures here, without a setting."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from uv import find_uv_bin

from repository import CURRENT

if TYPE_CHECKING:
    from repository import Repository

CORE = """
    import abc

    DEBUG = False

    class Shape(abc.ABC):
        @abc.abstractmethod
        def area(self):
            raise NotImplementedError

        def __repr__(self):
            return "shape"

        def sides(self) -> int:
            ...

    def half(number):
        if number:  # one way
            number = number / 2
        if DEBUG:
            print(number)
        return number

    def never():
        return 1
    """


@pytest.mark.parametrize("covered", [True, False])
def test_settings_of_coverage_py_give_its_figure(repository: Repository, *, covered: bool) -> None:
    repository.write("src/shop/__init__.py", "")
    repository.write(
        "src/shop/core.py", CORE.replace("def never():\n        return 1", "") if covered else CORE
    )
    repository.write("src/shop/vendored/__init__.py", "def old():\n    return 1\n")
    repository.write("test_calc.py", "")
    repository.write(
        "test_core.py", "from shop.core import half\n\ndef test_half():\n    assert half(4) == 2\n"
    )
    repository.write("conftest.py", "import sys\nsys.path.insert(0, 'src')\n")
    repository.write(
        "pyproject.toml",
        rf"""
        [tool.coverage.run]
        source_pkgs = ["shop"]
        omit = ["src/shop/vendored/*"]
        [tool.coverage.report]
        exclude_also = ["def __repr__", "raise NotImplementedError", "@(abc\\.)?abstractmethod", "if DEBUG:\\n\\s+print\\("]
        partial_branches = ["# one way"]
        fail_under = 100
        [tool.covlane]
        pythons = ["{CURRENT}"]
        """,
    )
    repository.commit()
    run = [sys.executable, "-m", "coverage"]
    subprocess.run([*run, "run", "-m", "pytest", "-q"], cwd=repository.root, check=True, capture_output=True)
    done = subprocess.run([*run, "json", "-q"], cwd=repository.root, check=False, capture_output=True)
    assert done.returncode == (0 if covered else 2)
    theirs = json.loads((repository.root / "coverage.json").read_text())
    measured = repository.nox("-s", "coverage")
    assert measured.returncode == 0, measured.stderr
    ours = json.loads((repository.root / "reports" / "coveragepy.json").read_text())
    assert {*ours["files"]} == {*theirs["files"]}
    core = "src/shop/core.py"
    assert ours["files"][core]["missing_lines"] == theirs["files"][core]["missing_lines"]
    assert (
        ours["totals"]["percent_covered"] == pytest.approx(theirs["totals"]["percent_covered"]) or not covered
    )
    gate = repository.covlane("gate")
    assert gate.returncode == (0 if covered else 4), gate.stdout + gate.stderr
    assert "total-line: 100.00%" in gate.stdout or not covered


def test_a_threshold_in_addopts_is_a_gate_and_fails_no_leg(repository: Repository) -> None:
    repository.write("pytest.ini", "[pytest]\naddopts = --cov=calc --cov-branch --cov-fail-under=50\n")
    repository.settings(f'pythons = ["{CURRENT}"]', 'install = ["pytest", "pytest-cov"]')
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Required test coverage of 50% reached" in done.stdout.replace("50.0%", "50%")
    assert "66.66% of lines and branches" in repository.covlane("gate").stdout


def test_what_is_not_taken_over_is_named(repository: Repository) -> None:
    repository.write(".coveragerc", "[run]\nplugins = some.plugin\n")
    done = repository.covlane("init")
    assert "note: .coveragerc: plugins is not taken over: " in done.stdout + done.stderr


@pytest.mark.parametrize("locked", [False, True])
def test_a_group_of_a_uv_workspace_may_name_a_member(repository: Repository, *, locked: bool) -> None:
    for folder, name, body in (
        ("", "root_pkg", "Y = 1\n"),
        ("packages/member", "covlane_case_member", "X = 1\n"),
    ):
        build = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        project = f'[project]\nname = "{name}"\nversion = "0"\nrequires-python = "=={CURRENT}.*"\n'
        own = (
            '[dependency-groups]\ndev = ["pytest", "covlane-case-member"]\n[tool.uv.workspace]\nmembers = ["packages/*"]\n'
            "[tool.uv.sources]\ncovlane-case-member = { workspace = true }\n"
        )
        repository.write(f"{folder}/pyproject.toml".lstrip("/"), build + project + ("" if folder else own))
        repository.write(f"{folder}/src/{name}/__init__.py".lstrip("/"), body)
    repository.write(
        "test_calc.py", "import covlane_case_member, root_pkg\n\ndef test_x():\n    assert root_pkg.Y\n"
    )
    if locked:
        uv = [find_uv_bin(), "lock", "--quiet"]
        subprocess.run(uv, cwd=repository.root, check=True, capture_output=True, env=repository.environ)
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "do not fit" not in done.stderr
    merged = json.loads((repository.root / "reports" / "coveragepy.json").read_text())
    assert {*merged["files"]} == {
        "src/root_pkg/__init__.py",
        "packages/member/src/covlane_case_member/__init__.py",
    }
