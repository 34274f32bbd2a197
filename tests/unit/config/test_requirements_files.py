"""Which requirements file has what the tests of a repository need, by what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import requirements_files, settings

if TYPE_CHECKING:
    from pathlib import Path

#: A project that says itself what it needs to run.
INSTALLED = '[build-system]\nrequires = []\n[project]\nname = "demo"\nversion = "1"\ndependencies = ["x"]\n'


def repository(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


@pytest.mark.parametrize(
    ("files", "install"),
    [
        ({"requirements.txt": "-e .\npytest\ntoolz\n"}, ["-e", ".", "-r", "requirements.txt"]),
        ({"requirements.txt": "PyTest_Cov>=4"}, ["-e", ".", "-r", "requirements.txt"]),
        ({"requirements.txt": "pytest-cov>=4"}, ["-e", ".", "-r", "requirements.txt"]),
        ({"requirements.txt": "toolz\n# pytest\n"}, ["-e", "."]),
        ({"requirements.txt": "pytester\npytest.x\nflake8-pytest\n"}, ["-e", "."]),
        (
            {
                "requirements.txt": "toolz",
                "requirements/local.txt": "-r base.txt",
                "requirements/base.txt": "pytest==8",
            },
            ["-e", ".", "-r", "requirements/base.txt"],
        ),
        (
            {"requirements/local.txt": "--requirement=more/x.txt", "requirements/more/x.txt": "pytest[y]"},
            ["-e", ".", "-r", "requirements/local.txt"],
        ),
        (
            {"requirements-dev.txt": "black", "requirements.txt": "pytest"},
            ["-e", ".", "-r", "requirements-dev.txt"],
        ),
        ({"tests/requirements.txt": "toolz"}, ["-e", ".", "-r", "tests/requirements.txt"]),
        ({"requirements.txt": "pytest==8 \\\n  --hash=sha256:00\n"}, ["-e", "."]),
        ({"requirements.txt": "pytest\n", "uv.lock": ""}, ["-e", "."]),
    ],
)
def test_beside_a_project_that_is_installed_a_file_with_pytest_is_chosen(
    tmp_path: Path, files: dict[str, str], install: list[str]
) -> None:
    repository(tmp_path, {"pyproject.toml": INSTALLED, **files})
    assert list(settings.load(tmp_path, {}).settings.install) == install


@pytest.mark.parametrize(
    ("files", "install", "where"),
    [
        (
            {"requirements.txt": "toolz", "requirements-dev.txt": "pytest"},
            ["-r", "requirements.txt", "-r", "requirements-dev.txt"],
            "requirements-dev.txt, requirements.txt",
        ),
        (
            {"requirements.txt": "toolz", "requirements-dev.txt": "-r requirements.txt\npytest"},
            ["-r", "requirements-dev.txt"],
            "requirements-dev.txt",
        ),
        (
            {"requirements.txt": "toolz", "requirements/test.txt": "-r ../requirements.txt\n-r ../../x.txt"},
            ["-r", "requirements/test.txt"],
            "requirements/test.txt",
        ),
        ({"requirements.txt": "-r requirements.txt\n"}, ["-r", "requirements.txt"], "requirements.txt"),
    ],
)
def test_an_application_that_is_not_installed_is_given_its_own_requirements_too(
    tmp_path: Path, files: dict[str, str], install: list[str], where: str
) -> None:
    found = settings.load(repository(tmp_path, files), {})
    assert list(found.settings.install) == install
    assert found.origins["install"] == f"detected: {where}"


def test_a_project_whose_needs_stand_in_requirements_txt_alone_is_given_them(tmp_path: Path) -> None:
    setup = "from setuptools import setup\nsetup(name='demo')"
    repository(tmp_path, {"setup.py": setup, "requirements.txt": "toolz"})
    assert settings.load(tmp_path, {}).settings.install == ("-e", ".", "-r", "requirements.txt")
    (tmp_path / "setup.py").write_text(setup.replace(")", ", install_requires=open('x').read())"))
    assert settings.load(tmp_path, {}).settings.install == ("-e", ".")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_file_of_another_encoding_is_read_by_its_mark(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "requirements.txt").write_text("pytest\r\ntoolz\r\n", encoding)
    assert requirements_files.with_pytest(tmp_path) == "requirements.txt"


def test_a_file_that_cannot_be_read_has_no_lines(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"pytest\n\xff")
    assert requirements_files.with_pytest(tmp_path) == ""
