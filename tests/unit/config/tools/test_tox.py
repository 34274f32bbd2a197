"""tox's environments; the answers are those of `tox config -k deps extras dependency_groups` (4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.config import metadata
from covlane.config.tools import tox, tox_names
from covlane.config.tools.wanted import Requirements

if TYPE_CHECKING:
    from pathlib import Path


def read(root: Path, name: str, text: str) -> Requirements:
    (root / name).write_text(text, "utf-8")
    (root / "needs.txt").touch()
    return tox.read(root, metadata.toml(root / "pyproject.toml"))


CONDITIONS = """
[tox]
envlist = py{39,310}-unit, lint
[base]
deps =
    pytest
    !py39: attrs
[testenv]
deps =
    unit: {[base]deps}
    -r{toxinidir}/needs.txt
    {env:NOWHERE:toolz}
    {env:NOWHERE:}
    {base_python}
commands = pytest {posargs}
"""
BRACES = """
[tox]
envlist = lint, py{39,310}-unit
[testenv]
deps = pytest
[testenv:lint]
deps = ruff
commands = ruff check
[testenv:py{39,310}-unit]
deps = {[testenv]deps}
    attrs
commands = coverage run -m pytest
extras = test
"""
CHAIN = """
[tox]
envlist = a
[testenv:a]
commands = pytest
deps = {[testenv:b]deps}
[testenv:b]
deps =
    {[c]x}
    q
[c]
x =
    one
    two
"""
FOLDERS = """
[tox]
env_list =
    py312
    type
[testenv]
deps =
    .[dev, more]
    -e .[fast]
    -e {tox_root}/sub[x]
    {toxinidir}/sub
    {envname}-x
commands = pytest
"""
TOML = """
env_list = ["lint", { product = [["a"], ["b"]] }, { product = [["py310", "py311"], ["unit", "old"]] }, 3]
[env_run_base]
deps = ["pytest"]
extras = ["x"]
commands = [["pytest", { replace = "posargs", extend = true }]]
[env.lint]
deps = ["ruff"]
commands = [["ruff"]]
[env.py311-unit]
deps = [{ replace = "ref", of = ["env_run_base", "deps"], extend = true }, "b"]
dependency_groups = ["g"]
"""


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        (
            "tox.ini",
            CONDITIONS,
            Requirements(("pytest", "attrs", "-r", "needs.txt", "toolz"), where="tox.ini's [testenv]"),
        ),
        (
            "tox.ini",
            BRACES,
            Requirements(("pytest", "attrs"), ("test",), where="tox.ini's [testenv:py{39,310}-unit]"),
        ),
        ("tox.ini", CHAIN, Requirements(("one", "two", "q"), where="tox.ini's [testenv:a]")),
        (
            "tox.ini",
            FOLDERS,
            Requirements(
                ("-e", "./sub[x]", "./sub", "py312-x"), ("dev", "more", "fast"), where="tox.ini's [testenv]"
            ),
        ),
        ("tox.toml", TOML, Requirements(("pytest", "b"), ("x",), ("g",), "tox.toml's env.py311-unit")),
        (
            "setup.cfg",
            "[tox:tox]\nenvlist = py\n[testenv]\ndeps = pytest\n",
            Requirements(("pytest",), where="setup.cfg's [testenv]"),
        ),
        (
            "tox.ini",
            "[testenv:lint]\ndeps = ruff\n[testenv:test]\ndeps = one\ncommands = pytest\n",
            Requirements(("one",), where="tox.ini's [testenv:test]"),
        ),
        (
            "tox.toml",
            '[env_run_base]\ndeps = [{replace = "ref", env = "a", key = "deps"}]\n[env.a]\ndeps = ["one"]\n',
            Requirements(("one",), where="tox.toml's env_run_base"),
        ),
    ],
)
def test_the_environment_that_runs_pytest_is_read_as_tox_reads_it(
    tmp_path: Path, name: str, text: str, expected: Requirements
) -> None:
    assert read(tmp_path, name, text) == expected


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ("py39-x py310-x py311-x", "py311-x"),
        ("py39-django42 py310-django42 py310-django52 py313-django52", "py313-django52"),
        ("py310-django52 py313-django52 py313-djangomain", "py313-django52"),
        ("py310-django42 py310-django52", "py310-django52"),
        ("py310-plain py310-cov", "py310-plain"),
        ("py310 py3.11 py312t pypy3 unit", "py312t"),
        ("pypy-x unit", "pypy-x"),
        ("unit more", "unit"),
        ("", ""),
    ],
)
def test_the_factors_that_are_listed_with_most_pythons_stand_for_all(names: str, chosen: str) -> None:
    assert tox_names.chosen(names.split()) == chosen


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tox.ini", "[testenv]\ndeps = {[testenv]deps}\n"),
        ("tox.ini", "[testenv]\ndeps = {[gone]deps}\n"),
        ("tox.ini", "[testenv]\ndeps =\n"),
        ("setup.cfg", "[testenv]\ndeps = pytest\n"),
        ("tox.toml", '[env_run_base]\ndeps = [{replace = "ref", of = ["env_run_base", "deps"]}, 3]\n'),
        ("tox.toml", '[env]\na = 3\n[env_run_base]\ndeps = {a = 1}\nextras = [{replace = "ref"}]\n'),
    ],
)
def test_odd_values_say_nothing(tmp_path: Path, name: str, text: str) -> None:
    assert not any(read(tmp_path, name, text)[:3])


def test_headings_with_braces_that_multiply_cost_nothing(tmp_path: Path) -> None:
    name = "-".join(["{a,b,c,d}"] * 200)
    text = f"[tox]\nenvlist = {name}\n[testenv:{name}]\ndeps = one\ncommands = pytest\n"
    assert read(tmp_path, "tox.ini", text).arguments == ("one",)
