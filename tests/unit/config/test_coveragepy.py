"""What a repository says of its coverage to other tools becomes the detected settings."""

from __future__ import annotations

import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from coverage.exceptions import ConfigError
from coverage.files import GlobMatcher, prep_patterns
from hypothesis import assume, given
from hypothesis import strategies as st

from covlane.config.coveragepy import said, translated
from covlane.config.settings import load
from covlane.errors import UsageError
from covlane.model.globs import glob

if TYPE_CHECKING:
    from covlane.config.settings import Configured

FORMS = {
    "pyproject.toml": (
        """
        [tool.coverage.run]
        source = ["pkg"]
        omit = ["*/_vendor/*", "src/pkg/old.py"]
        branch = true
        [tool.coverage.report]
        exclude_also = ["raise NotImplementedError"]
        partial_branches = ["# one way"]
        fail_under = 90.5
        """,
        "tool.coverage.",
    ),
    ".coveragerc.toml": (
        """
        [run]
        source = ["pkg"]
        omit = ["*/_vendor/*", "src/pkg/old.py"]
        branch = true
        [report]
        exclude_also = ["raise NotImplementedError"]
        partial_branches = ["# one way"]
        fail_under = 90.5
        """,
        "",
    ),
    ".coveragerc": (
        """
        [run]
        source = pkg
        omit =
            */_vendor/*
            src/pkg/old.py
        branch = true
        [report]
        exclude_also = raise NotImplementedError
        partial_branches = # one way
        fail_under = 90.5
        """,
        "",
    ),
}
for _name in ("setup.cfg", "tox.ini"):
    _text = (
        FORMS[".coveragerc"][0].replace("[run]", "[coverage:run]").replace("[report]", "[coverage:report]")
    )
    FORMS[_name] = _text, "coverage:"


def project(root: Path, **files: str) -> Path:
    """Write a project with a package in `src`, and further files, `_` in whose names stands for a point."""
    for name in ("src/pkg/__init__.py", "src/pkg/old.py", "src/pkg/_vendor/a.py", "src/pkg/tests/test_a.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n")
    for name, text in files.items():
        (root / name).write_text(textwrap.dedent(text))
    return root


def value(configured: Configured, key: str) -> Any:
    found: Any = configured.settings
    for part in key.replace("-", "_").split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", FORMS)
def test_each_file_of_coverage_py_is_read(tmp_path: Path, name: str) -> None:
    text, prefix = FORMS[name]
    configured = load(project(tmp_path, **{name: text}), {})
    for key, expected, origin in (
        ("source", ("src/pkg",), "run] source"),
        ("omit", ("**/_vendor/**", "src/pkg/old.py"), "run] omit"),
        ("branch", True, "run] branch"),
        ("exclude-also", ("raise NotImplementedError",), "report] exclude_also"),
        ("partial-branches", ("# one way",), "report] partial_branches"),
        ("gate.total", 90.5, "report] fail_under"),
    ):
        assert value(configured, key) == expected, key
        assert configured.origins[key] == f"detected: {name} [{prefix}{origin}", key


def test_our_own_settings_win_and_other_gates_leave_theirs_out(tmp_path: Path) -> None:
    own = "[tool.covlane]\nomit = ['a.py']\nbranch = false\ngate.patch = 70\n"
    text = textwrap.dedent(FORMS["pyproject.toml"][0]) + own
    configured = load(project(tmp_path, **{"pyproject.toml": text}), {})
    assert value(configured, "omit") == ("a.py",)
    assert value(configured, "branch") is False
    assert (value(configured, "gate.total"), value(configured, "gate.patch")) == (None, 70)


def test_without_branches_the_threshold_is_one_of_lines(tmp_path: Path) -> None:
    configured = load(project(tmp_path, **{".coveragerc": "[report]\nfail_under = 80\n"}), {})
    assert (value(configured, "gate.total"), value(configured, "gate.total-line")) == (None, 80)


def test_without_a_source_the_tests_below_it_stay_out(tmp_path: Path) -> None:
    configured = load(project(tmp_path, **{".coveragerc": "[run]\nomit = */old.py\n"}), {})
    assert value(configured, "omit") == ("src/pkg/tests/**", "**/old.py")


def test_with_a_source_all_of_it_is_measured(tmp_path: Path) -> None:
    configured = load(project(tmp_path, **{".coveragerc": "[run]\nsource_pkgs = pkg\n"}), {})
    assert (value(configured, "source"), value(configured, "omit")) == (("src/pkg",), ())


def test_paths_are_taken_over(tmp_path: Path) -> None:
    text = "[paths]\nsource =\n    src\n    */site-packages\nother =\n    /elsewhere\n"
    root = project(tmp_path, **{".coveragerc": text})
    assert value(load(root, {}), "paths") == {"source": ("src", "*/site-packages")}
    assert [line for line in said(root, {}, ()).aside if "paths other" in line]


def test_what_has_no_counterpart_is_named(tmp_path: Path) -> None:
    text = (
        "[run]\nplugins = a.b\ndynamic_context = test_function\nomit = src/[ab].py\n[report]\nprecision = 2\n"
    )
    aside = said(project(tmp_path, **{".coveragerc": text}), {}, ()).aside
    assert [line.split(": ")[1].split(" ")[0] for line in aside] == [
        "plugins",
        "dynamic_context",
        "precision",
        "omit",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (".coveragerc", "[run]\nbranch = perhaps\n"),
        (".coveragerc", "[run\n"),
        (".coveragerc.toml", "[run]\nbranch = = 1\n"),
        ("pyproject.toml", "[tool.coverage.run]\nbranch = 'perhaps'\n"),
        ("pyproject.toml", "[tool.pytest.ini_options]\naddopts = '--cov --cov-config=gone.ini'\n"),
    ],
)
def test_a_configuration_that_coverage_py_refuses_is_one_sentence(
    tmp_path: Path, name: str, text: str
) -> None:
    with pytest.raises(UsageError, match=r"coverage\.py's configuration") as caught:
        load(project(tmp_path, **{name: text}), {})
    assert "\n" not in caught.value.cause


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pytest.ini", "[pytest]\naddopts = -q --cov=pkg --cov-branch --cov-fail-under=100\n"),
        ("tox.ini", "[pytest]\naddopts =\n    --cov pkg\n    --cov-branch\n    --cov-fail-under 100\n"),
        ("setup.cfg", "[tool:pytest]\naddopts = --cov=src/pkg --cov-branch --cov-fail-under=100\n"),
        (
            "pyproject.toml",
            "[tool.pytest.ini_options]\naddopts = ['--cov=pkg', '--cov-branch', '--cov-fail-under=100']\n",
        ),
    ],
)
def test_options_of_pytest_cov_are_read(tmp_path: Path, name: str, text: str) -> None:
    configured = load(project(tmp_path, **{name: text}), {})
    assert (value(configured, "source"), value(configured, "gate.total")) == (("src/pkg",), 100)
    assert configured.origins["gate.total"] == f"detected: {name} addopts: --cov-fail-under"


def test_settings_of_slipcover_are_read(tmp_path: Path) -> None:
    text = "[tool.slipcover]\nsource = 'src/pkg'\nexclude-also = ['never']\n"
    configured = load(project(tmp_path, **{"pyproject.toml": text}), {})
    assert (value(configured, "source"), value(configured, "exclude-also")) == (("src/pkg",), ("never",))


def test_a_repository_that_says_nothing_loads_no_coverage_py(tmp_path: Path) -> None:
    root = project(tmp_path, **{"pyproject.toml": "[project]\nname = 'pkg'\n"})
    program = (
        "import sys\nfrom pathlib import Path\nfrom covlane.config.settings import load\n"
        f"load(Path({str(root)!r}), {{}})\nprint('coverage' in sys.modules)"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


PARTS = st.sampled_from(
    ["*", "**", "a", "b.py", "*.py", "a*", "?.py", "test_*", "a?b.py", "A", "c", ".", "a*.py"]
)


@given(st.lists(PARTS, min_size=1, max_size=4), st.sampled_from(["", "./", "*/", f"{Path.cwd()}/"]))
def test_a_translated_pattern_matches_what_it_matches_for_coverage_py(parts: list[str], start: str) -> None:
    root, pattern = Path.cwd(), start + "/".join(parts)
    # Such patterns are met by folders above the project, too, which do not matter here.
    assume(not re.match(r"\*+/[^/]*[*?]", pattern))
    names = [
        *(
            "a.py",
            "b.py",
            "a/b.py",
            "a/a.py",
            "c/a/b.py",
            "a/c/b.py",
            "a/a/a/c.py",
            "test_x.py",
            "c/test_a.py",
        ),
        *(
            "axb.py",
            "c/axb.py",
            "A/x.py",
            "c.py",
            "a/test_/x.py",
            "test_d/a.py",
            "ab.py",
            "a/ab/b.py",
            "b.pyw",
        ),
    ]
    try:
        matcher = GlobMatcher(prep_patterns([pattern]))
    except ConfigError:
        return
    found, strange = translated(root, [pattern])
    assert not strange
    for name in names:
        ours = any(glob(one).fullmatch(name) for one in found)
        assert ours == matcher.match(str(root / name)), (name, found)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("[run]\ninclude = src/pkg/*\n", ("src/pkg",)),
        ("[report]\ninclude = src/pkg/old.py\n", ("src/pkg/old.py",)),
        ("[run]\ninclude = */pkg/*\n", ("src/pkg",)),
        ("[run]\nsource = pkg\ninclude = other/*\n", ("src/pkg",)),
    ],
)
def test_folders_that_are_included_are_the_source(tmp_path: Path, text: str, source: tuple[str, ...]) -> None:
    assert value(load(project(tmp_path, **{".coveragerc": text}), {}), "source") == source


@pytest.mark.parametrize("text", ["[run]\ninclude = */other/*\n", "[run]\nsource = elsewhere\n"])
def test_a_source_that_cannot_be_found_is_named(tmp_path: Path, text: str) -> None:
    root = project(tmp_path, **{".coveragerc": text})
    assert value(load(root, {}), "source") == ("src/pkg",)
    assert any("is not taken over: set `source`" in line for line in said(root, {}, ()).aside)
