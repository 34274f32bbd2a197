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


def test_a_requirements_file_with_pytest_is_installed_beside_a_project(repository: Repository) -> None:
    build = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    repository.write(
        "pyproject.toml",
        f'{build}[project]\nname = "pkg"\nversion = "0"\nrequires-python = "=={CURRENT}.*"\n',
    )
    repository.write("requirements.txt", "-e .\npytest\ntoolz\n")
    repository.write("src/pkg/__init__.py", "")
    repository.write("conftest.py", "import toolz\n")
    repository.write("test_calc.py", "import pkg\n\ndef test_x():\n    assert pkg\n")
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_suite_of_unittest_s_is_found_as_unittest_finds_it(repository: Repository) -> None:
    repository.git("rm", "--quiet", "test_calc.py")
    repository.write(
        "checks/testsign.py",
        """
        import unittest
        from calc import sign

        class Sign(unittest.TestCase):
            def test_sign(self):
                self.assertEqual(sign(-1), -1)
        """,
    )
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "75.00% of lines (3/4)" in done.stdout
    assert "the tests are unittest's, and pytest runs them" in repository.covlane("init").stderr


MANAGE = """
    import os
    import sys
    from django.core.management import execute_from_command_line

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")
    execute_from_command_line(sys.argv)
    """
DJANGO = """
    SECRET_KEY = "x"
    INSTALLED_APPS = ["polls"]
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    """
MODELS = """
    from django.db import models

    class Poll(models.Model):
        name = models.CharField(max_length=20)

        def shout(self):
            if self.name:
                return self.name.upper()
            return "?"

        class Meta:
            app_label = "polls"
    """
POLLS = """
    from django.test import TestCase
    from polls.models import Poll

    class PollTests(TestCase):
        def test_shout(self):
            self.assertEqual(Poll.objects.create(name="a").shout(), "A")
    """


@pytest.mark.whole
@pytest.mark.parametrize("folder", ["", "backend/"])
def test_django_s_tests_run_with_the_settings_of_manage_py(repository: Repository, folder: str) -> None:
    repository.git("rm", "--quiet", "test_calc.py", "calc.py")
    repository.write("requirements.txt", "django\n")
    for name, text in (
        ("manage.py", MANAGE),
        ("shop/__init__.py", ""),
        ("shop/settings.py", DJANGO),
        ("polls/__init__.py", ""),
        ("polls/models.py", MODELS),
        ("polls/tests.py", POLLS),
    ):
        repository.write(folder + name, text)
    repository.commit()
    done = repository.nox("-s", "coverage")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    report = json.loads((repository.root / "reports" / "coveragepy.json").read_text())
    assert {*report["files"]} == {
        folder + name
        for name in ("shop/__init__.py", "shop/settings.py", "polls/__init__.py", "polls/models.py")
    }
    assert report["files"][f"{folder}polls/models.py"]["missing_lines"] == [9]
