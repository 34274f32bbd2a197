"""Hatch's environments; the answers are those of `hatch env show --json` (1.18)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import settings
from covlane.config.installation import GROUP_NAMES
from covlane.config.tools import hatch

if TYPE_CHECKING:
    from pathlib import Path

    from covlane.config.tools.wanted import Requirements

MATRIX = """
[envs.test]
dependencies = ["pytest", "framework~={matrix:framework}", "{matrix:other:more}", "{matrix:gone}"]
[[envs.test.matrix]]
framework = ["4.2", "5.0"]
python = []
[envs.test.overrides.matrix]
framework.dependencies = [
    { value = "old", if = ["4.2"] },
    { value = "new", if = ["5.0"] },
    { value = "elsewhere", platform = ["windows"] },
    "both",
    4,
]
framework.set-features = ["fast"]
framework.scripts = ["x"]
gone.dependencies = ["y"]
"""


def read(root: Path, text: str) -> Requirements:
    (root / "hatch.toml").write_text(text, "utf-8")
    return hatch.read(root, {}, GROUP_NAMES)


@pytest.mark.parametrize(
    ("text", "arguments", "extras"),
    [
        (
            '[envs.default]\ndependencies = ["a"]\n[envs.test]\ndependencies = ["b"]\nextra-dependencies = ["c"]',
            ["b", "c"],
            [],
        ),
        (
            '[envs.default]\ndependencies = ["a"]\nfeatures = ["fast"]\n[envs.test]\nextra-dependencies = ["c"]',
            ["a", "c"],
            ["fast"],
        ),
        (
            '[envs.base]\ndependencies = ["m"]\nextra-dependencies = ["n"]\n[envs.test]\ntemplate = "base"',
            ["m", "n"],
            [],
        ),
        (
            '[envs.default]\nextra-dependencies = ["a"]\n[envs.test]\ndetached = true\ndependencies = ["b"]',
            ["b"],
            [],
        ),
        ('[envs.test]\ntemplate = "base"\n[envs.base]\ntemplate = "test"\ndependencies = ["a"]', ["a"], []),
        (MATRIX, ["pytest", "framework~=4.2", "more", "old", "both"], ["fast"]),
        (
            '[envs.test]\ndependencies = ["{env:CHOICE:w}", "{home}/x", "q[y] @ {root:uri}/sub", "demo[fast, more] @ {root:uri}"]',
            ["w", "./sub[y]"],
            ["fast", "more"],
        ),
    ],
)
def test_a_list_is_that_of_the_environment_else_of_its_template(
    tmp_path: Path, text: str, arguments: list[str], extras: list[str]
) -> None:
    found = read(tmp_path, text)
    assert (found.arguments, found.extras) == (tuple(arguments), tuple(extras))
    assert found.where == "hatch.toml's [envs.test]"


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["dev", "tests", "test", "hatch-test"], "test"),
        (["default", "dev", "hatch-test", "unit"], "hatch-test"),
        (["default", "lint", "dev", "unit"], "unit"),
        (["default", "lint", "dev"], "dev"),
        (["default", "lint"], "default"),
    ],
)
def test_the_environment_nearest_to_tests_is_chosen(tmp_path: Path, names: list[str], chosen: str) -> None:
    needs = {"unit": ["pytest-cov"]}
    tables = (f"[envs.{name}]\ndependencies = {needs.get(name, ['pytestlike'])}" for name in names)
    assert read(tmp_path, "\n".join(tables)).where == f"hatch.toml's [envs.{chosen}]"


def test_the_environment_of_hatch_test_has_its_plugins_but_for_what_it_switches_off(tmp_path: Path) -> None:
    has = ("pytest", "pytest-mock", "pytest-rerunfailures", "pytest-xdist[psutil]")
    assert read(tmp_path, '[envs.hatch-test]\nextra-dependencies = ["a"]').arguments == (*has, "a")
    assert read(tmp_path, '[envs.hatch-test]\ndependencies = ["a"]').arguments == ("a",)


def test_hatch_toml_goes_before_pyproject(tmp_path: Path) -> None:
    document = {"tool": {"hatch": {"envs": {"test": {"dependencies": ["a"]}}}}}
    assert hatch.read(tmp_path, document, GROUP_NAMES).arguments == ("a",)
    (tmp_path / "hatch.toml").write_text('[envs.dev]\ndependencies = ["b"]', "utf-8")
    assert hatch.read(tmp_path, document, GROUP_NAMES).arguments == ("b",)
    (tmp_path / "hatch.toml").write_text("[version]", "utf-8")
    assert hatch.read(tmp_path, document, GROUP_NAMES).arguments == ("a",)


def test_the_projects_of_a_workspace_are_installed_in_place(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "packages" / name).mkdir(parents=True)
        (tmp_path / "packages" / name / "pyproject.toml").touch()
    (tmp_path / "packages" / "notes").mkdir()
    members = '["packages/*", {path = "packages/one", features = ["x", "y"]}, {path = 3}, "../outside"]'
    found = read(tmp_path, f"[envs.test]\nworkspace.members = {members}")
    assert found.arguments == ("-e", "./packages/one", "-e", "./packages/two", "-e", "./packages/one[x,y]")


@pytest.mark.parametrize(
    "text", ["envs = 3", "[envs]\ntest = 3", "[envs.test]\nmatrix = 3\ntemplate = 4\nworkspace = 5", "[envs"]
)
def test_odd_tables_say_nothing(tmp_path: Path, text: str) -> None:
    assert not any(read(tmp_path, text)[:3])


def test_a_repository_with_hatch_toml_is_given_what_its_tests_need(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\n[project]\nname = "demo"\nversion = "1"\n'
    )
    (tmp_path / "hatch.toml").write_text('[envs.test]\ndependencies = ["a"]\nfeatures = ["x"]\n')
    found = settings.load(tmp_path, {})
    assert found.settings.install == ("-e", ".[x]", "a")
    assert found.origins["install"] == "detected: hatch.toml's [envs.test]"
