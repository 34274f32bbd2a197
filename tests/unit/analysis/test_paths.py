"""One place in the repository for each way that a report can name a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from covlane.analysis.neighbours import Neighbours
from covlane.analysis.paths import Places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILES = ("src/pkg/a.py", "src/pkg/__init__.py", "src/pkg/sub/b.py", "tool.py", "web/src/x.ts", "web/src/y.ts")


def places(
    *more: str,
    sources: Sequence[str] = ("src/pkg", "tool.py", "web"),
    aliases: Mapping[str, Sequence[str]] | None = None,
    links: Mapping[str, str] | None = None,
) -> Places:
    """Return the places of a repository at /repo with these files; a link is a name for one of them."""
    files = (*FILES, *more)
    names = {**{name: name for name in files}, **(links or {})}
    return Places(
        names.get, listed=lambda: files, sources=sources, aliases=aliases, roots=("/repo", "D:\\repo")
    )


@pytest.mark.parametrize(
    "written",
    [
        "src/pkg/a.py",
        "./src/pkg/a.py",
        "src//pkg/sub/../a.py",
        "src\\pkg\\a.py",
        "SRC/Pkg/A.PY",
        "/repo/src/pkg/a.py",
        "/repo/./src/pkg/sub/../a.py",
        "D:\\repo\\src\\pkg\\a.py",
        "d:/repo/src/pkg/a.py",
        "/home/runner/work/repo/repo/src/pkg/a.py",
        "/Users/runner/work/repo/repo/src/pkg/a.py",
        "C:\\agent\\_work\\1\\s\\src\\pkg\\a.py",
        "/src/pkg/a.py",
        "/app/venv/lib/python3.12/site-packages/pkg/a.py",
        "/usr/lib/python3/dist-packages/pkg/a.py",
        "C:\\Python312\\Lib\\site-packages\\pkg\\a.py",
        "/repo/.nox/coverage-3-12/lib/python3.12/site-packages/pkg/a.py",
        ".tox/py312/lib/python3.12/site-packages/pkg/a.py",
        "pkg/a.py",
        "a.py",
        " src/pkg/a.py\t",
        "file:///home/me/repo/src/pkg/a.py",
        "file:///repo/src/pkg/a.py?v=123",
        "file:/repo/src/pkg/a.py",
        "file://localhost/repo/src/pkg/a%2Epy",
        "file:///C:/agent/1/s/src/pkg/a.py",
        "file://C:/agent/1/s/src/pkg/a.py",
        "webpack:///./src/pkg/a.py",
        "webpack:///src/pkg/a.py?0f3a",
        "webpack://repo/./src/pkg/a.py",
        "webpack://src/pkg/a.py",
        "webpack:////home/me/repo/src/pkg/a.py",
        "webpack:///C:/me/repo/src/pkg/a.py",
        "webpack-internal:///(ssr)/./src/pkg/a.py",
        "turbopack:///[project]/src/pkg/a.py",
        "http://localhost:5173/src/pkg/a.py?t=1#x",
        "/@fs/home/me/repo/src/pkg/a.py",
        "/@fs/C:/me/repo/src/pkg/a.py",
    ],
)
def test_a_name_of_any_root_and_system_is_one_place(written: str) -> None:
    own = ".nox/coverage-3-12/lib/python3.12/site-packages/pkg/a.py"
    assert places(own).place(written) == "src/pkg/a.py"


@pytest.mark.parametrize(
    "written",
    [
        "/repo/src/pkg/gone.py",
        "/repo/old/src/pkg/a.py",  # below the repository, and not there
        "../src/pkg/a.py",
        "/etc/passwd",
        "",
        ".",
        "..",
        "/",
        "src",
        "a.py/..",
        "/elsewhere/tool.py",  # one part alone says nothing
        "/app/lib/python3.12/site-packages/other/src/pkg/a.py",
        "/app/node_modules/other/src/x.ts",
        "/usr/lib/python3.12/src/pkg/a.py",
        "C:\\Python312\\Lib\\src\\pkg\\a.py",
        "site-packages/other.py",
        "webpack:///node_modules/other/src/x.ts",
        "https://example.com/src/pkg/a.py",
        "/home/me/.cargo/registry/src/index.crates.io-6f17/x-1.0/src/pkg/a.py",
    ],
)
def test_what_is_no_file_of_the_repository_has_no_place(written: str) -> None:
    assert places("site-packages/other.py").place(written) is None


def test_the_longest_end_of_a_name_is_meant() -> None:
    assert places("pkg/a.py").place("/checkout/src/pkg/a.py") == "src/pkg/a.py"


def test_a_module_is_found_where_it_is_installed() -> None:
    assert places().place("/venv/lib/python3.12/site-packages/tool.py") == "tool.py"


def test_a_name_that_two_files_could_have_is_no_name() -> None:
    assert places("lib/x/__init__.py", sources=("src/pkg", "lib/x")).place("__init__.py") is None


def test_a_name_starts_at_the_root_that_its_report_tells() -> None:
    assert places("a.py").place("a.py", sources=("/ci/src/pkg",)) == "src/pkg/a.py"
    assert places("a.py").place("a.py", sources=("src\\pkg",)) == "src/pkg/a.py"
    assert places("a.py").place("a.py", sources=(".",)) == "a.py"


def test_a_root_may_be_a_url() -> None:
    assert places("a.py").place("a.py", sources=("file:///ci/src/pkg",)) == "src/pkg/a.py"


@pytest.mark.parametrize(
    "written",
    [
        "/usr/include/c++/12/bits/stl_vector.h",
        "/usr/include/stdio.h",
        "/usr/lib/gcc/x86_64-linux-gnu/12/include/emmintrin.h",
        "/usr/local/include/fmt/core.h",
        "/home/me/.cargo/registry/src/index.crates.io-6f17/serde-1.0/src/lib.rs",
        "/home/me/.cargo/git/checkouts/x/1/src/lib.rs",
        "/rustc/90b35a6239c3d8bdabc530a6a0816f7ff89a0aaf/library/core/src/fmt/mod.rs",
        "/root/.rustup/toolchains/stable/lib/rustlib/src/rust/library/std/src/io.rs",
        "/root/go/pkg/mod/example.com/x@v1.2.3/x.go",
        "/repo/.venv/lib/python3.12/site-packages/other/x.py",
        "/repo/venv/bin/activate_this.py",
        ".tox/py/lib/x.py",
        "/repo/node_modules/other/index.js",
        "node_modules/other/index.js",
        "webpack:///./node_modules/other/index.js",
        "webpack://repo/webpack/runtime/chunk",
        "webpack:///(webpack)/buildin/module.js",
        "/usr/lib/python3.12/os.py",
        "C:\\Program Files\\Microsoft Visual Studio\\VC\\include\\vector",
        "C:\\Users\\me\\.nuget\\packages\\x\\1.0\\x.cs",
        "/nix/store/abc-gcc/include/x.h",
        "/opt/homebrew/Cellar/x/1/x.h",
        "/Applications/Xcode.app/Contents/x.h",
        "<frozen importlib._bootstrap>",
        "<string>",
        "node:internal/modules/cjs/loader",
        "https://deno.land/std@0.200.0/path/mod.ts",
        "/repo/build/_deps/googletest-src/gtest.cc",
    ],
)
def test_what_systems_and_package_managers_keep_is_outside(written: str) -> None:
    assert places().place(written) is None
    assert places().outside(written)


def test_a_root_outside_makes_its_files_outside() -> None:
    assert places().outside("bits/stl_vector.h", sources=("/repo", "/usr/include/c++/12"))


@pytest.mark.parametrize(
    "written",
    [
        "/etc/passwd",
        "../out.py",
        "gone.py",
        "/home/me/project/src/gone.c",
        "/usr/src/app/gone.ts",
        "http://localhost/gone.js",
        "libraries/venv.py",
    ],
)
def test_what_may_be_the_repository_s_is_not_outside(written: str) -> None:
    assert not places().outside(written)


def test_what_the_repository_itself_keeps_in_such_a_folder_is_its_own() -> None:
    kept = places("third/_deps/a.c")
    assert kept.place("third/_deps/a.c") == kept.place("/repo/third/_deps/a.c") == "third/_deps/a.c"


def test_a_repository_that_lies_in_such_a_folder_has_its_files() -> None:
    below = Places({"a.py": "a.py"}.get, listed=lambda: ["a.py"], roots=["/usr/share/repo"])
    assert below.place("/usr/share/repo/a.py") == "a.py"
    assert not below.outside("/usr/share/repo/gone.py")


def test_names_that_a_report_may_mean_are_relative_to_the_repository() -> None:
    assert places().relative("x/../gone.py", folder="web") == {"web/gone.py", "gone.py"}
    assert places().relative("/repo/gone.py") == {"gone.py"}
    assert places().relative("/elsewhere/gone.py") == places().relative("../gone.py") == set()


def test_one_of_several_roots_is_enough() -> None:
    roots = ("/repo/src/pkg", "/repo/src/pkg/sub")
    assert places().place("b.py", sources=roots) == "src/pkg/sub/b.py"
    assert places("src/pkg/b.py").place("b.py", sources=roots) is None


def test_a_name_may_start_at_the_folder_of_its_report_or_above() -> None:
    assert places(sources=()).place("src/x.ts", folder="web/coverage") == "web/src/x.ts"
    assert places(sources=()).place("../src/x.ts", folder="web/coverage") == "web/src/x.ts"
    assert places("src/x.ts", sources=()).place("src/x.ts", folder="web/coverage") is None


def test_names_that_differ_in_case_are_two_files_where_the_repository_has_two() -> None:
    both = places("src/pkg/A.py")
    assert (both.place("src/pkg/a.py"), both.place("src/pkg/A.py")) == ("src/pkg/a.py", "src/pkg/A.py")
    assert both.place("src/PKG/a.py") is None


def test_a_link_is_the_file_that_it_leads_to() -> None:
    linked = places(links={"current/a.py": "src/pkg/a.py"})
    assert linked.place("/repo/current/a.py") == linked.find("current/a.py") == "src/pkg/a.py"


@pytest.mark.parametrize(
    ("pattern", "written"),
    [
        ("build/lib/pkg", "build/lib/pkg/a.py"),
        ("build/lib/pkg/", "build/lib/pkg/a.py"),
        ("/app", "/app/a.py"),
        ("*/app", "/some/where/app/a.py"),
        ("*/app", "app/a.py"),
        ("/opt/*/app", "/opt/v1.2/app/a.py"),
        ("c:\\work\\*\\pkg", "C:\\Work\\1\\pkg\\a.py"),
        ("/opt/v?/pkg", "/opt/v1/pkg/a.py"),
        ("/opt/**/pkg", "/opt/a/b/pkg/a.py"),
        ("/opt/a+b/pkg", "/opt/a+b/pkg/a.py"),
    ],
)
def test_an_equivalent_stands_for_the_first_of_its_list(pattern: str, written: str) -> None:
    listed = places("build/lib/pkg/a.py", aliases={"source": ["src/pkg", pattern]})
    assert listed.place(written) == "src/pkg/a.py"


@pytest.mark.parametrize(
    ("pattern", "written"),
    [("/opt/*/pkg", "/opt/a/b/pkg/z.py"), ("/app", "/apple/z.py"), ("/app", "/x/app/z.py")],
)
def test_what_no_pattern_matches_stays_where_it_is(pattern: str, written: str) -> None:
    assert places("src/pkg/z.py", aliases={"source": ["src/pkg", pattern]}, sources=()).place(written) is None


def test_an_equivalent_that_leads_to_no_file_is_none() -> None:
    assert places(aliases={"source": ["src/pkg", "/app"]}).place("/app/gone.py") is None


def test_the_first_list_whose_file_is_there_is_taken() -> None:
    lists = {"one": ["src/none", "/app"], "two": ["src/pkg", "/app"]}
    assert places(aliases=lists).place("/app/a.py") == "src/pkg/a.py"


def test_a_leg_s_own_name_is_its_place_with_the_repository_s_case_and_equivalents() -> None:
    listed = places("build/lib/pkg/a.py", aliases={"source": ["src/pkg", "build/lib/pkg"]})
    assert listed.find("src/pkg/a.py") == "src/pkg/a.py"
    assert listed.find("SRC/pkg/A.py") == "src/pkg/a.py"
    assert listed.find("build/lib/pkg/a.py") == "src/pkg/a.py"


def test_a_leg_s_own_file_that_is_not_here_keeps_its_name() -> None:
    assert places().find("pkg/a.py") == "pkg/a.py"


#: A checkout of three projects, of which `svc/one` is asked about; all have one name in common.
CHECKOUT = (
    "src/pkg/a.py",
    "svc/one/src/pkg/a.py",
    "svc/one/src/pkg/b.py",
    "svc/two/src/pkg/a.py",
    "svc/two/x.py",
)


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("src/pkg/a.py", "src/pkg/a.py"),
        ("pkg/a.py", "src/pkg/a.py"),
        ("svc/one/src/pkg/a.py", "src/pkg/a.py"),
        ("/mono/svc/one/src/pkg/a.py", "src/pkg/a.py"),
        ("/home/runner/work/mono/mono/svc/one/src/pkg/a.py", "src/pkg/a.py"),
        ("/app/src/pkg/b.py", "src/pkg/b.py"),
        ("svc/two/src/pkg/a.py", None),
        ("/mono/svc/two/src/pkg/a.py", None),
        ("/Mono/svc/two/src/pkg/a.py", None),
        ("/mono/src/pkg/a.py", None),
        ("/home/runner/work/mono/mono/svc/two/src/pkg/a.py", None),
        ("D:\\a\\mono\\svc\\two\\src\\pkg\\a.py", None),
    ],
)
def test_a_neighbour_s_file_of_the_same_name_is_not_the_project_s(written: str, place: str | None) -> None:
    assert one_of_three().place(written) == place


@pytest.mark.parametrize(
    ("folder", "place"),
    [("reports", "src/pkg/a.py"), ("", "src/pkg/a.py"), ("../two", None), ("../two/reports", None)],
)
def test_a_name_starts_where_its_report_lies(folder: str, place: str | None) -> None:
    assert one_of_three().place("src/pkg/a.py", folder=folder) == place


@pytest.mark.parametrize(
    ("written", "outside"),
    [
        ("svc/two/src/pkg/a.py", True),
        ("/mono/svc/two/src/pkg/a.py", True),
        ("../two/src/pkg/a.py", True),
        ("svc/one/src/pkg/gone.py", False),
        ("src/pkg/gone.py", False),
    ],
)
def test_a_neighbour_s_file_in_a_report_is_outside_and_a_lost_one_is_not(written: str, outside: bool) -> None:
    assert one_of_three().outside(written) is outside


def test_a_neighbour_s_file_may_be_the_project_s_where_the_settings_say_so() -> None:
    aliases = {"pkg": ("src/pkg", "/mono/svc/two/src/pkg")}
    assert one_of_three(aliases).place("/mono/svc/two/src/pkg/a.py") == "src/pkg/a.py"


def one_of_three(aliases: Mapping[str, Sequence[str]] | None = None) -> Places:
    own = {name.removeprefix("svc/one/") for name in CHECKOUT if name.startswith("svc/one/")}
    return Places(
        lambda name: name if name in own else None,
        sources=("src/pkg",),
        aliases=aliases,
        roots=("/mono/svc/one",),
        neighbours=Neighbours("svc/one", ("/mono",), CHECKOUT.__contains__),
    )
