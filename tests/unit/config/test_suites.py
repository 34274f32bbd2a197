"""What pytest is told for Django's and unittest's suites, and for its own: nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import settings, suites

if TYPE_CHECKING:
    from pathlib import Path

MANAGE = """
import os
from django.core.management import execute_from_command_line
os.environ.setdefault("LANG", "C")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")
"""
UNITTEST = "import unittest\n\nclass Tests(unittest.TestCase):\n    pass\n"
SETTINGS = ("-o", "DJANGO_SETTINGS_MODULE=site.settings")
FILES = ("-o", "python_files=test*.py")


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def suite(root: Path, files: dict[str, str]) -> suites.Suite:
    return suites.read(repository(root, files), settings.read_pyproject(root))


@pytest.mark.parametrize(
    ("more", "arguments"),
    [
        ({}, (*SETTINGS, *FILES)),
        ({"pytest.ini": "[pytest]\npython_files = check_*.py"}, SETTINGS),
        ({"pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = a.b"}, ()),
        ({"pytest.toml": '[pytest]\nDJANGO_SETTINGS_MODULE = "a.b"'}, ()),
        ({"pyproject.toml": '[tool.pytest.ini_options]\nDJANGO_SETTINGS_MODULE = "a.b"'}, ()),
        ({"pyproject.toml": '[tool.pytest]\naddopts = ["--ds", "a.b"]'}, ()),
        ({"tox.ini": "[pytest]\naddopts = -q --ds=a.b"}, ()),
        ({"setup.cfg": "[tool:pytest]\naddopts = --dc=Test"}, ()),
        ({"pytest.ini": "", "tox.ini": "[pytest]\naddopts = --ds=a.b"}, (*SETTINGS, *FILES)),
        ({"conftest.py": "os.environ['DJANGO_SETTINGS_MODULE'] = 'a.b'"}, ()),
        ({"tests/conftest.py": "settings.configure()"}, ()),
    ],
)
def test_django_s_settings_are_those_of_manage_py_unless_pytest_is_told_of_others(
    tmp_path: Path, more: dict[str, str], arguments: tuple[str, ...]
) -> None:
    found = suite(tmp_path, {"manage.py": MANAGE, **more})
    assert found.arguments == arguments
    assert found.install == (("pytest-django",) if arguments else ())


@pytest.mark.parametrize(
    ("text", "module"),
    [
        ('os.environ["DJANGO_SETTINGS_MODULE"] = "a.b"', "a.b"),
        ('environ.setdefault("DJANGO_SETTINGS_MODULE", config("X"))', ""),
        ('environ.setdefault("DJANGO_SETTINGS_MODULE")', ""),
        ('environ.setdefault("DJANGO_SETTINGS_MODULE", "a b")', ""),
        ('name["DJANGO_SETTINGS_MODULE"], x = 1, 2', ""),
        ("def", ""),
    ],
)
def test_settings_that_are_no_plain_name_are_asked_for(tmp_path: Path, text: str, module: str) -> None:
    found = suite(tmp_path, {"manage.py": f"# django\n{text}\n"})
    assert [one for one in found.arguments if "SETTINGS" in one] == (
        [f"DJANGO_SETTINGS_MODULE={module}"] if module else []
    )
    assert ("does not say which settings" in found.remark) == (not module)


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        (["backend/manage.py"], (*SETTINGS, *FILES, "-o", "pythonpath=backend")),
        (
            ["docs/manage.py", "example/manage.py", "web/manage.py"],
            (*SETTINGS, *FILES, "-o", "pythonpath=web"),
        ),
        (["example/manage.py", ".venv/manage.py"], ()),
        (["one/manage.py", "two/manage.py"], ()),
    ],
)
def test_a_manage_py_in_a_folder_is_found_if_it_is_the_only_one(
    tmp_path: Path, files: list[str], arguments: tuple[str, ...]
) -> None:
    assert suite(tmp_path, dict.fromkeys(files, MANAGE)).arguments == arguments


RUNNER = MANAGE.replace("site.settings", "tests.settings")
OF_TESTS = ("-o", "DJANGO_SETTINGS_MODULE=tests.settings")


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ({"runtests.py": RUNNER}, (*OF_TESTS, *FILES)),
        ({"runtests.py": RUNNER, "manage.py": MANAGE}, (*SETTINGS, *FILES)),
        ({"runtests.py": RUNNER, "manage.py": "# django"}, (*OF_TESTS, *FILES)),
        ({"runtests.py": "from django.conf import settings\nsettings.configure()"}, ()),
        (
            {
                "tox.ini": "[testenv]\ndeps = Django\ncommands = python -m django test --settings=tests.settings"
            },
            (*OF_TESTS, *FILES),
        ),
        (
            {
                "tox.ini": "[testenv]\ndeps = Django\nsetenv =\n  DJANGO_SETTINGS_MODULE = tests.settings\ncommands = pytest"
            },
            OF_TESTS,
        ),
        (
            {"Makefile": "test:\n\tDJANGO_SETTINGS_MODULE=tests.settings django-admin test\n"},
            (*OF_TESTS, *FILES),
        ),
        ({"Makefile": "test:\n\trun --settings=tests.settings\n"}, ()),
    ],
)
def test_what_else_runs_django_s_tests_names_their_settings(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...]
) -> None:
    assert suite(tmp_path, files).arguments == arguments


def test_another_manage_py_is_not_django_s(tmp_path: Path) -> None:
    assert suite(tmp_path, {"manage.py": "from flask_script import Manager"}) == suites.Suite()


def test_django_s_tests_beside_the_code_are_not_measured(tmp_path: Path) -> None:
    names = ("site/__init__.py", "polls/__init__.py", "polls/views.py", "polls/tests.py")
    repository(tmp_path, {**dict.fromkeys(names, ""), "manage.py": MANAGE, "requirements.txt": "django"})
    found = settings.load(tmp_path, {})
    assert found.settings.source == ("polls", "site")
    assert found.settings.omit == ("polls/**/tests.py",)
    assert found.settings.install == ("-r", "requirements.txt", "pytest-django")
    assert found.settings.pytest_args == (*SETTINGS, *FILES)
    assert found.origins["pytest-args"] == "detected: manage.py"


def test_in_a_folder_of_scripts_django_s_tests_and_manage_py_are_not_measured(tmp_path: Path) -> None:
    repository(tmp_path, {"backend/manage.py": MANAGE, "backend/site/settings.py": ""})
    found = settings.load(tmp_path, {})
    assert found.settings.source == (".",)
    assert {"**/manage.py", "**/tests.py"} <= {*found.settings.omit}


@pytest.mark.parametrize(
    ("files", "arguments"),
    [
        ({"tests/test_a.py": UNITTEST}, ()),
        ({"tests/testa.py": UNITTEST}, FILES),
        ({"pkg/test/tests.py": UNITTEST, "tests/test_a.py": UNITTEST}, FILES),
        ({"test_a.py": UNITTEST, "testing.py": "x = 1"}, ()),
    ],
)
def test_unittest_s_suite_is_run_by_pytest(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...]
) -> None:
    found = suite(tmp_path, files)
    assert found.arguments == arguments
    assert found.remark == "the tests are unittest's, and pytest runs them"


@pytest.mark.parametrize(
    "files",
    [
        {"tests/testa.py": UNITTEST, "tests/test_b.py": "import pytest"},
        {"tests/testa.py": UNITTEST, "conftest.py": ""},
        {"tests/testa.py": UNITTEST, "tests/conftest.py": ""},
        {"tests/testa.py": UNITTEST, "pytest.ini": ""},
        {"tests/testa.py": UNITTEST, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '-q'"},
        {"tests/testa.py": UNITTEST, "setup.cfg": "[tool:pytest]\naddopts = -q"},
        {".hidden/testa.py": UNITTEST, "venv/lib/testa.py": UNITTEST},
        {"tests/testa.py": "def test_a(): pass"},
    ],
)
def test_pytest_s_own_suite_is_left_as_it_is(tmp_path: Path, files: dict[str, str]) -> None:
    assert suite(tmp_path, files) == suites.Suite()


def test_a_repository_of_many_test_modules_is_not_read_to_its_end(tmp_path: Path) -> None:
    many = {f"tests/{number:04}/test_a.py": UNITTEST for number in range(suites.MOST_MODULES + 1)}
    assert suite(tmp_path, {**many, "tests/zzzz/test_b.py": "import pytest"}).reason == "unittest's suite"
