"""`source` names folders, files, packages and globs; a leg measures paths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import settings
from covlane.config.sources import check, measured, resolve
from covlane.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FILES = (
    "flat/a.py",
    "src/pkg/__init__.py",
    "src/pkg/sub/core/b.py",
    "src/pkg/core/c.py",
    "lib/one.py",
    "packages/x/src/d.py",
    "packages/y/src/e.py",
    "packages/[z]/src/f.py",
    "packages/y/src/data.txt",
    "code/own/g.py",
    "left/ns/h.py",
    "right/ns/i.py",
    "bin/tool",
    ".nox/leg/lib/python3.12/site-packages/pkg/core/j.py",
    "env/lib/python3.12/site-packages/pkg/core/k.py",
    "empty/data.txt",
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("flat", ["flat"]),
        ("./flat/", ["flat"]),
        ("src\\pkg", ["src/pkg"]),
        ("lib/one.py", ["lib/one.py"]),
        ("bin/tool", ["bin/tool"]),
        (".", ["."]),
        ("pkg", ["src/pkg"]),
        ("pkg.sub", ["src/pkg/sub"]),
        ("one", ["lib/one.py"]),
        ("packages/*/src", ["packages/[z]/src", "packages/x/src", "packages/y/src"]),
        ("packages/?/src/*", ["packages/x/src/d.py", "packages/y/src/e.py"]),
        ("packages/[z]/*", ["packages/[z]/src"]),
        ("src/**/core", ["src/pkg/core", "src/pkg/sub/core"]),
        ("**/core", ["src/pkg/core", "src/pkg/sub/core"]),
        (".nox/*", [".nox/leg"]),
        ("absent", ["absent"]),
        ("absent/*", ["absent/*"]),
        ("a**/b", ["a**/b"]),
        ("/*", ["/*"]),
    ],
)
def test_a_source_stands_for_paths(root: Path, source: str, paths: list[str]) -> None:
    assert sorted(resolve(root, [source])) == paths


def test_a_package_lies_beside_other_sources_too(root: Path) -> None:
    assert resolve(root, ["flat", "own"]) == ("flat", "own")
    assert resolve(root, ["code/own/g.py", "packages/x/src", "own"], ["code/own"])[-1] == "code/own"


def test_a_package_in_several_roots_is_all_of_them(root: Path) -> None:
    assert resolve(root, ["ns"], ["left/ns", "right/ns"]) == ("left/ns", "right/ns")


def test_a_path_is_named_once(root: Path) -> None:
    assert resolve(root, ["src/pkg", "pkg", "src/*"]) == ("src/pkg",)


def test_the_settings_hold_the_paths_and_leave_the_tests_below_them_out(root: Path) -> None:
    (root / "src" / "pkg" / "tests").mkdir()
    (root / "pyproject.toml").write_text('[tool.covlane]\nsource = ["pkg"]\n')
    chosen = settings.load(root, {})
    assert chosen.settings.source == ("src/pkg",)
    assert chosen.settings.omit == ("src/pkg/tests/**",)
    assert chosen.origins["source"] == "pyproject.toml [tool.covlane]"


@pytest.mark.parametrize("key", ["source", "pythons"])
def test_no_source_and_no_python_measure_nothing_and_are_refused(root: Path, key: str) -> None:
    (root / "pyproject.toml").write_text(f"[tool.covlane]\n{key} = []\n")
    with pytest.raises(UsageError, match=rf"{key} is \[\]; it takes at least one"):
        settings.load(root, {})


@pytest.mark.parametrize("pattern", ["", ".", "^", ".*"])
def test_a_pattern_that_excludes_every_line_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(
        UsageError, match="it takes patterns that match some lines, and this one matches every line"
    ):
        settings.load(root, {"COVLANE_EXCLUDE_ALSO": f'["{pattern}"]'})


@pytest.mark.parametrize("name", ["absent/folder", "absent.py", "packages/*/lib", "my-package"])
def test_what_no_leg_can_find_is_refused(root: Path, name: str) -> None:
    with pytest.raises(
        UsageError, match="does not match a file, folder or package of this repository"
    ) as caught:
        check(root, resolve(root, [name]))
    assert caught.value.exit_code == 2
    assert name in caught.value.cause


def test_a_folder_without_python_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="the source empty contains no Python file"):
        check(root, ["empty"])


def plan(root: Path, source: Iterable[str], *places: object) -> list[str]:
    return measured(root, source, lambda _: [str(place) for place in places])


def test_a_package_may_be_where_the_environment_of_the_leg_says(root: Path) -> None:
    check(root, ["mapped"])
    assert plan(root, ["mapped"], root / "code" / "own") == ["code/own"]


def test_a_package_that_nobody_knows_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="the source absent does not match a file, folder or package"):
        plan(root, ["absent"])


@pytest.mark.parametrize("place", ["/usr/lib/python3/other", ".nox/leg/lib/python3.12/site-packages/pkg"])
def test_what_is_installed_from_elsewhere_is_refused(root: Path, place: str) -> None:
    with pytest.raises(UsageError, match="the source other is installed at") as caught:
        plan(root, ["other"], root / place)
    assert caught.value.cause.endswith(f"{place}, which is outside this repository")


@pytest.mark.parametrize(
    ("link", "target", "found"),
    [
        ("flat/code", "../code", ["flat/code"]),
        ("flat/one.py", "../lib/one.py", ["flat/one.py"]),
        ("flat/data.txt", "../empty/data.txt", []),
        ("flat/again", ".", []),
        ("flat/up", "..", []),
        ("flat/nowhere.py", "nowhere.py", []),
        ("flat/gone.py", "../code/gone.py", []),
        ("flat/outside", "/usr/lib", []),
        ("flat/.hidden/code", "../../code", []),
    ],
)
def test_a_link_to_code_of_the_repository_is_a_source(
    root: Path, link: str, target: str, found: list[str]
) -> None:
    (root / link).parent.mkdir(exist_ok=True)
    (root / link).symlink_to(target)
    assert plan(root, ["flat"]) == ["flat", *found]


def test_a_link_below_a_link_is_followed_and_a_target_has_one_name(root: Path) -> None:
    (root / "flat" / "code").symlink_to("../code")
    (root / "flat" / "code2").symlink_to("../code")
    (root / "code" / "own" / "lib").symlink_to("../../lib")
    assert plan(root, ["flat"]) in (
        ["flat", "flat/code", "flat/code/own/lib"],
        ["flat", "flat/code2", "flat/code2/own/lib"],
    )
