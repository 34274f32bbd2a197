"""What a repository shows of itself, layout by layout."""

from __future__ import annotations

import sys
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING

import pytest

from covlane.config import pythons, settings
from covlane.config.detection import detect

if TYPE_CHECKING:
    from pathlib import Path

THIS = f"3.{sys.version_info.minor}"


def repository(root: Path, files: str, **contents: str) -> Path:
    """Make the files of a repository: `files` by name and empty, `contents` by name (`_` before the suffix)."""
    for name in files.split():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    for name, text in contents.items():
        stem, _, suffix = name.rpartition("_")
        (root / f"{stem}.{suffix}").write_text(text, "utf-8")
    return root


def found(root: Path, key: str) -> tuple[str, ...]:
    value: tuple[str, ...] = getattr(settings.load(root, {}).settings, key)
    return value


def origin(root: Path, key: str) -> str:
    return settings.load(root, {}).origins[key]


def project(name: str = "demo", more: str = "") -> str:
    return f'[project]\nname = "{name}"\nversion = "1"\n{more}\n'


# Sources


@pytest.mark.parametrize(
    ("files", "source"),
    [
        ("src/demo/__init__.py tests/test_a.py", ["src/demo"]),
        ("src/demo/a.py", ["src/demo"]),  # a namespace package has no __init__.py
        ("src/demo/deep/er/a.py", ["src/demo"]),
        (
            "src/demo/__init__.py src/other/__init__.py src/single.py",
            ["src/demo", "src/other", "src/single.py"],
        ),
        ("src/demo/__init__.py src/demo.egg-info/PKG-INFO src/data/table.csv", ["src/demo"]),
        ("src/demo/__init__.py other/__init__.py", ["src/demo"]),
        ("lib/demo/__init__.py", ["lib/demo"]),
        ("demo/__init__.py tests/__init__.py docs/conf.py", ["demo"]),
        ("demo/__init__.py helpers/__init__.py", ["demo", "helpers"]),
        ("demo/__init__.py setup.py conftest.py noxfile.py tasks.py run.py", ["demo"]),
        ("demo.py test_demo.py setup.py", ["demo.py"]),
        ("other/__init__.py", ["other"]),
        ("src/style.css demo/__init__.py", ["demo"]),
        ("one.py two.py test_one.py", ["."]),
        ("README.md", ["."]),
        ("examples/__init__.py docs/__init__.py scripts/__init__.py run.py", ["."]),
        ("not-a-name/__init__.py", ["."]),
    ],
)
def test_the_sources_are_where_the_layout_has_them(tmp_path: Path, files: str, source: list[str]) -> None:
    repository(tmp_path, files, pyproject_toml=project())
    assert found(tmp_path, "source") == tuple(source)


@pytest.mark.parametrize(
    ("files", "layout"),
    [
        ("src/demo/__init__.py", "src layout"),
        ("lib/demo/__init__.py", "lib layout"),
        ("demo/__init__.py", "flat layout"),
        ("run.py", "a folder of scripts"),
    ],
)
def test_a_layout_is_named_as_the_origin(tmp_path: Path, files: str, layout: str) -> None:
    repository(tmp_path, files, pyproject_toml=project())
    assert origin(tmp_path, "source") == f"detected: {layout}"


@pytest.mark.parametrize("name", ["my-demo", "my_demo", "my.demo", "My-Demo", "MY--demo"])
def test_a_distribution_is_found_under_its_import_name(tmp_path: Path, name: str) -> None:
    repository(tmp_path, "my_demo.py run.py", pyproject_toml=project(name))
    assert found(tmp_path, "source") == ("my_demo.py",)


def test_a_dotted_name_is_a_namespace_package(tmp_path: Path) -> None:
    repository(tmp_path, "ours/demo/__init__.py", pyproject_toml=project("ours.demo"))
    assert found(tmp_path, "source") == ("ours/demo",)


def test_modules_that_setuptools_packs_are_sources(tmp_path: Path) -> None:
    repository(
        tmp_path, "one.py two.py", pyproject_toml='[tool.setuptools]\npy-modules = ["two"]\n' + project()
    )
    assert found(tmp_path, "source") == ("two.py",)


@pytest.mark.parametrize(
    "setup",
    [
        "from setuptools import setup\nsetup(name='demo')\n",
        "import setuptools\nsetuptools.setup(name='demo', **{})\n",
        "from setuptools import setup\nsetup(version=read(), name='demo', cmdclass={[]: 1})\n",
    ],
)
def test_a_name_is_read_from_setup_py_without_running_it(tmp_path: Path, setup: str) -> None:
    repository(tmp_path, "demo.py run.py", setup_py=setup + "raise SystemExit('it was run')\n")
    assert found(tmp_path, "source") == ("demo.py",)


def test_a_name_is_read_from_setup_cfg(tmp_path: Path) -> None:
    repository(tmp_path, "demo.py run.py", setup_cfg="[metadata]\nname = demo\n")
    assert found(tmp_path, "source") == ("demo.py",)


@pytest.mark.parametrize("broken", ["setup_py", "setup_cfg"])
@pytest.mark.parametrize("content", ["(((", "[x\n\x00", "setup("])
def test_an_old_file_that_cannot_be_read_says_nothing(tmp_path: Path, broken: str, content: str) -> None:
    repository(tmp_path, "demo/__init__.py", **{broken: content})
    assert found(tmp_path, "source") == ("demo",)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[tool]\n",
        "tool = 1\n",
        "[tool]\npytest = 1\nsetuptools = 2\nuv = 3\n",
        "project = 1\n",
        "dependency-groups = 1\n",
    ],
)
def test_a_pyproject_of_odd_tables_says_nothing(tmp_path: Path, text: str) -> None:
    repository(tmp_path, "demo/__init__.py", pyproject_toml=text)
    assert found(tmp_path, "source") == ("demo",)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ('[tool.hatch.build.targets.wheel]\npackages = ["ci/demo"]\n', ["ci/demo"]),
        ('[tool.setuptools.packages.find]\nwhere = ["ci"]\n', ["ci/demo"]),
        ('[tool.setuptools.package-dir]\n"" = "ci"\n', ["ci/demo"]),
        ('[[tool.poetry.packages]]\ninclude = "demo"\nfrom = "ci"\n', ["ci/demo"]),
        ('[tool.hatch.build.targets.wheel]\npackages = ["gone"]\n', ["src/demo"]),
        ('[tool.hatch.build.targets.wheel]\npackages = ["../demo"]\n', ["src/demo"]),
    ],
)
def test_the_sources_are_what_the_build_backend_packs_where_that_is_there(
    tmp_path: Path, text: str, source: list[str]
) -> None:
    repository(tmp_path, "ci/demo/__init__.py src/demo/__init__.py", pyproject_toml=text + project())
    assert found(tmp_path, "source") == tuple(source)


# Pythons


@pytest.fixture(autouse=True)
def _the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pythons, "today", lambda: date(2026, 12, 1))


def test_the_table_of_pythons_is_kept() -> None:
    table = [*pythons.END_OF_LIFE.values()]
    assert table == sorted(table)
    assert datetime.now(timezone.utc).date() < pythons.NEWEST_SINCE.replace(
        year=pythons.NEWEST_SINCE.year + 1
    ), "another Python came out since: add it to END_OF_LIFE, from https://devguide.python.org/versions/"


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    text = project(more='classifiers = ["Programming Language :: Python :: 3.9"]\nrequires-python = ">=3.9"')
    repository(tmp_path, "", pyproject_toml=text)
    assert (
        origin(tmp_path, "pythons") == "detected: requires-python (3.9 left out: legs run on 3.10 and later)"
    )


@pytest.mark.parametrize(
    ("more", "names"),
    [
        ('requires-python = ">=3.12"', ["3.12", "3.13", "3.14", "3.15"]),
        ('requires-python = ">=3.10,<3.12"', ["3.11"]),
        ('requires-python = "==3.10.*"', ["3.10"]),
        ('requires-python = ">=3.16"', ["3.16"]),
        (
            'classifiers = ["Programming Language :: Python :: 3.15", "Programming Language :: Python :: 3.16"]',
            ["3.15", "3.16"],
        ),
        (
            'classifiers = ["Programming Language :: Python :: 3.9", "Programming Language :: Python :: 3.10"]',
            ["3.10"],
        ),
        ('requires-python = ">=3.12.4,<3.14"', ["3.12", "3.13"]),
        ('requires-python = "==3.11.4"', ["3.11"]),
        ('requires-python = "~=3.12.3"', ["3.12"]),
        ('requires-python = ">=2.7"', ["3.11", "3.12", "3.13", "3.14", "3.15"]),
        ('classifiers = ["Programming Language :: Python :: 3.13"]', ["3.13"]),
        (
            'classifiers = ["Programming Language :: Python :: 3.13", "Programming Language :: Python :: 3.10"]',
            ["3.10", "3.13"],
        ),
        (
            'classifiers = ["Programming Language :: Python :: 3.10", "Programming Language :: Python :: 3.12"]\nrequires-python = ">=3.11"',
            ["3.12"],
        ),
        (
            'requires-python = ">=3.13"\nclassifiers = ["Programming Language :: Python :: 3 :: Only"]',
            ["3.13", "3.14", "3.15"],
        ),
        (
            'requires-python = ">=3.13"\nclassifiers = ["Programming Language :: Python :: 3.6"]',
            ["3.13", "3.14", "3.15"],
        ),
        ('classifiers = ["Programming Language :: Python :: 3"]', [THIS]),
        ('requires-python = "newer"', [THIS]),
        ('requires-python = "<3"', [THIS]),
        ("", [THIS]),
    ],
)
def test_the_pythons_are_those_that_the_project_names(tmp_path: Path, more: str, names: list[str]) -> None:
    repository(tmp_path, "", pyproject_toml=project(more=more))
    assert found(tmp_path, "pythons") == tuple(names)


def test_the_pythons_are_read_from_setup_cfg(tmp_path: Path) -> None:
    repository(tmp_path, "", setup_cfg="[options]\npython_requires = >=3.13\n")
    assert found(tmp_path, "pythons") == ("3.13", "3.14", "3.15")


def test_classifiers_are_read_from_setup_cfg(tmp_path: Path) -> None:
    lines = "\n  Programming Language :: Python :: 3.10\n  Programming Language :: Python :: 3.11\n"
    repository(tmp_path, "", setup_cfg=f"[metadata]\nclassifiers ={lines}")
    assert found(tmp_path, "pythons") == ("3.10", "3.11")


def test_the_pythons_are_read_from_setup_py(tmp_path: Path) -> None:
    repository(tmp_path, "", setup_py="setup(python_requires='>=3.13')")
    assert found(tmp_path, "pythons") == ("3.13", "3.14", "3.15")


def test_without_any_word_of_pythons_the_one_that_runs_is_measured(tmp_path: Path) -> None:
    assert origin(tmp_path, "pythons") == "detected: the Python that runs covlane"


# What is installed


PACKED = '[build-system]\nrequires = []\n[project]\nname = "demo"\nversion = "1"\n'
EXTRAS = '[project.optional-dependencies]\ntest = ["x"]\n'
GROUPS = '[dependency-groups]\ntest = ["x"]\n'
SETUP_CFG = "[metadata]\nname = demo\n[options.extras_require]\n"
OTHER_EXTRAS = '[project.optional-dependencies]\nfast = ["x"]\nall = ["?", 1, "pytest>=8"]\nci = ["pytest"]\n'
OTHER_GROUPS = (
    '[dependency-groups]\nlint = ["pytest-x"]\ncheck = [{include-group = "lint"}, "pytest[y]>=8"]\n'
)


@pytest.mark.parametrize(
    ("text", "files", "install", "groups"),
    [
        (PACKED, "", ["-e", "."], []),
        (PACKED + GROUPS, "", ["-e", "."], ["test"]),
        (PACKED + EXTRAS, "", ["-e", ".[test]"], []),
        (PACKED + EXTRAS + GROUPS, "requirements-test.txt", ["-e", "."], ["test"]),
        (PACKED + EXTRAS, "requirements-test.txt", ["-e", ".[test]"], []),
        (PACKED + OTHER_EXTRAS, "requirements-dev.txt", ["-e", ".[all]"], []),
        (PACKED + OTHER_EXTRAS + OTHER_GROUPS, "", ["-e", "."], ["check"]),
        (PACKED + OTHER_EXTRAS, "requirements-test.txt", ["-e", ".", "-r", "requirements-test.txt"], []),
        (OTHER_EXTRAS, "", [], []),
        (PACKED, "requirements-test.txt", ["-e", ".", "-r", "requirements-test.txt"], []),
        (PACKED, "test-requirements.txt", ["-e", ".", "-r", "test-requirements.txt"], []),
        (PACKED, "requirements/test.txt", ["-e", ".", "-r", "requirements/test.txt"], []),
        (
            PACKED,
            "requirements/pytest.txt requirements/pytest-more.txt",
            ["-e", ".", "-r", "requirements/pytest.txt"],
            [],
        ),
        (
            PACKED + 'dependencies = ["x"]\n',
            "requirements.txt",
            ["-e", "."],
            [],
        ),  # the project says itself what it needs
        (PACKED, "requirements.txt", ["-e", ".", "-r", "requirements.txt"], []),
        (PACKED, "requirements-dev.txt", ["-e", ".", "-r", "requirements-dev.txt"], []),
        (PACKED, "requirements/dev.txt tox.ini", ["-e", ".", "-r", "requirements/dev.txt"], []),
        (
            PACKED,
            "requirements-dev.txt test-requirements.txt",
            ["-e", ".", "-r", "test-requirements.txt"],
            [],
        ),
        ("", "requirements.txt", ["-r", "requirements.txt"], []),
        (
            "",
            "requirements.txt requirements_test.txt",
            ["-r", "requirements.txt", "-r", "requirements_test.txt"],
            [],
        ),
        (GROUPS, "requirements.txt", ["-r", "requirements.txt"], ["test"]),
        (
            "[tool.uv]\npackage = false\n" + PACKED + 'dependencies = ["x>1"]\n' + GROUPS,
            "requirements.txt uv.lock",
            ["x>1"],
            ["test"],
        ),
        ("", "", [], []),
        ("[tool.uv]\npackage = false\n" + PACKED + GROUPS, "", [], ["test"]),
        ('[project]\nname = "demo"\n', "", ["-e", "."], []),
    ],
)
def test_what_tests_need_is_a_group_else_an_extra_else_a_file_else_pytest_alone(
    tmp_path: Path, text: str, files: str, install: list[str], groups: list[str]
) -> None:
    repository(tmp_path, files, pyproject_toml=text)
    assert (found(tmp_path, "install"), found(tmp_path, "groups")) == (tuple(install), tuple(groups))


FACTORS = """
[tox]
envlist = py39-unit, py{310,311}-{unit,doctest}, lint
[testenv]
deps =
    # what each needs
    unit: pytest  # and
    unit,doctest: one; python_version > "3"
    !unit: two
    py39-!doctest: three
    -r{toxinidir}/needs.txt
    -r nowhere.txt
    four @ https://example.com/four.zip
    {[base]deps}
extras = unit: fast, plots
commands =
    doctest: sphinx-build
    unit: pytest {posargs}
[testenv:lint]
commands = pytest --lint
"""


POETRY = """
python = "^3.9"
a = "^1.2"
b = "^0.0.3"
c = "~1.2.3"
d = "*"
e = "1.*"
f = ">=1.0 <2, !=1.5"
g = "3"
h = {version = "^1", extras = ["x", "y"], python = "^3.9"}
i = {version = "~=1.4", markers = "sys_platform == 'linux'"}
j = "^1 || ^3"
k = {path = "../k"}
l = [{version = "1", python = "<3.10"}]
"""


@pytest.mark.parametrize(
    ("name", "text", "install", "groups"),
    [
        (
            "tox.ini",
            FACTORS,
            [
                "-e",
                ".[fast,plots]",
                "pytest",
                'one; python_version > "3"',
                "-r",
                "needs.txt",
                "four @ https://example.com/four.zip",
            ],
            [],
        ),
        ("tox.ini", "[testenv]\ndeps = pytest\n    attrs\n", ["-e", ".", "pytest", "attrs"], []),
        (
            "tox.ini",
            "[testenv]\ndependency_groups =\n    tests: more\n    unit\n",
            ["-e", "."],
            ["unit"],
        ),
        ("tox.ini", "[tox]\nenvlist = py\n", ["-e", "."], []),
        ("tox.ini", "[testenv", ["-e", "."], []),
        (
            "tox.toml",
            '[env_run_base]\ndeps = ["attrs", {replace = "env"}]\nextras = ["fast"]\ndependency_groups = ["unit"]\n',
            ["-e", ".[fast]", "attrs"],
            ["unit"],
        ),
        ("tox.toml", "[env_run_base]\ndeps = 3\n", ["-e", "."], []),
        (
            "pyproject.toml",
            PACKED + '[tool.tox]\nlegacy_tox_ini = """\n[testenv]\ndeps = attrs\n"""\n',
            ["-e", ".", "attrs"],
            [],
        ),
        (
            "pyproject.toml",
            PACKED + '[tool.uv]\ndev-dependencies = ["attrs>=3", 4]\n',
            ["-e", ".", "attrs>=3"],
            [],
        ),
        (
            "pyproject.toml",
            PACKED + '[tool.pdm.dev-dependencies]\nlint = ["ruff"]\ntests = ["attrs"]\n',
            ["-e", ".", "attrs"],
            [],
        ),
        (
            "pyproject.toml",
            PACKED
            + '[tool.hatch.envs.default]\ndependencies = ["attrs", "x @ {root:uri}"]\n'
            + '[tool.hatch.envs.test]\nextra-dependencies = ["toolz"]\nfeatures = ["fast"]\ndependency-groups = ["unit"]\n',
            ["-e", ".[fast]", "attrs", "toolz"],
            ["unit"],
        ),
        (
            "pyproject.toml",
            PACKED + "[tool.poetry.group.test.dependencies]\n" + POETRY,
            [
                "-e",
                ".",
                "a>=1.2,<2",
                "b>=0.0.3,<0.0.4",
                "c>=1.2.3,<1.3",
                "d",
                "e==1.*",
                "f>=1.0,<2,!=1.5",
                "g==3",
                "h[x,y]>=1,<2; python_version >= '3.9' and python_version < '4'",
                "i~=1.4; sys_platform == 'linux'",
                "j>=1,<4",
                "l==1; python_version < '3.10'",
            ],
            [],
        ),
        (
            "pyproject.toml",
            PACKED + '[tool.poetry.dev-dependencies]\nattrs = "*"\n',
            ["-e", ".", "attrs"],
            [],
        ),
        ("pyproject.toml", PACKED + '[tool.tox.env_run_base]\nextras = ["fast"]\n', ["-e", ".[fast]"], []),
    ],
)
def test_where_only_the_tool_that_runs_tests_knows_what_they_need_it_is_asked(
    tmp_path: Path, name: str, text: str, install: list[str], groups: list[str]
) -> None:
    repository(tmp_path, "needs.txt", pyproject_toml=PACKED)
    (tmp_path / name).write_text(text, "utf-8")
    assert (found(tmp_path, "install"), found(tmp_path, "groups")) == (tuple(install), tuple(groups))


def test_braces_that_multiply_cost_nothing(tmp_path: Path) -> None:
    name = "-".join(["{a,b,c,d}"] * 200)
    repository(tmp_path, "", pyproject_toml=PACKED)
    (tmp_path / "tox.ini").write_text(f"[tox]\nenvlist = {name}\n[testenv]\ndeps = {name}: x\n", "utf-8")
    assert found(tmp_path, "install") == ("-e", ".")


@pytest.mark.parametrize(
    ("files", "given", "locked"),
    [
        ("", {}, False),
        ("uv.lock", {}, True),
        ("uv.lock requirements-test.txt", {}, False),
        ("uv.lock requirements-test.txt", {"install": ("-e", ".")}, True),
        ("uv.lock", {"install": ("-e", ".", "-c", "limits.txt")}, False),
        ("uv.lock", {"install": ("-e", ".", "-rlimits.txt")}, False),
        ("uv.lock", {"install": ("-e", ".", "--constraint=limits.txt")}, False),
    ],
)
def test_a_lock_counts_where_no_file_of_requirements_does(
    tmp_path: Path, files: str, given: dict[str, object], locked: bool
) -> None:
    repository(tmp_path, files, pyproject_toml=PACKED)
    found = detect(tmp_path, settings.read_pyproject(tmp_path), given=given)
    assert found["locked"][0] is locked


@pytest.mark.parametrize("names", [["dev", "testing", "tests", "test"], ["dev", "tests"], ["dev"]])
def test_the_name_nearest_to_test_is_chosen(tmp_path: Path, names: list[str]) -> None:
    repository(tmp_path, "", pyproject_toml="[dependency-groups]\n" + "".join(f"{n} = []\n" for n in names))
    assert found(tmp_path, "groups") == (names[-1],)


def test_a_group_of_another_name_is_not_installed(tmp_path: Path) -> None:
    repository(tmp_path, "", pyproject_toml="[dependency-groups]\nlint = []\n")
    assert found(tmp_path, "groups") == ()


def test_an_extra_keeps_its_spelling(tmp_path: Path) -> None:
    repository(tmp_path, "", pyproject_toml=PACKED + "[project.optional-dependencies]\nTesting = []\n")
    assert found(tmp_path, "install") == ("-e", ".[Testing]")


@pytest.mark.parametrize(
    ("contents", "extra"),
    [
        ({"setup_py": "setup(name='demo', extras_require={'tests': ['x']})"}, "tests"),
        ({"setup_py": "setup(name='demo', extras_require={'a': 'x', 'all': ['pytest']})"}, "all"),
        ({"setup_cfg": SETUP_CFG + "tests =\n  x\n"}, "tests"),
        ({"setup_cfg": SETUP_CFG + "a = x\nall =\n  y\n  pytest\n"}, "all"),
    ],
    ids=["setup.py", "setup.py, by pytest", "setup.cfg", "setup.cfg, by pytest"],
)
def test_an_extra_is_read_from_the_old_files(tmp_path: Path, contents: dict[str, str], extra: str) -> None:
    repository(tmp_path, "", **contents)
    assert found(tmp_path, "install") == ("-e", f".[{extra}]")


# Tests, and what is omitted


@pytest.mark.parametrize(
    ("files", "tests"),
    [
        ("tests/a.py", ["tests"]),
        ("test/a.py", ["test"]),
        ("tests/a.py test/a.py testing/a.py", ["tests", "test", "testing"]),
        ("demo/a.py", []),
        ("tests", []),  # a file
    ],
)
def test_the_tests_are_in_the_folders_of_that_name(tmp_path: Path, files: str, tests: list[str]) -> None:
    repository(tmp_path, files)
    assert found(tmp_path, "tests") == tuple(tests)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject_toml", '[tool.pytest.ini_options]\ntestpaths = ["checks", "demo/checks"]\n'),
        ("pyproject_toml", '[tool.pytest.ini_options]\ntestpaths = "checks demo/checks"\n'),
        ("pyproject_toml", '[tool.pytest]\ntestpaths = ["checks", "demo/checks"]\n'),
        ("pyproject_toml", '[tool.pytest.ini_options]\ntestpaths = ["./checks/", "demo//checks"]\n'),
        ("pytest_ini", "[pytest]\ntestpaths = checks demo/checks\n"),
        ("pytest_ini", "[pytest]\ntestpaths =\n  checks\n  demo/checks\n"),
        ("setup_cfg", "[tool:pytest]\ntestpaths = checks demo/checks\n"),
        ("tox_ini", "[pytest]\ntestpaths = checks demo/checks\n"),
    ],
)
def test_the_tests_are_where_pytest_is_told_to_look(tmp_path: Path, file: str, text: str) -> None:
    repository(tmp_path, "tests/a.py checks/a.py demo/checks/a.py", **{file: text})
    assert found(tmp_path, "tests") == ("checks", "demo/checks")


@pytest.mark.parametrize("path", ["gone", "../elsewhere", "/", "3"])
def test_a_testpath_that_is_not_in_the_repository_is_passed_over(tmp_path: Path, path: str) -> None:
    root = tmp_path / "repository"
    (tmp_path / "elsewhere").mkdir()
    text = f'[tool.pytest.ini_options]\ntestpaths = ["{path}"]\n'
    (root / "tests").mkdir(parents=True)
    repository(root, "", pyproject_toml=text)
    assert found(root, "tests") == ("tests",)


@pytest.mark.parametrize("value", ["1", "[1]", "{}", "true"])
def test_testpaths_of_a_wrong_type_are_pytest_s_to_refuse(tmp_path: Path, value: str) -> None:
    repository(tmp_path, "tests/a.py", pyproject_toml=f"[tool.pytest.ini_options]\ntestpaths = {value}\n")
    assert found(tmp_path, "tests") == ("tests",)


@pytest.mark.parametrize(
    ("files", "omit"),
    [
        ("src/demo/__init__.py src/demo/tests/a.py tests/a.py", ["src/demo/tests/**"]),
        ("demo/__init__.py demo/tests/a.py demo/sub/test/test_a.py", ["demo/sub/test/**", "demo/tests/**"]),
        ("demo/__init__.py demo/_tests/a.py demo/_test/b/a_test.py", ["demo/_test/**", "demo/_tests/**"]),
        ("demo/__init__.py demo/test/client.py demo/tests", []),
        ("demo/__init__.py tests/a.py", []),
        ("demo/__init__.py demo/tests.py demo/testing/a.py", []),
    ],
)
def test_tests_below_the_sources_are_omitted(tmp_path: Path, files: str, omit: list[str]) -> None:
    repository(tmp_path, files)
    assert found(tmp_path, "omit") == tuple(omit)


def test_a_testpath_below_the_sources_is_omitted(tmp_path: Path) -> None:
    text = '[tool.pytest.ini_options]\ntestpaths = ["demo/checks"]\n'
    repository(tmp_path, "demo/__init__.py demo/checks/a.py", pyproject_toml=text)
    assert found(tmp_path, "omit") == ("demo/checks/**",)


def test_a_testpath_that_is_the_source_itself_is_not_omitted(tmp_path: Path) -> None:
    text = '[tool.pytest.ini_options]\ntestpaths = ["demo"]\n'
    repository(tmp_path, "demo/__init__.py demo/test_a.py", pyproject_toml=text)
    assert found(tmp_path, "omit") == ()


def test_in_a_folder_of_scripts_a_testpath_that_is_the_folder_is_not_omitted(tmp_path: Path) -> None:
    text = '[tool.pytest.ini_options]\ntestpaths = ["."]\n'
    repository(tmp_path, "run.py", pyproject_toml=text)
    assert "./**" not in found(tmp_path, "omit")


@pytest.mark.parametrize(
    "pattern",
    ["setup.py", "noxfile.py", "tasks.py", "**/conftest.py", "test_*.py", "**/test_*.py", "tests/**"],
)
def test_in_a_folder_of_scripts_what_serves_the_tests_is_omitted(tmp_path: Path, pattern: str) -> None:
    repository(tmp_path, "run.py tests/test_run.py")
    assert pattern in found(tmp_path, "omit")


def test_what_is_omitted_follows_the_sources_that_are_set(tmp_path: Path) -> None:
    text = '[tool.covlane]\nsource = ["other"]\n'
    repository(tmp_path, "src/demo/tests/a.py other/tests/a.py", pyproject_toml=text)
    assert found(tmp_path, "omit") == ("other/tests/**",)


def test_what_is_omitted_follows_the_tests_that_are_set(tmp_path: Path) -> None:
    text = '[tool.covlane]\ntests = ["demo/checks"]\n'
    repository(tmp_path, "demo/__init__.py demo/checks/a.py", pyproject_toml=text)
    assert found(tmp_path, "omit") == ("demo/checks/**",)
