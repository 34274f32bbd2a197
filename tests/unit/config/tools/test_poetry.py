"""Poetry's groups and PDM's; versions and addresses are those of poetry-core's `to_pep_508`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from covlane.config import metadata, settings
from covlane.config.installation import GROUP_NAMES
from covlane.config.requirements import from_tools
from covlane.config.tools import poetry

if TYPE_CHECKING:
    from pathlib import Path


def read(root: Path, text: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    (root / "pyproject.toml").write_text(text, "utf-8")
    found = poetry.read(root, metadata.toml(root / "pyproject.toml"), GROUP_NAMES)
    return found.arguments, found.extras, found.where


def one(root: Path, dependency: str) -> str:
    arguments, _, _ = read(root, f"[tool.poetry.group.test.dependencies]\nx = {dependency}\n")
    return " ".join(arguments)


@pytest.mark.parametrize(
    ("constraint", "inside", "outside"),
    [
        ("^1.2", "1.2 1.9.9", "1.1 2.0"),
        ("^0.0.3", "0.0.3", "0.0.4 0.0.2"),
        ("^0", "0.9", "1.0"),
        ("~1.2.3", "1.2.9", "1.3"),
        ("~1", "1.9", "2.0"),
        ("^v1.2", "1.3", "2.0"),
        ("^1.2.3-beta.1", "1.2.3b1 1.9", "2.0"),
        ("1.2.*", "1.2.7", "1.3"),
        ("*", "0 99", ""),
        ("=1.2.3", "1.2.3", "1.2.4"),
        ("1.2", "1.2", "1.2.1"),
        (">1 <2", "1.5", "1 2"),
        (">=1,!=1.2.*", "1.1 2", "1.2.3"),
        ("~=1.4", "1.5", "1.3 2.0"),
        ("^1 || ^2", "1.0 2.9", "0.9 3.0"),
        ("<2 | >=3", "1 4", ""),
    ],
)
def test_a_constraint_allows_what_poetry_allows(
    tmp_path: Path, constraint: str, inside: str, outside: str
) -> None:
    specifier = Requirement(one(tmp_path, json.dumps(constraint))).specifier
    assert all(specifier.contains(version, prereleases=True) for version in inside.split())
    assert not any(specifier.contains(version, prereleases=True) for version in outside.split())


@pytest.mark.parametrize(
    ("dependency", "requirement"),
    [
        (
            '{git = "https://example.com/x.git", branch = "main"}',
            "x @ git+https://example.com/x.git@main",
        ),
        (
            '{git = "https://example.com/x.git", rev = "abc", subdirectory = "sub", extras = ["y"]}',
            "x[y] @ git+https://example.com/x.git@abc#subdirectory=sub",
        ),
        (
            '{url = "https://example.com/x-1.zip", markers = "os_name == \'y\'"}',
            "x @ https://example.com/x-1.zip ; os_name == 'y'",
        ),
        (
            '{version = "1", python = "~3.9 || ~3.10"}',
            "x==1; python_version >= '3.9' and python_version < '3.11'",
        ),
        (
            '{version = "1", platform = "linux || darwin"}',
            "x==1; sys_platform == 'linux' or sys_platform == 'darwin'",
        ),
        (
            '{version = "1", markers = "os_name == \'a\' or os_name == \'b\'", python = ">=3.9"}',
            "x==1; (os_name == 'a' or os_name == 'b') and python_version >= '3.9'",
        ),
        ('[{version = "1", python = "<3.10"}, {version = "2", python = ">=3.10"}]', None),
        ('{path = "sub", develop = true, extras = ["y"]}', "-e ./sub[y]"),
        ('{path = "./sub"}', "./sub"),
        ('{path = "gone", develop = true}', ""),
        ('{version = "1", optional = true}', ""),
        ("3", ""),
        ("{extras = 4}", ""),
    ],
)
def test_a_dependency_is_what_pip_would_be_given(
    tmp_path: Path, dependency: str, requirement: str | None
) -> None:
    (tmp_path / "sub").mkdir()
    if requirement is None:
        requirement = "x==1; python_version < '3.10' x==2; python_version >= '3.10'"
    assert one(tmp_path, dependency) == requirement
    if " @ " in requirement or requirement.startswith("x==1; (") or "or sys" in requirement:
        Requirement(requirement)


GROUPS = """
[tool.poetry.group.{}.dependencies]
a = "1"
[tool.poetry.group.docs.dependencies]
sphinx = "*"
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GROUPS.format("tests"), (("a==1",), (), "[tool.poetry.group.tests]")),
        (GROUPS.format("other"), ((), (), "[tool.poetry.extras]")),
        (
            GROUPS.format("qa") + 'pytest-cov = "*"\n',
            (("sphinx", "pytest-cov"), (), "[tool.poetry.group.docs]"),
        ),
        (
            (
                '[tool.poetry.group.test]\ninclude-groups = ["more", "test"]\n'
                '[tool.poetry.group.more.dependencies]\na = "2"\n'
            ),
            (("a==2",), (), "[tool.poetry.group.test]"),
        ),
        ('[tool.poetry.extras]\ndocs = ["x"]\ntests = ["y"]\n', ((), ("tests",), "[tool.poetry.extras]")),
        (
            '[tool.poetry.extras]\ntest = ["y"]\n[tool.poetry.dev-dependencies]\na = "1"\n',
            (("a==1",), ("test",), "[tool.poetry.dev-dependencies]"),
        ),
    ],
)
def test_the_group_nearest_to_tests_is_chosen(
    tmp_path: Path, text: str, expected: tuple[tuple[str, ...], tuple[str, ...], str]
) -> None:
    assert read(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "install"),
    [
        (
            (
                '[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = "^3.10"\na = "^1"\n'
                'o = {version = "1", optional = true}\n[tool.poetry.group.dev.dependencies]\npytest = "*"\n'
            ),
            ["a>=1,<2", "pytest"],
        ),
        (
            (
                '[project]\nname = "x"\ndependencies = ["a>1"]\n[tool.pdm]\ndistribution = false\n'
                '[tool.pdm.dev-dependencies]\ntest = ["b"]\n'
            ),
            ["a>1", "b"],
        ),
    ],
)
def test_a_project_that_is_not_installed_itself_is_given_what_it_needs(
    tmp_path: Path, text: str, install: list[str]
) -> None:
    build = '[build-system]\nrequires = []\nbuild-backend = "x"\n'
    (tmp_path / "pyproject.toml").write_text(build + text, "utf-8")
    assert list(settings.load(tmp_path, {}).settings.install) == install


PDM = """
[tool.pdm.dev-dependencies]
lint = ["ruff"]
{} = [
    "pytest>=8",
    "-e file:///${{PROJECT_ROOT}}/sub#egg=sub[x]",
    "sub[y] @ file:///${{PROJECT_ROOT}}/sub",
    "-e file:///${{PROJECT_ROOT}}/gone#egg=gone",
]
"""


@pytest.mark.parametrize("name", ["test", "qa"])
def test_a_group_of_pdm_s_may_have_folders_of_the_repository(tmp_path: Path, name: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "pyproject.toml").write_text(PDM.format(name), "utf-8")
    found = from_tools(tmp_path, metadata.toml(tmp_path / "pyproject.toml"), GROUP_NAMES)
    assert found.arguments == ("pytest>=8", "-e", "./sub[x]", "./sub[y]")
    assert found.where == f"[tool.pdm.dev-dependencies] {name}"
