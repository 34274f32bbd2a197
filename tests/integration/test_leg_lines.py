"""The lines of a leg are the ones that a reader of the program expects, on every Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from leg import COLLECTOR

if TYPE_CHECKING:
    from pathlib import Path

    from leg import Project

MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1


    def never():
        return 0
    """


def test_lines_and_branches_are_those_that_ran(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", MODULE)
    matrix_project.write("test_sign.py", "import pkg\ndef test_sign():\n    assert pkg.sign(1) == 1\n")
    leg = matrix_project.measure()
    file = leg.measured.files["pkg/__init__.py"]
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == [1, 2, 4, 7]
    assert leg.missed("pkg/__init__.py") == [3, 8]
    assert file.taken == {(2, 4)}
    assert file.branches == {(2, 3), (2, 4)}
    assert leg.stamp.complete


def test_lines_far_down_are_those_that_ran(matrix_project: Project) -> None:
    far = 70_000
    matrix_project.write(
        "pkg/__init__.py", "X = 1\n" + "\n" * (far - 2) + "def near(): pass\ndef far():\n    return 1\n"
    )
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.far() == 1\n")
    leg = matrix_project.measure()
    assert leg.ran("pkg/__init__.py") == [1, far, far + 1, far + 2]
    assert leg.missed("pkg/__init__.py") == []


#: Most of what Python has, as the end of a function; what runs of it is the same wherever it stands.
BODY = """
    many = [one for one in range(9) if one % 2 or one > 7]
    lazily = (one if one else None for one in many)
    for one in lazily: kept = one
    while many and many.pop(): pass
    for one in ():
        never = one
    else:
        kept = 1
    try:
        kept.missing
        never = 1
    except AttributeError as error:
        kept = str(error) or None
    else:
        never = 1
    finally:
        kept = kept and 1
    try: kept = 2
    finally: kept = 3 if many else (
        4
    )
    with suppress(KeyError):
        {}[1]
        never = 1
    def inner(
        first=lambda: 1,
    ):
        yield first()
        return first
    kept = yield from inner()
    if not kept:
        raise KeyError
    elif many and \\
            kept:
        never = 1
    class Local:
        def one(self): return 1
        if not many:
            two = 2
    yield kept() if many else \\
        Local().one()
    return (
        kept if kept and
        many else
        lazily
    )
"""


def test_lines_of_a_long_function_are_those_of_a_short_one(matrix_project: Project) -> None:
    start = "from contextlib import suppress\ndef generate():\n"
    far = start + "    table = ()\n" + "    table = [table, len(table), 1]\n" * 60 + "\n" * 140
    matrix_project.write("pkg/__init__.py", "")
    matrix_project.write("pkg/short.py", (start + BODY).encode())
    matrix_project.write("pkg/long.py", (far + BODY).encode())
    matrix_project.write(
        "test_it.py",
        """
        from pkg import long, short

        def test_it():
            for _ in range(2):
                assert list(short.generate()) == list(long.generate()) == [1, 1]
        """,
    )
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    begin, by = start.count("\n"), far.count("\n") - start.count("\n")

    def moved(line: int) -> int:
        return line + by if line > begin else line

    short, long = (leg.measured.files[f"pkg/{name}.py"] for name in ("short", "long"))
    body = [line for line in leg.ran("pkg/long.py") if not begin < line <= begin + by]
    assert body == [moved(line) for line in leg.ran("pkg/short.py")]
    rows = ["", *(start + BODY).splitlines()]
    assert {rows[line].strip() for line in leg.missed("pkg/short.py")} >= {
        "never = one",
        "never = 1",
        "raise KeyError",
    }
    assert leg.missed("pkg/long.py") == [moved(line) for line in leg.missed("pkg/short.py")]
    assert long.branches == {(moved(a), moved(b)) for a, b in short.branches}
    assert long.taken == {(moved(a), moved(b)) for a, b in short.taken}


def test_a_chain_of_600_elif_has_its_branches_in_a_source_and_in_a_test(matrix_project: Project) -> None:
    chain = "".join(f"    elif x == {number}:\n        return {number}\n" for number in range(1, 600))
    function = f"def f(x):\n    if x == 0:\n        return 0\n{chain}"
    matrix_project.write("pkg/__init__.py", function)
    matrix_project.write(
        "pkg/test_it.py", f"{function}def test_it():\n    import pkg\n    assert f(1) == pkg.f(1)\n"
    )
    leg = matrix_project.measure("pkg/test_it.py")
    assert leg.code == 0, leg.output
    assert leg.stamp.unbranched == {}
    for name in "pkg/__init__.py", "pkg/test_it.py":
        assert leg.ran(name)[:4] == [1, 2, 4, 5]
        assert leg.measured.files[name].taken == {(2, 4), (4, 5)}
        assert len(leg.measured.files[name].branches) == 2 * 600


def test_code_that_only_carries_a_files_name_adds_nothing(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "def never():\n    return 0\n\n\ndef copied():\n    return 1\n")
    matrix_project.write(
        "test_it.py",
        """
        import pkg

        def test_it():
            found = {}
            # Under the very name that the module has, which Python hands on as it is.
            exec(compile("def other():\\n    return 2\\n", pkg.__file__, "exec"), found)
            assert found["other"]() == 2
            function = type(pkg.copied)
            moved = function(pkg.copied.__code__.replace(co_firstlineno=1000), {})
            assert moved() == 1
        """,
    )
    for _ in range(2):  # as new code, and as code that is kept
        leg = matrix_project.measure(cache=str(matrix_project.root / "cache" / "x"))
        assert leg.code == 0, leg.output
        # Up to Python 3.11 what is made of code has its probes.
        assert {1, 5} <= set(leg.ran("pkg/__init__.py")) <= {1, 5, 6}


@pytest.mark.parametrize("isolation", ["none", "process"])
def test_a_copy_of_a_function_tells_the_same_in_each_mode(matrix_project: Project, isolation: str) -> None:
    matrix_project.write("pkg/__init__.py", "def copied(a):\n    if a:\n        return 1\n    return 2\n")
    matrix_project.write(
        "test_it.py",
        """
        import marshal, sys, types, pkg

        def test_it():
            copy = types.FunctionType(marshal.loads(marshal.dumps(pkg.copied.__code__)), {})
            print("3.12 or later:", copy(1) and sys.version_info >= (3, 12))
        """,
    )
    leg = matrix_project.measure("-rP", isolation=isolation)
    since = "3.12 or later: True" in leg.output
    assert leg.ran("pkg/__init__.py") == [1, 2, 3]
    assert leg.measured.files["pkg/__init__.py"].taken == ({(2, 3)} if since else set())


def test_a_file_nobody_imports_has_the_executable_lines_of_one_that_is_imported(
    matrix_project: Project,
) -> None:
    annotated = """
        from __future__ import annotations
        def call(
            first: int,
            second: dict[
                str, int
            ],
        ) -> None:
            while True:
                if first:
                    break
        """
    matrix_project.write("pkg/__init__.py", "")
    matrix_project.write("pkg/seen.py", annotated)
    matrix_project.write("pkg/unseen.py", annotated)
    matrix_project.write("test_it.py", "import pkg.seen\ndef test_it():\n    pkg.seen.call(1, {})\n")
    files = matrix_project.measure().measured.files
    assert files["pkg/seen.py"].executable == files["pkg/unseen.py"].executable
    assert files["pkg/seen.py"].branches == files["pkg/unseen.py"].branches
    assert files["pkg/unseen.py"].executed == 0


def test_a_project_that_turns_warnings_into_errors_is_measured(matrix_project: Project) -> None:
    matrix_project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    matrix_project.write("pkg/__init__.py", MODULE)
    matrix_project.write("test_sign.py", "import pkg\ndef test_sign():\n    assert pkg.sign(-1) == -1\n")
    leg = matrix_project.measure("-W", "error")
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == [1, 2, 3, 7]


def test_plugins_and_conftests_that_pytest_rewrites_are_measured(matrix_project: Project) -> None:
    rewritten_plugin_is_measured(matrix_project)


def test_older_pytests_are_measured_as_the_newest_is(older_pytest_project: Project) -> None:
    rewritten_plugin_is_measured(older_pytest_project)


def test_what_pytest_rewrites_is_rewritten_once(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "")
    inside = matrix_project.write(
        "pkg/test_inside.py", "def test_it():\n    if 1:\n        assert [1] == [2]\n"
    )
    matrix_project.write(
        "conftest.py",
        """
        from _pytest.assertion import rewrite

        run = rewrite.AssertionRewriter.run

        def told(self, module):
            print("rewrites", self.module_path)
            return run(self, module)

        rewrite.AssertionRewriter.run = told
        """,
    )

    def rewrites(*arguments: str) -> bool:
        leg = matrix_project.measure("pkg", "-s", *arguments, cache=str(matrix_project.root / "cache" / "x"))
        assert leg.code == 1
        assert "At index 0 diff: 1 != 2" in leg.output
        assert leg.ran("pkg/test_inside.py") == [*range(1, inside.read_text().count("\n") + 1)]
        assert leg.measured.files["pkg/test_inside.py"].taken == {(2, 3)}
        return f"rewrites {inside}" in leg.output

    assert rewrites()
    assert not rewrites()
    assert rewrites("-o", "enable_assertion_pass_hook=true")
    inside.write_text(inside.read_text() + "X = 1\n")
    assert rewrites()
    assert not rewrites()


def rewritten_plugin_is_measured(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n")
    project.write("pkg/__init__.py", "")
    project.write(
        "pkg/plugin.py",
        """
        import pytest

        @pytest.fixture
        def number():
            if pytest:
                assert True
                return 1
            return 2
        """,
    )
    project.write("test_it.py", "def test_it(number):\n    assert number == 1\n")
    for _ in range(2):  # the second run finds what the first may have left in pytest's cache
        leg = project.measure("-p", "pkg.plugin")
        assert leg.code == 0, leg.output
        assert leg.missed("pkg/plugin.py") == [8]
        assert leg.measured.files["pkg/plugin.py"].taken == {(5, 6)}
    assert "slipcover" not in "".join(str(path) for path in (project.root / "pkg").rglob("*.pyc"))
    assert project.bare("-p", "pkg.plugin").returncode == 0


def test_a_forked_child_adds_its_lines(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", MODULE)
    matrix_project.write(
        "test_fork.py",
        """
        import os
        import pkg

        def test_fork():
            child = os.fork()
            if child == 0:
                pkg.sign(-1)
                os._exit(7)
            assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        """,
    )
    leg = matrix_project.measure("-W", "ignore::DeprecationWarning")
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == [1, 2, 3, 7]
    assert leg.stamp.processes.started == leg.stamp.processes.reported == 2


def test_what_a_module_loader_offers_is_all_there(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "VALUE = 1\n")
    matrix_project.write("pkg/__main__.py", "import pkg\nprint(pkg.VALUE)\n")
    matrix_project.write("pkg/data.txt", "text")
    matrix_project.write(
        "test_loader.py",
        """
        import inspect, pkgutil, runpy
        from importlib import resources
        from importlib.machinery import SourceFileLoader
        import pkg

        def test_loader():
            assert type(pkg.__loader__) is SourceFileLoader
            assert pkgutil.get_data("pkg", "data.txt") == b"text"
            assert (resources.files("pkg") / "data.txt").read_text() == "text"
            assert inspect.getsource(pkg) == "VALUE = 1\\n"
            assert pkg.__loader__.is_package("pkg")

        def test_dash_m():
            runpy.run_module("pkg")
        """,
    )
    leg = matrix_project.measure()
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/__main__.py") == []


@pytest.mark.parametrize(
    ("name", "content", "ran"),
    [
        ("bom.py", b"\xef\xbb\xbfX = 1\n", [1]),
        ("latin.py", b"# -*- coding: latin-1 -*-\nX = '\xe9'\n", [2]),
        ("no_newline.py", b"X = 1", [1]),
        ("crlf.py", b"X = 1\r\nY = 2\r\n", [1, 2]),
        ("form_feed.py", b"X = 1\n\x0cY = 2\nZ = 3  # pragma: no cover\n", [1, 2]),
    ],
)
def test_every_form_of_source_is_read(project: Project, name: str, content: bytes, ran: list[int]) -> None:
    project.write("pkg/__init__.py", "")
    project.write(f"pkg/{name}", content)
    project.write(f"pkg/never_{name}", content)
    project.write("test_it.py", f"import pkg.{name[:-3]}\ndef test_it(): pass\n")
    leg = project.measure()
    assert leg.ran(f"pkg/{name}") == leg.missed(f"pkg/never_{name}") == ran


def test_a_process_whose_locale_is_ascii_tells_the_names_that_others_tell(project: Project) -> None:
    project.write("pkg/__init__.py", "X = 1\n")
    project.write("pkg/\u00fc.py", "X = '\u00fc'\nY = 1  # pragma: no cover \u00fc\n")
    project.write(
        "test_it.py",
        """
        import os, subprocess, sys
        def test_it():
            ascii = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
            subprocess.run([sys.executable, "pkg/\u00fc.py"], env={**os.environ, **ascii}, check=True)
        """,
    )
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/\u00fc.py") == [1]


@pytest.mark.parametrize("name", ["with space.py", "quo'te\".py", "ünï.py", "new\nline.py", "[x].py"])
def test_every_name_of_a_file_is_kept(project: Project, name: str) -> None:
    project.write("pkg/__init__.py", "")
    path = project.write(f"pkg/{name}", "X = 1\n")
    load = f"from importlib.machinery import SourceFileLoader as L\nL('m', {str(path)!r}).load_module()\n"
    project.write("test_it.py", f"{load}def test_it(): pass\n")
    leg = project.measure("-W", "ignore::DeprecationWarning")
    assert leg.ran(f"pkg/{name}") == [1], leg.output


def test_a_file_whose_name_is_not_utf_8_is_named_and_the_others_are_measured(project: Project) -> None:
    project.write("pkg/__init__.py", "X = 1\n")
    try:
        project.write(os.fsdecode(b"pkg/\xff.py"), "X = 1\n")
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    leg = project.measure()
    assert leg.stamp.unparsable == {"pkg/\\udcff.py": "its name is not UTF-8"}
    assert leg.ran("pkg/__init__.py") == [1]


def test_a_file_with_a_syntax_error_is_named_and_the_others_are_measured(project: Project) -> None:
    project.write("pkg/__init__.py", "X = 1\n")
    project.write("pkg/broken.py", "def (:\n")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    leg = project.measure()
    assert list(leg.stamp.unparsable) == ["pkg/broken.py"]
    assert leg.ran("pkg/__init__.py") == [1]


def test_where_branches_cannot_be_marked_lines_are_measured_and_the_file_named(project: Project) -> None:
    project.write("pkg/__init__.py", b"\n" * 33_000 + b"if __name__:\n    X = 1\n")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert list(leg.stamp.unbranched) == ["pkg/__init__.py"]
    assert leg.ran("pkg/__init__.py") == [33_001, 33_002]


def test_a_match_whose_last_case_captures_twice_has_its_branches(project: Project) -> None:
    project.write(
        "pkg/__init__.py",
        "def f(a):\n    match a:\n        case 1:\n            return 1\n        case _ as b:\n            return b\nf(2)\n",
    )
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    file = project.measure().measured.files["pkg/__init__.py"]
    assert file.branches == {(2, 4), (2, 6)}
    assert file.taken == {(2, 6)}


def test_what_one_leg_worked_out_serves_the_next_and_misleads_none(project: Project) -> None:
    project.write("pkg/__init__.py", MODULE)
    project.write("pkg/never.py", "X = 1\n")
    project.write("test_sign.py", "import pkg\ndef test_sign():\n    assert pkg.sign(1) == 1\n")
    cache = project.root / "cache" / "of_this"

    def measured() -> tuple[object, dict[str, bytes]]:
        leg = project.measure("-p", "no:randomly", cache=str(cache))
        assert leg.stamp.complete, leg.output
        return leg.measured.files, {path.name: path.read_bytes() for path in entries()}

    def entries() -> list[Path]:
        return sorted(path for path in cache.iterdir() if path.name.isalnum() and path.name != "claims")

    files, kept = measured()
    # Code and counts of the one, counts of the other, which nobody imported; its code where there was time for it;
    # counts of the canary.
    assert len(kept) in (4, 5)
    assert measured() == (files, kept)
    for path in entries():
        path.write_bytes(kept[path.name][:-1])
    assert measured()[0] == files
    first, second, *_ = entries()
    first.write_bytes(kept[second.name])
    assert measured()[0] == files


@pytest.mark.parametrize(
    "arguments", [(), ("--forked", "-W", "ignore::DeprecationWarning")], ids=["", "forked"]
)
def test_a_test_that_changes_directory_adds_no_second_file(
    project: Project, arguments: tuple[str, ...]
) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/late.py", "X = 1\n")
    project.write("pkg/relative.py", "def function():\n    return 1\n")
    project.write(
        "test_it.py",
        """
        import os, runpy
        def test_it():
            known = runpy.run_path("pkg/relative.py")
            os.chdir("/")  # and the process ends there
            import pkg.late
            known["function"]()
        """,
    )
    leg = project.measure(*arguments)
    assert {name: leg.missed(name) for name in leg.measured.files} == {
        "pkg/__init__.py": [],
        "pkg/late.py": [],
        "pkg/relative.py": [],
    }


def test_a_source_that_is_a_link_keeps_its_name_in_the_repository(project: Project) -> None:
    project.write("elsewhere/pkg/__init__.py", "X = 1\n")
    (project.root / "pkg").symlink_to("elsewhere/pkg")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    assert project.measure().ran("pkg/__init__.py") == [1]


def test_omitted_files_and_excluded_lines_count_nowhere(project: Project) -> None:
    project.write(
        "pkg/__init__.py",
        "X = 1\nif X:  # pragma: no cover\n    Y = 2\nif X:\n    Z = 3  # pragma: no cover\n",
    )
    project.write("pkg/vendor/a.py", "X = 1\n")
    project.write("pkg/generated_a.py", "X = 1\n")
    project.write("test_it.py", "import pkg\ndef test_it(): pass\n")
    leg = project.measure(omit=["pkg/vendor", "**/generated_*.py"])
    assert sorted(leg.measured.files) == ["pkg/__init__.py"]
    assert leg.ran("pkg/__init__.py") == [1, 4]
    assert leg.missed("pkg/__init__.py") == []
    assert leg.measured.files["pkg/__init__.py"].branches - {(4, 0)} == frozenset()


def test_lines_without_branches_can_be_asked_for(project: Project) -> None:
    project.write("pkg/__init__.py", MODULE)
    project.write("test_sign.py", "import pkg\ndef test_sign():\n    assert pkg.sign(1) == 1\n")
    leg = project.measure(branch=False)
    assert leg.ran("pkg/__init__.py") == [1, 2, 4, 7]
    assert not leg.measured.branch
    assert leg.measured.files["pkg/__init__.py"].branches == frozenset()


def test_the_collector_can_be_among_the_sources(project: Project) -> None:
    project.write("test_it.py", "import covlane.collector.leg.plan\ndef test_it(): pass\n")
    package = str(COLLECTOR.parents[1])
    leg = project.measure("-o", f"pythonpath={package}", root=package, source=["covlane/collector"])
    assert leg.code == 0, leg.output
    assert leg.ran("covlane/collector/leg/plan.py")
    assert leg.ran("covlane/collector/process/hooks.py") == []


def test_a_file_that_changes_while_the_leg_runs_is_measured_as_each_process_found_it(
    project: Project,
) -> None:
    project.write("pkg/__init__.py", "")
    project.write("pkg/late.py", "X = 1\n")
    project.write(
        "test_it.py",
        """
        import pathlib, subprocess, sys
        def test_it():
            for text in ("X = 1", "X = 1\\nY = 2"):
                pathlib.Path("pkg/late.py").write_text(text)
                subprocess.run([sys.executable, "-c", "import pkg.late"], check=True)
        """,
    )
    assert project.measure().ran("pkg/late.py") == [1, 2]


@pytest.mark.parametrize(
    "head",
    [
        "if (\n        a\n        and b\n    ):",
        "while (\n        a\n        and b\n    ):",
        "match (\n        a and\n        b\n    ):\n      case True:",
    ],
    ids=["if", "while", "match"],
)
def test_a_condition_on_the_lines_below_has_its_branches(matrix_project: Project, head: str) -> None:
    matrix_project.write("pkg/__init__.py", f"def f(a, b):\n    {head}\n        return 1\n    return 2\n")
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.f(True, False) == 2\n")
    leg = matrix_project.measure()
    file = leg.measured.files["pkg/__init__.py"]
    line = min(line for line, _ in file.branches)
    assert line in (2, 3)
    assert {target for _, target in file.branches} == {6 + head.count("case"), 7 + head.count("case")}
    assert file.taken == {(line, 7 + head.count("case"))}
    assert line in leg.ran("pkg/__init__.py")


def test_many_files_that_nobody_imported_are_counted_as_few_are(project: Project) -> None:
    project.write("pkg/__init__.py", MODULE)
    for number in range(70):
        project.write(f"pkg/never{number}.py", MODULE)
    project.write("pkg/broken.py", "def (:\n")
    project.write("test_sign.py", "import pkg\ndef test_sign():\n    assert pkg.sign(1) == 1\n")
    leg = project.measure()
    every = leg.measured.files
    assert len(every) == 71
    assert {(file.executable, file.branches) for file in every.values()} == {
        (every["pkg/__init__.py"].executable, every["pkg/__init__.py"].branches)
    }
    assert list(leg.stamp.unparsable) == ["pkg/broken.py"]


def test_a_line_that_only_an_exception_comes_to_has_run(matrix_project: Project) -> None:
    project = matrix_project
    project.write(
        "pkg/__init__.py",
        """
        import asyncio

        def closed(log):
            try:
                yield
            finally:
                log.append("closed")

        def raised(log):
            try:
                raise KeyError
            finally: log.append("raised")

        def returned(log):
            try:
                raise KeyError
            finally:
                return log.append("returned")

        def named(log):
            try:
                raise KeyError
            except KeyError as error:
                log.append(error) or error.missing
                error = None

        async def looped(log):
            async for _ in nothing():
                log.append("never")

        async def nothing():
            if __name__ == "another":
                yield
        """,
    )
    project.write(
        "test_it.py",
        """
        import asyncio, pytest, pkg

        def test_it():
            log = []
            generator = pkg.closed(log)
            next(generator)
            generator.close()
            with pytest.raises(KeyError):
                pkg.raised(log)
            pkg.returned(log)
            with pytest.raises(AttributeError):
                pkg.named(log)
            asyncio.run(pkg.looped(log))
            assert len(log) == 4
        """,
    )
    leg = project.measure(branch=False)
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/__init__.py") == [25, 29, 33]
