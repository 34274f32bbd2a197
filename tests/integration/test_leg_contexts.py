"""Contexts: which test ran each line and branch of a leg, in each mode and in the processes that tests start."""

from __future__ import annotations

import gzip
import json
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from covlane.model.lines import unpack
from environments import each_python
from leg import Project

if TYPE_CHECKING:
    from pathlib import Path

    from environments import Environments
    from leg import Leg

    #: By context: by file, the lines and branches.
    Ran = dict[str, dict[str, set[Any]]]

#: Those of each mode: what is asked of the leg, and of pytest.
MODES: dict[str, tuple[dict[str, object], tuple[str, ...]]] = {
    "serial": ({}, ()),
    "workers": ({"workers": 2}, ("-n", "2")),
    "forked": ({"isolation": "forked"}, ("--forked",)),
    "process": ({"isolation": "process"}, ()),
    "process in workers": ({"isolation": "process", "workers": 2}, ("-n", "2")),
}
MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1

    one = lambda: 1

    def odd(numbers):
        return [
            number
            for number in numbers
            if number % 2
        ]

    def opened():
        yield "open"
        sign(-1)

    def started():
        return 5
    """
TESTS = """
    import subprocess, sys

    import pytest
    from pkg.mod import odd, one, opened, sign, started

    @pytest.fixture(scope="module")
    def shared():
        yield from opened()

    @pytest.fixture
    def own():
        yield odd([2])

    def test_negative():
        assert sign(-1) == -1

    def test_positive():
        assert sign(1) == 1 and one() == 1

    def test_again():
        assert sign(2) == 1 and one() == 1

    def test_shared(shared):
        assert shared == "open"

    def test_shared_by_name(request):
        assert request.getfixturevalue("shared") == "open"

    def test_own(own):
        assert own == []

    @pytest.mark.parametrize("environ", [None, {}])
    def test_child(environ):
        subprocess.run([sys.executable, "-c", "from pkg.mod import started; started()"], env=environ, check=True)

    def test_killed_child():
        program = "from pkg.mod import one, os; one(); os.kill(os.getpid(), 9)"
        assert subprocess.run([sys.executable, "-c", program.replace("one, os", "one; import os")]).returncode

    def test_forked_child():
        import os
        if not (child := os.fork()):
            started()
            os.kill(os.getpid(), 9)
        os.waitpid(child, 0)
    """
LINES = {
    "test_negative": {2, 3},
    "test_positive": {2, 4, 6},
    "test_again": {2, 4, 6},
    "test_own": {9, 11, 12},
}


@pytest.fixture(params=each_python(("3.12", "3.13", "3.14", "3.15")))
def watched(request: pytest.FixtureRequest, tmp_path: Path, environments: Environments) -> Project:
    """A project with a module and tests, measured by each Python that tells tests apart."""
    made = Project(tmp_path / "project", environments.leg(request.param))
    made.write("pkg/__init__.py", "")
    made.write("pkg/mod.py", MODULE)
    made.write("test_mod.py", TESTS)
    made.write("conftest.py", "")
    return made


def contexts(leg: Leg) -> Ran:
    """Return what each context ran, a test with what its wide fixtures ran."""
    path = leg.report.with_suffix(".contexts.gz")
    document = json.loads(gzip.decompress(path.read_bytes()))
    names = [name for name, _ in document["contexts"]]
    found: Ran = {}
    for file, said in document["files"].items():
        items = [tuple(item) if isinstance(item, list) else item for item in said["items"]]
        for context, chosen in said["ran"]:
            bitmap = int.from_bytes(bytes.fromhex(said["sets"][chosen]), "little")
            ran = {item for place, item in enumerate(items) if bitmap >> place & 1}
            found.setdefault(names[context], {})[file] = ran
    for test, fixtures in document["fixtures"]:
        for file, ran in (pair for each in fixtures for pair in found.get(names[each], {}).items()):
            into = found.setdefault(names[test], {})
            into[file] = into.get(file, set()) | ran
    return found


def lines(ran: Ran, test: str, file: str = "pkg/mod.py") -> set[int]:
    return {item for item in ran[f"test_mod.py::{test}"].get(file, set()) if isinstance(item, int)}


@pytest.mark.parametrize("mode", MODES)
def test_each_test_has_its_own_lines_and_branches(watched: Project, mode: str) -> None:
    asked, arguments = MODES[mode]
    leg = watched.measure(*arguments, contexts=True, **asked)
    assert (leg.code, leg.stamp.complete) == (0, True), leg.output
    ran = contexts(leg)
    for test, own in LINES.items():
        assert lines(ran, test) == own, test
    assert (2, 3) in ran["test_mod.py::test_negative"]["pkg/mod.py"]
    assert (2, 4) not in ran["test_mod.py::test_negative"]["pkg/mod.py"]
    assert {1, 6, 8, 15, 19} <= {item for item in ran["import"]["pkg/mod.py"] if isinstance(item, int)}
    for test in ("test_shared", "test_shared_by_name"):
        # Set up, and torn down, for both.
        assert lines(ran, test) == {2, 3, 16, 17}, test
    for test in ("test_child[None]", "test_child[environ1]"):
        assert lines(ran, test) >= {1, 19, 20}, test
    assert 6 in lines(ran, "test_killed_child")
    assert lines(ran, "test_forked_child") == {20}


@pytest.mark.parametrize("mode", MODES)
def test_the_leg_is_the_same_as_without(watched: Project, mode: str) -> None:
    asked, arguments = MODES[mode]
    without = watched.measure(*arguments, **asked).measured.files
    leg = watched.measure(*arguments, contexts=True, **asked)
    assert leg.measured.files == without
    every: set[int] = set()
    for ran in contexts(leg).values():
        every |= {item for item in ran.get("pkg/mod.py", set()) if isinstance(item, int)}
    assert every == {*unpack(without["pkg/mod.py"].executed)}


def test_the_lines_are_those_of_coverage_pys_contexts(watched: Project) -> None:
    ran = contexts(watched.measure(contexts=True))
    watched.write(".coveragerc", "[run]\nsource = pkg\ndynamic_context = test_function\n")
    watched._call([str(watched.python), "-m", "coverage", "run", "-m", "pytest", "-p", "no:cacheprovider"])
    with sqlite3.connect(watched.root / ".coverage") as data:
        rows = data.execute(
            "select context.context, numbits from line_bits join context on context.id = context_id "
            "join file on file.id = file_id where path like '%mod.py' and context.context != ''"
        ).fetchall()
    expected = {
        name.rpartition(".")[2]: {
            8 * place + bit for place, byte in enumerate(numbits) for bit in range(8) if byte >> bit & 1
        }
        for name, numbits in rows
    }
    # Its contexts end where the test's function does.
    for test in ("test_negative", "test_positive", "test_again"):
        assert lines(ran, test) == expected[test], test


def test_what_runs_between_tests_has_a_context(watched: Project) -> None:
    watched.write(
        "conftest.py",
        """
        from pkg.mod import sign

        def pytest_runtestloop(session):
            for number, item in enumerate(session.items):
                if number:
                    sign(1)
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            return True
        """,
    )
    ran = contexts(watched.measure(contexts=True))
    assert {2, 4} <= ran["between tests"]["pkg/mod.py"]
    assert lines(ran, "test_negative") == {2, 3}


def test_what_a_child_ran_as_another_user_is_its_tests(watched: Project) -> None:
    watched.write(
        "test_mod.py",
        """
        import os
        from pkg.mod import sign

        def test_other_user():
            if not (child := os.fork()):
                os.setuid(12345)
                sign(1)
                os._exit(0)
            os.waitpid(child, 0)
        """,
    )
    leg = watched.measure(contexts=True)
    assert leg.code == 0
    assert {2, 4} <= {*leg.ran("pkg/mod.py")}
    assert lines(contexts(leg), "test_other_user") == {2, 4}
    assert leg.stamp.complete
