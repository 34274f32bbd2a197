"""What build backends' own tables say of a repository, and what setuptools would make of a folder of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import settings

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = '[project]\nname = "pkg"\nversion = "1"\n'


def repository(root: Path, pyproject: str, *files: str) -> settings.Configured:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    if pyproject:
        (root / "pyproject.toml").write_text(pyproject)
    return settings.load(root, {})


@pytest.mark.parametrize(
    "table",
    [
        '[tool.hatch.build.targets.wheel]\npackages = ["code/pkg"]\n',
        '[tool.setuptools.packages.find]\nwhere = ["code"]\n',
        '[tool.setuptools.package-dir]\n"" = "code"\n',
        '[[tool.poetry.packages]]\ninclude = "pkg"\nfrom = "code"\n',
    ],
    ids=["hatch", "setuptools find", "setuptools package-dir", "poetry"],
)
def test_the_packages_that_a_backend_is_told_of_are_the_sources(tmp_path: Path, table: str) -> None:
    found = repository(tmp_path, PROJECT + table, "code/pkg/__init__.py", "other/__init__.py")
    assert found.settings.source == ("code/pkg",)
    assert found.origins["source"] == "detected: what the build backend packs"


@pytest.mark.parametrize(
    "table",
    [
        '[tool.hatch.build.targets.wheel]\npackages = ["gone"]\n',
        '[tool.hatch.build.targets.wheel]\npackages = ["../pkg"]\n',
        '[tool.setuptools]\npackages = ["pkg"]\n',
    ],
)
def test_a_table_that_names_nothing_usable_leaves_the_layout_to_decide(tmp_path: Path, table: str) -> None:
    assert repository(tmp_path, PROJECT + table, "pkg/__init__.py").settings.source == ("pkg",)


@pytest.mark.parametrize(
    ("pyproject", "files"),
    [
        (PROJECT, ["pkg/__init__.py"]),
        (
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n' + PROJECT,
            [],
        ),
        ("", ["setup.py", "pkg/__init__.py"]),
    ],
)
def test_reports_are_hidden_from_a_setuptools_that_packs_every_folder(
    tmp_path: Path, pyproject: str, files: list[str]
) -> None:
    assert repository(tmp_path, pyproject, *files).settings.reports == ".reports"


@pytest.mark.parametrize(
    ("pyproject", "files"),
    [
        (PROJECT, ["src/pkg/__init__.py"]),
        (PROJECT + '[tool.setuptools]\npackages = ["pkg"]\n', ["pkg/__init__.py"]),
        ('[build-system]\nrequires = []\nbuild-backend = "hatchling.build"\n' + PROJECT, ["pkg/__init__.py"]),
        ("", ["script.py"]),
        ("[tool.ruff]\n", ["script.py"]),
    ],
)
def test_elsewhere_reports_are_where_they_are_expected(
    tmp_path: Path, pyproject: str, files: list[str]
) -> None:
    assert repository(tmp_path, pyproject, *files).settings.reports == "reports"


def test_a_setup_py_that_names_its_packages_is_not_affected(tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text(
        "from setuptools import setup, find_packages\nsetup(packages=find_packages())"
    )
    assert repository(tmp_path, "").settings.reports == "reports"
