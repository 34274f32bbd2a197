"""`[tool.covlane]` and COVLANE_*: each value with its origin, or one sentence on what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from covlane.config import settings
from covlane.errors import UsageError
from covlane.model.rules import MinimumCoverage

if TYPE_CHECKING:
    from pathlib import Path

#: For every key: what the table may say, what the environment may say, and what both come to.
EVERY_KEY: dict[str, tuple[str, str, Any]] = {
    "source": ('["a", "b/c.py"]', "a, b/c.py", ("a", "b/c.py")),
    "omit": ('["a/**"]', "a/**", ("a/**",)),
    "tests": ('["checks"]', "checks", ("checks",)),
    "pythons": ('["3.10", "3.13t"]', "3.10,3.13t", ("3.10", "3.13t")),
    "branch": ("false", "false", False),
    "subprocess": ("false", "false", False),
    "contexts": ("true", "true", True),
    "engine": ('"coverage"', "coverage", "coverage"),
    "canary": ("false", "false", False),
    "isolation": ('"forked"', "forked", "forked"),
    "workers": ("4", "4", 4),
    "shards": ("3", "3", 3),
    "install": ('["-e", ".[x]"]', "-e,.[x]", ("-e", ".[x]")),
    "groups": ('["checks"]', "checks", ("checks",)),
    "pytest-args": ('["-m", "not slow"]', "-m, not slow", ("-m", "not slow")),
    "locked": ("true", "true", True),
    "exclude-lines": ('["a{1}b"]', "a{1}b", ("a{1}b",)),
    "exclude-also": ('["never", "ever"]', "never,ever", ("never", "ever")),
    "partial-branches": ('["never", "ever"]', "never,ever", ("never", "ever")),
    "partial-also": ('["never", "ever"]', "never,ever", ("never", "ever")),
    "reports": ('"out/coverage"', "out/coverage", "out/coverage"),
    "names": ('"project"', "project", "project"),
    "cache": ('"build/kept"', "build/kept", "build/kept"),
    "prefix": ('"lane-"', "lane-", "lane-"),
    "covlane-requirement": (
        '"covlane @ git+https://h/c@1"',
        "covlane @ git+https://h/c@1",
        "covlane @ git+https://h/c@1",
    ),
    "html": ("false", "false", False),
    "thresholds": ("[50, 90.5]", "50, 90.5", (50, 90.5)),
    "paths": ('{a = ["src", "*/lib"]}', '{a = ["src", "*/lib"]}', {"a": ("src", "*/lib")}),
    "components": (
        '{api = {source = ["a"], flags = ["x"]}}',
        "{api={source=['a'],flags=['x']}}",
        {"api": settings.Component(source=("a",), flags=("x",))},
    ),
    "gate.total": ("80.5", "80.5", 80.5),
    "gate.total-line": ("84.99", "84.99", 84.99),
    "gate.total-branch": ("80", "80", 80.0),
    "gate.patch": ("0", "0", 0.0),
    "gate.patch-missing": ("0", "0", 0),
    "gate.new-files": ("100", "100", 100.0),
    "gate.ratchet": ("true", "true", True),
    "gate.files": (
        '{"a/**" = 90, "*" = {branch = 1.5, together = true}}',
        '{"a/**" = 90, "*" = {branch = 1.5, together = true}}',
        {"a/**": 90.0, "*": MinimumCoverage(branch=1.5, together=True)},
    ),
    "gate.components": ("{api = 90}", "{api = 90}", {"api": 90.0}),
    "baseline.store": ('"notes"', "notes", "notes"),
    "baseline.path": ('"kept/baseline.json"', "kept/baseline.json", "kept/baseline.json"),
    "codescene.upload": ("false", "false", False),
    "codescene.url": ('"https://codescene.example/v2"',) + ("https://codescene.example/v2",) * 2,
    "codescene.via": ('"rest"', "rest", "rest"),
    "codescene.downloads": ('"https://mirror.example"', "https://mirror.example", "https://mirror.example"),
    "codescene.branches": ('["main", "release/*"]', "main,release/*", ("main", "release/*")),
    "codescene.project": ('"42"', "42", "42"),
    "codescene.line-coverage": ('"lcov"', "lcov", "lcov"),
    "codescene.secrets": ('["PYPI_TOKEN", "AWS_*"]', "PYPI_TOKEN,AWS_*", ("PYPI_TOKEN", "AWS_*")),
    "github.runner": ('"self-hosted"', "self-hosted", "self-hosted"),
    "github.systems": ('{linux = "l"}', '{linux = "l"}', {"linux": "l"}),
    "github.timeout": ("9", "9", 9),
    "github.default-branch": ('"trunk"', "trunk", "trunk"),
    "github.lane": ('"fast tests"', "fast tests", "fast tests"),
    "github.comment": ('"never"', "never", "never"),
    "github.code-quality": ("true", "true", True),
    "github.events": ('["merge_group"]', "merge_group", ("merge_group",)),
    "github.schedule": ('"0 4 * * 1"', "0 4 * * 1", "0 4 * * 1"),
    "github.cache": ("true", "true", True),
    "github.environment": ('"codescene"', "codescene", "codescene"),
    "github.requirements": ('".github/covlane.txt"', ".github/covlane.txt", ".github/covlane.txt"),
}
VARIABLES = {
    "source": "COVLANE_SOURCE",
    "omit": "COVLANE_OMIT",
    "tests": "COVLANE_TESTS",
    "pythons": "COVLANE_PYTHONS",
    "branch": "COVLANE_BRANCH",
    "subprocess": "COVLANE_SUBPROCESS",
    "contexts": "COVLANE_CONTEXTS",
    "engine": "COVLANE_ENGINE",
    "canary": "COVLANE_CANARY",
    "isolation": "COVLANE_ISOLATION",
    "workers": "COVLANE_WORKERS",
    "shards": "COVLANE_SHARDS",
    "install": "COVLANE_INSTALL",
    "groups": "COVLANE_GROUPS",
    "pytest-args": "COVLANE_PYTEST_ARGS",
    "locked": "COVLANE_LOCKED",
    "exclude-lines": "COVLANE_EXCLUDE_LINES",
    "exclude-also": "COVLANE_EXCLUDE_ALSO",
    "partial-branches": "COVLANE_PARTIAL_BRANCHES",
    "partial-also": "COVLANE_PARTIAL_ALSO",
    "reports": "COVLANE_REPORTS",
    "names": "COVLANE_NAMES",
    "cache": "COVLANE_CACHE",
    "prefix": "COVLANE_PREFIX",
    "covlane-requirement": "COVLANE_COVLANE_REQUIREMENT",
    "html": "COVLANE_HTML",
    "thresholds": "COVLANE_THRESHOLDS",
    "paths": "COVLANE_PATHS",
    "components": "COVLANE_COMPONENTS",
    "gate.total": "COVLANE_GATE_TOTAL",
    "gate.total-line": "COVLANE_GATE_TOTAL_LINE",
    "gate.total-branch": "COVLANE_GATE_TOTAL_BRANCH",
    "gate.patch": "COVLANE_GATE_PATCH",
    "gate.patch-missing": "COVLANE_GATE_PATCH_MISSING",
    "gate.new-files": "COVLANE_GATE_NEW_FILES",
    "gate.ratchet": "COVLANE_GATE_RATCHET",
    "gate.files": "COVLANE_GATE_FILES",
    "gate.components": "COVLANE_GATE_COMPONENTS",
    "baseline.store": "COVLANE_BASELINE_STORE",
    "baseline.path": "COVLANE_BASELINE_PATH",
    "codescene.upload": "COVLANE_CODESCENE_UPLOAD",
    "codescene.url": "COVLANE_CODESCENE_URL",
    "codescene.via": "COVLANE_CODESCENE_VIA",
    "codescene.downloads": "COVLANE_CODESCENE_DOWNLOADS",
    "codescene.branches": "COVLANE_CODESCENE_BRANCHES",
    "codescene.project": "COVLANE_CODESCENE_PROJECT",
    "codescene.line-coverage": "COVLANE_CODESCENE_LINE_COVERAGE",
    "codescene.secrets": "COVLANE_CODESCENE_SECRETS",
    "github.runner": "COVLANE_GITHUB_RUNNER",
    "github.systems": "COVLANE_GITHUB_SYSTEMS",
    "github.timeout": "COVLANE_GITHUB_TIMEOUT",
    "github.default-branch": "COVLANE_GITHUB_DEFAULT_BRANCH",
    "github.lane": "COVLANE_GITHUB_LANE",
    "github.comment": "COVLANE_GITHUB_COMMENT",
    "github.code-quality": "COVLANE_GITHUB_CODE_QUALITY",
    "github.events": "COVLANE_GITHUB_EVENTS",
    "github.schedule": "COVLANE_GITHUB_SCHEDULE",
    "github.cache": "COVLANE_GITHUB_CACHE",
    "github.environment": "COVLANE_GITHUB_ENVIRONMENT",
    "github.requirements": "COVLANE_GITHUB_REQUIREMENTS",
}


def load(root: Path, table: str = "", /, **environ: str) -> settings.Configured:
    """Read the settings of a repository whose table has these lines."""
    (root / "pyproject.toml").write_text(f"[tool.covlane]\n{table}\n", "utf-8")
    return settings.load(root, environ)


def value(configured: settings.Configured, name: str) -> object:
    found: Any = configured.settings
    for part in name.split("."):
        found = getattr(found, part.replace("-", "_"))
    return found


def refused(root: Path, table: str = "", /, **environ: str) -> UsageError:
    """Return the error of settings that cannot be meant; it is one sentence, and exit code 2."""
    with pytest.raises(UsageError) as caught:
        load(root, table, **environ)
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.cause
    return caught.value


def test_every_key_is_tried_here() -> None:
    every = settings.keys()
    assert [key.name for key in every] == list(EVERY_KEY) == list(VARIABLES)


@pytest.mark.parametrize("name", EVERY_KEY)
def test_a_key_is_read_from_the_table(tmp_path: Path, name: str) -> None:
    text, _, expected = EVERY_KEY[name]
    assert value(load(tmp_path, f"{name} = {text}"), name) == expected


@pytest.mark.parametrize("name", EVERY_KEY)
def test_a_key_is_read_from_the_environment(tmp_path: Path, name: str) -> None:
    _, text, expected = EVERY_KEY[name]
    assert value(load(tmp_path, **{VARIABLES[name]: text}), name) == expected


@pytest.mark.parametrize(
    ("text", "ratchet"),
    [("true", True), ("false", False), ("0.1", 0.1), ("1", 1.0), ("0", 0.0)],
)
def test_the_ratchet_is_on_or_off_or_has_a_tolerance(
    tmp_path: Path, text: str, ratchet: bool | float
) -> None:
    found = load(tmp_path, f"gate.ratchet = {text}").settings.gate.ratchet
    assert (found, type(found)) == (ratchet, type(ratchet))


@pytest.mark.parametrize(
    ("text", "ratchet"),
    [("true", True), ("1", True), ("0", False), ("False", False), ("0.1", 0.1), ("2", 2.0)],
)
def test_the_ratchet_of_the_environment_is_one_of_the_same(
    tmp_path: Path, text: str, ratchet: bool | float
) -> None:
    found = load(tmp_path, COVLANE_GATE_RATCHET=text).settings.gate.ratchet
    assert (found, type(found)) == (ratchet, type(ratchet))


@pytest.mark.parametrize("text", ["101", "-1", '"much"', "[1]"])
def test_a_tolerance_that_cannot_be_meant_is_refused(tmp_path: Path, text: str) -> None:
    cause = refused(tmp_path, f"gate.ratchet = {text}").cause
    assert "it takes true, false, or the percentage points that coverage may drop" in cause


@pytest.mark.parametrize("text", ["[80, 60]", "[60]", "[60, 101]", "[-1, 60]", "['60', '80']", "60"])
def test_thresholds_are_two_percentages_in_order(tmp_path: Path, text: str) -> None:
    assert "it takes two percentages, the lower first" in refused(tmp_path, f"thresholds = {text}").cause


@pytest.mark.parametrize("name", EVERY_KEY)
def test_the_environment_wins_over_the_table(tmp_path: Path, name: str) -> None:
    text, _, _ = EVERY_KEY[name]
    others = {"branch": "true", "codescene.via": "cli", "pythons": "3.10"}
    others |= {
        "subprocess": "true",
        "contexts": "false",
        "canary": "true",
        "codescene.upload": "true",
        "codescene.line-coverage": "cobertura",
        "html": "true",
        "thresholds": "70,75",
        "engine": "slipcover",
        "isolation": "none",
        "names": "checkout",
        "workers": "2",
        "shards": "2",
        "github.timeout": "2",
        "github.comment": "always",
        "github.code-quality": "false",
        "github.cache": "false",
        "github.events": "merge_group",
        "github.schedule": "0 4 * * 1",
        "locked": "false",
    }
    others |= dict.fromkeys(
        ("gate.total", "gate.total-line", "gate.total-branch", "gate.patch", "gate.new-files"), "2"
    )
    others |= {"gate.patch-missing": "2", "gate.ratchet": "false", "baseline.store": "folder"}
    tables = {"paths", "components", "github.systems", "gate.files", "gate.components"}
    other = others.get(name, "{}" if name in tables else "other")
    configured = load(tmp_path, f"{name} = {text}", **{VARIABLES[name]: other})
    found = value(configured, name)
    if other == "{}":
        assert found == {}
        return
    assert (
        str(found) == other.capitalize()
        if isinstance(found, bool)
        else found in (other, (other,), 2, (70, 75))
    )


@pytest.mark.parametrize("name", EVERY_KEY)
def test_the_table_is_named_as_the_origin(tmp_path: Path, name: str) -> None:
    text, _, _ = EVERY_KEY[name]
    assert load(tmp_path, f"{name} = {text}").origins[name] == "pyproject.toml [tool.covlane]"


@pytest.mark.parametrize("name", EVERY_KEY)
def test_the_variable_is_named_as_the_origin(tmp_path: Path, name: str) -> None:
    _, text, _ = EVERY_KEY[name]
    assert load(tmp_path, **{VARIABLES[name]: text}).origins[name] == f"environment {VARIABLES[name]}"


@pytest.mark.parametrize("name", EVERY_KEY)
def test_what_nobody_set_is_detected_or_a_default(tmp_path: Path, name: str) -> None:
    origin = load(tmp_path).origins[name]
    detected = name in {"source", "omit", "tests", "pythons", "install", "groups", "locked"}
    assert origin.startswith("detected: ") if detected else origin == "default"


def test_a_nested_table_may_be_a_table_of_its_own(tmp_path: Path) -> None:
    configured = load(tmp_path, '[tool.covlane.codescene]\nurl = "u"\n[tool.covlane.github]\nrunner = "r"')
    assert (configured.settings.codescene.url, configured.settings.github.runner) == ("u", "r")


def test_one_key_of_a_nested_table_leaves_the_others_at_their_defaults(tmp_path: Path) -> None:
    assert load(tmp_path, COVLANE_CODESCENE_VIA="cli").settings.codescene == settings.CodeScene(via="cli")


def test_a_repository_without_pyproject_has_settings(tmp_path: Path) -> None:
    assert settings.load(tmp_path, {}).settings.reports == "reports"


def test_variables_of_others_are_nobody_s_business(tmp_path: Path) -> None:
    assert load(tmp_path, COVERAGE_FILE="x", NOX_COVLANE="y").settings.branch is True


# The environment's spellings


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a,b", ("a", "b")),
        (" a , b ,", ("a", "b")),
        ("a", ("a",)),
        ('["a", "b,c"]', ("a", "b,c")),
        (" ['a']", ("a",)),
        ("[]", ()),
        ("", ()),
    ],
)
def test_a_list_is_comma_separated_or_an_array_of_toml(
    tmp_path: Path, text: str, expected: tuple[str, ...]
) -> None:
    assert load(tmp_path, COVLANE_EXCLUDE_ALSO=text).settings.exclude_also == expected


@pytest.mark.parametrize("text", ["[1]", "['a'", "[['a']]", "[" * 10_000])
def test_an_array_that_is_no_list_of_strings_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, COVLANE_GROUPS=text)
    assert error.cause.startswith("environment COVLANE_GROUPS: groups is ")
    assert error.cause.endswith("; it takes a list of strings")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("True", True), ("1", True), ("false", False), ("FALSE", False), ("0", False)],
)
def test_a_boolean_is_true_or_false(tmp_path: Path, text: str, expected: bool) -> None:
    assert load(tmp_path, COVLANE_BRANCH=text).settings.branch is expected


@pytest.mark.parametrize("text", ["", "yes", "2", "maybe"])
def test_a_boolean_that_is_neither_is_refused(tmp_path: Path, text: str) -> None:
    error = refused(tmp_path, COVLANE_BRANCH=text)
    assert error.cause == f"environment COVLANE_BRANCH: branch is {text!r}; it takes true or false"


# What is refused


@pytest.mark.parametrize(
    ("table", "name", "suggestion"),
    [
        ("sources = []", "sources", "source"),
        ("exclude_also = []", "exclude_also", "exclude-also"),
        ('codescene.uri = ""', "codescene.uri", "codescene.url"),
        ("[tool.covlane.github]\ndefault_branch = ''", "github.default_branch", "github.default-branch"),
        ("codescene = 1", "codescene", "codescene.via"),
    ],
)
def test_an_unknown_key_is_named_with_the_one_that_may_be_meant(
    tmp_path: Path, table: str, name: str, suggestion: str
) -> None:
    error = refused(tmp_path, table)
    assert error.cause == f"pyproject.toml: [tool.covlane] has no key {name!r}"
    assert error.remedy.startswith(f"did you mean {suggestion!r}? ")


def test_an_unknown_key_that_is_like_no_other_is_named_without_a_guess(tmp_path: Path) -> None:
    assert refused(tmp_path, "zzz = 1").remedy == "`invoke settings` lists the keys"


def test_an_unknown_variable_is_named_with_the_one_that_may_be_meant(tmp_path: Path) -> None:
    error = refused(tmp_path, COVLANE_SOURCES="a")
    assert error.cause == "the environment variable COVLANE_SOURCES is not a setting"
    assert error.remedy.startswith("did you mean 'COVLANE_SOURCE'? ")


def test_an_unknown_variable_that_is_like_no_other_is_named_without_a_guess(tmp_path: Path) -> None:
    assert refused(tmp_path, COVLANE_0="").remedy == "unset it, or see `invoke settings`"


@pytest.mark.parametrize(
    ("name", "text", "takes"),
    [
        ("source", '"src"', "a list of strings"),
        ("source", "[1]", "a list of strings"),
        ("pythons", "[3.12]", "a list of strings"),
        ("omit", "{}", "a list of strings"),
        ("branch", '"true"', "true or false"),
        ("branch", "1", "true or false"),
        ("reports", "[]", "a string"),
        ("codescene.url", "1", "a string"),
        ("codescene.via", '"ftp"', "one of 'auto', 'cli', 'rest'"),
        ("github.runner", '["a"]', "a string"),
        ("gate.patch", "101", "a percentage from 0 to 100"),
        ("gate.patch", "-1", "a percentage from 0 to 100"),
        ("gate.patch", "nan", "a percentage from 0 to 100"),
        ("gate.total-line", '"85"', "a percentage from 0 to 100"),
        ("gate.patch-missing", "1.5", "a number from 0 on"),
        ("gate.files", '{"a" = "85"}', "percentages, or tables of `line`, `branch` and `together`"),
        ("gate.files", '{"a" = {lines = 85}}', "percentages, or tables of `line`, `branch` and `together`"),
        (
            "gate.files",
            '{"a" = {together = true}}',
            "percentages, or tables of `line`, `branch` and `together`",
        ),
        ("baseline.store", '"cloud"', "one of 'file', 'notes', 'folder'"),
    ],
)
def test_a_value_of_a_wrong_type_is_refused_with_the_right_one(
    tmp_path: Path, name: str, text: str, takes: str
) -> None:
    error = refused(tmp_path, f"{name} = {text}")
    assert error.cause.startswith(f"pyproject.toml [tool.covlane]: {name} is ")
    assert error.cause.endswith(f"; it takes {takes}")


def test_a_choice_from_the_environment_is_held_to_the_same_list(tmp_path: Path) -> None:
    error = refused(tmp_path, COVLANE_CODESCENE_VIA="ftp")
    assert error.cause.endswith("codescene.via is 'ftp'; it takes one of 'auto', 'cli', 'rest'")


@pytest.mark.parametrize("python", ["", "3", "2.7", "3.12.1", "python3.12", "3.x", "3.12 ", "pypy", "pypy3"])
def test_a_python_that_is_no_version_is_refused(tmp_path: Path, python: str) -> None:
    assert (
        'it takes versions from 3.10 on, such as "3.12"' in refused(tmp_path, f'pythons = ["{python}"]').cause
    )


@pytest.mark.parametrize("name", ["exclude-lines", "exclude-also", "partial-branches", "partial-also"])
def test_a_pattern_that_is_no_regular_expression_is_refused(tmp_path: Path, name: str) -> None:
    error = refused(tmp_path, f'{name} = ["("]')
    assert f"{name} is '('; it takes regular expressions (" in error.cause


@pytest.mark.parametrize(
    "path", ["", "/etc", "..", "../x", "a/../../x", "a/..", "~", "~/x", "..\\x", "a\\..\\x", "C:\\x", "c:/x"]
)
@pytest.mark.parametrize("name", ["source", "tests", "omit", "reports"])
def test_a_path_that_leaves_the_repository_is_refused(tmp_path: Path, name: str, path: str) -> None:
    text = f"'{path}'" if name == "reports" else f"['{path}']"
    error = refused(tmp_path, f"{name} = {text}")
    assert f"{name} is {path!r}; it takes paths inside the project's folder" in error.cause


@pytest.mark.parametrize("path", [".", "a", "a/b", "a..b", ".hidden", "**/*.py", "~a"])
def test_a_path_inside_the_repository_is_taken(tmp_path: Path, path: str) -> None:
    assert load(tmp_path, f"source = ['{path}']").settings.source == (path,)


def test_a_table_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool]\ncovlane = 1\n", "utf-8")
    with pytest.raises(UsageError, match=r"pyproject\.toml: tool\.covlane is 1; it takes a table"):
        settings.load(tmp_path, {})


@pytest.mark.parametrize(
    "content",
    [b"[tool", b"a = 1\na = 2\n", b"a = '\xff'\n", "a = 1".encode("utf-16"), b"a = " + b"[" * 10_000],
    ids=["cut", "twice", "latin-1", "utf-16", "deep"],
)
def test_a_pyproject_that_cannot_be_read_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pyproject.toml").write_bytes(content)
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read: ") as caught:
        settings.load(tmp_path, {})
    assert caught.value.exit_code == 2


def test_a_pyproject_that_is_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(UsageError, match=r"pyproject\.toml cannot be read: "):
        settings.load(tmp_path, {})


# What follows from the settings


def test_there_is_a_session_for_each_python(tmp_path: Path) -> None:
    configured = load(tmp_path, 'pythons = ["3.12", "3.10"]')
    assert configured.sessions() == ("coverage-3.12", "coverage-3.10")


def test_a_prefix_begins_the_name_of_each_session(tmp_path: Path) -> None:
    configured = load(tmp_path, 'prefix = "lane-"\npythons = ["3.11"]\nshards = 2')
    assert configured.session == "lane-coverage"
    assert configured.legs() == ("lane-coverage-3.11(shard-1-of-2)", "lane-coverage-3.11(shard-2-of-2)")


def test_there_is_a_session_for_each_shard_of_a_python(tmp_path: Path) -> None:
    configured = load(tmp_path, 'pythons = ["3.12", "3.10"]\nshards = 2')
    assert configured.sessions() == (
        "coverage-3.12(shard-1-of-2)",
        "coverage-3.12(shard-2-of-2)",
        "coverage-3.10(shard-1-of-2)",
        "coverage-3.10(shard-2-of-2)",
    )


def test_there_is_a_leg_for_each_session_on_each_system(tmp_path: Path) -> None:
    configured = load(tmp_path, 'pythons = ["3.12"]\ngithub.systems = {linux = "a", windows = "b"}')
    assert configured.sessions() == ("coverage-3.12",)
    assert configured.legs() == ("coverage-3.12@linux", "coverage-3.12@windows")


@pytest.mark.parametrize(
    ("table", "takes"),
    [
        ("shards = 0", "it takes a number from 1 on"),
        ('github.systems = {solaris = "x"}', "it takes a table of runners by `linux`, `windows`, `macos`"),
        ('github.lane = "--> x"', "it takes a name of letters, digits, spaces, points"),
        ('prefix = "-x"', "it takes letters, digits, underscores, points and hyphens"),
        ('prefix = "a b"', "it takes letters, digits, underscores, points and hyphens"),
    ],
)
def test_what_the_workflow_cannot_be_written_from_is_refused(tmp_path: Path, table: str, takes: str) -> None:
    assert takes in refused(tmp_path, table).cause


def test_the_reports_are_below_the_root(tmp_path: Path) -> None:
    assert load(tmp_path, 'reports = "out/coverage"').reports == tmp_path / "out" / "coverage"


def test_settings_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load(tmp_path).settings.branch = False  # type: ignore[misc]


def test_workers_can_be_one_for_each_processor(tmp_path: Path) -> None:
    assert load(tmp_path, 'workers = "auto"').settings.workers == "auto"
    assert load(tmp_path, COVLANE_WORKERS="auto").settings.workers == "auto"


@pytest.mark.parametrize("workers", ['"many"', "-1", "1.5", "true"])
def test_other_workers_are_refused(tmp_path: Path, workers: str) -> None:
    assert "it takes a number from 0 on, or 'auto'" in refused(tmp_path, f"workers = {workers}").cause


# Paths and components


def test_paths_and_components_may_be_tables_of_their_own(tmp_path: Path) -> None:
    table = '[tool.covlane.paths]\nsource = ["src", "*/lib"]\n[tool.covlane.components.web]\nsource = ["web"]'
    found = load(tmp_path, table).settings
    assert found.paths == {"source": ("src", "*/lib")}
    assert found.components == {"web": settings.Component(source=("web",))}


@pytest.mark.parametrize("text", ['["src"]', '"src"', "{a = 1}", '{a = "src"}', "{a = [1]}"])
def test_paths_of_a_wrong_type_are_refused(tmp_path: Path, text: str) -> None:
    assert "it takes a table of lists of strings" in refused(tmp_path, f"paths = {text}").cause


@pytest.mark.parametrize("first", ["", "/src", "../src", "C:\\\\src", "~/src"])
def test_the_first_of_a_list_of_paths_lies_in_the_repository(tmp_path: Path, first: str) -> None:
    table = f'paths = {{a = ["{first}", "/anywhere", "../else"]}}'
    assert "it takes paths inside the project's folder" in refused(tmp_path, table).cause


def test_an_empty_list_of_paths_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "paths = {a = []}").cause.startswith("pyproject.toml [tool.covlane]: paths is")


@pytest.mark.parametrize(
    "text", ["[]", '{a = ["src"]}', "{a = {}}", '{a = {source = "src"}}', "{a = {source = [], x = 1}}"]
)
def test_components_of_a_wrong_type_are_refused(tmp_path: Path, text: str) -> None:
    takes = "it takes tables with `source` and `flags`, each a list of strings"
    assert takes in refused(tmp_path, f"components = {text}").cause


def test_a_component_lies_in_the_repository(tmp_path: Path) -> None:
    cause = refused(tmp_path, 'components = {a = {source = ["../web"]}}').cause
    assert "components is '../web'; it takes paths inside the project's folder" in cause


def test_a_variable_that_is_no_table_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, COVLANE_PATHS="src").cause.startswith(
        "environment COVLANE_PATHS: paths is 'src'"
    )


@pytest.mark.parametrize("python", ["3.9", "3.9t", "pypy3.9"])
def test_a_python_before_3_10_is_refused(tmp_path: Path, python: str) -> None:
    assert (
        f"pythons is {python!r}; it takes versions from 3.10 on"
        in refused(tmp_path, f"pythons = ['{python}']").cause
    )


@pytest.mark.parametrize("python", ["3.12", "3.14t", "pypy3.11"])
def test_pythons_are_named_as_nox_and_setup_python_name_them(tmp_path: Path, python: str) -> None:
    assert value(load(tmp_path, f'pythons = ["{python}"]'), "pythons") == (python,)


def test_where_pypy_is_named_coverage_py_measures_every_leg(tmp_path: Path) -> None:
    configured = load(tmp_path, 'pythons = ["3.12", "pypy3.11"]')
    assert value(configured, "engine") == "coverage"
    assert configured.origins["engine"] == "detected: `pythons` names PyPy, which only coverage.py measures"


def test_an_engine_that_cannot_measure_pypy_is_refused(tmp_path: Path) -> None:
    error = refused(tmp_path, 'pythons = ["pypy3.11"]\nengine = "slipcover"')
    assert error.cause.endswith("engine is 'slipcover'; it takes \"coverage\", as `pythons` names PyPy")


def test_contexts_are_refused_where_another_engine_measures(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match='only engine = "slipcover"'):
        load(tmp_path, 'contexts = true\nengine = "coverage"')
    assert load(tmp_path, "contexts = true").settings.contexts
