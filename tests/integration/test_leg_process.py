"""`isolation = "process"`: what our plugin promises of a test in a process of its own, each under a leg."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from leg import Leg, Project

MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1
    """
#: What pytest says of a test, in all ways that a test can go.
KINDS = """
    import sys
    import unittest
    import warnings

    import pytest

    class Own(UserWarning):
        pass

    @pytest.fixture
    def without_end():
        yield
        raise ValueError("in teardown")

    @pytest.fixture
    def without_beginning():
        raise ValueError("in setup")

    def test_passes(record_property):
        record_property("asked", 1)

    def test_fails():
        print("out")
        print("err", file=sys.stderr)
        assert {"x": [1, 2]} == {"x": [1, 3]}

    def test_fails_in_a_chain():
        try:
            1 / 0
        except ZeroDivisionError as error:
            raise KeyError("k") from error

    @pytest.mark.skip(reason="not now")
    def test_is_skipped(): pass

    @pytest.mark.xfail(reason="known")
    def test_fails_as_expected(): assert 0

    @pytest.mark.xfail
    def test_passes_unexpectedly(): pass

    @pytest.mark.xfail(strict=True)
    def test_passes_and_must_not(): pass

    def test_cannot_begin(without_beginning): pass

    def test_cannot_end(without_end): assert 0

    @pytest.mark.parametrize("value", ["é", b"\\xff"])
    def test_takes(value): pass

    class TestCase(unittest.TestCase):
        def test_a(self): self.fail("a")
        @unittest.skip("no")
        def test_b(self): pass

    def test_warns():
        warnings.warn("plain")
        warnings.warn(Own("own"))

    @pytest.mark.filterwarnings("error")
    def test_warns_in_vain(): warnings.warn("plain")

    def test_leaves(): sys.exit(3)
    """


@pytest.fixture
def package(project: Project) -> Project:
    """A project in which the process of a test shows whether its line was kept."""
    project.write("pkg/__init__.py", MODULE)
    return project


def measure(project: Project, test: str, *arguments: str) -> Leg:
    """Measure a leg with this test between two that pass."""
    neighbour = "import pkg\ndef test_neighbour():\n    assert pkg.sign({}) == {}\n"
    project.write("test_a.py", neighbour.format(-1, -1))
    project.write("test_b.py", test)
    project.write("test_c.py", neighbour.format(1, 1))
    leg = project.measure(*arguments, isolation="process")
    assert leg.missed("pkg/__init__.py") == [], leg.output
    return leg


def counts(leg: Leg) -> dict[str, int]:
    """Return how many tests ended in which way."""
    return {way: n for way, n in leg.stamp.counts.items() if way not in ("warnings", "deselected")}


def plain(output: str) -> str:
    """Return what pytest printed, without times, and widths that depend on them."""
    return re.sub(r"=+", "=", re.sub(r"\d+\.\d+s", "", output))


def test_pytest_says_the_same_as_without_processes(package: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    package.write("test_kinds.py", KINDS)
    arguments = ("-v", "-ra", "-p", "no:randomly")
    serial = package.measure(*arguments, "--junitxml=serial.xml")
    process = package.measure(*arguments, "--junitxml=process.xml", isolation="process")
    assert process.code == serial.code == 1
    assert plain(process.output).replace("process.xml", "serial.xml") == plain(serial.output)
    assert process.stamp.counts == serial.stamp.counts
    assert cases(package.root / "process.xml") == cases(package.root / "serial.xml")


def cases(path: Path) -> list[object]:
    """Return what JUnit's file says of each test, without its time."""
    return [
        (case.get("name"), [(each.tag, each.get("message")) for each in case.iter()])
        for case in ET.parse(path).iter("testcase")
    ]


def test_no_test_sees_what_another_did(package: Project) -> None:
    package.write(
        "test_state.py",
        """
        import builtins, os, sys, threading, pytest

        @pytest.fixture(scope="session")
        def shared(): return []

        @pytest.mark.parametrize("number", range(3))
        def test_it(number, shared, tmp_path):
            assert shared == [] and not hasattr(builtins, "left") and os.path.isdir("pkg")
            assert threading.active_count() == 1
            assert all((tmp_path.parent / f"test_it_{each}_0").is_dir() for each in range(number))
            builtins.left = number
            shared.append(number)
            os.chdir("/")
            (tmp_path / "kept").touch()
            threading.Thread(target=threading.Event().wait).start()
            sys.stdout = None
        """,
    )
    leg = package.measure(isolation="process")
    assert leg.code == 0, leg.output
    assert leg.stamp.reasons == ()


@pytest.mark.parametrize(
    ("crash", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "was ended by signal 9 (SIGKILL)"),
        ("ctypes.string_at(0)", "was ended by signal 11 (SIGSEGV)"),
        ("os._exit(7)", "exited with status 7 before the test ended"),
        ("os._exit(0)", "exited with status 0 before the test ended"),
    ],
)
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "in a worker"])
def test_a_crash_fails_its_test_with_its_output_and_no_other(
    package: Project, crash: str, said: str, workers: tuple[str, ...]
) -> None:
    test = f"import ctypes, os, signal\ndef test_crash():\n    print('before the end')\n    {crash}\n"
    leg = measure(package, test, *workers)
    assert leg.code == 1
    assert counts(leg) == {"passed": 2, "failed": 1}
    assert f"test_b.py:2: the test's process {said}" in leg.output
    assert re.search(r"Captured stdout call -+\nbefore the end\n", leg.output)
    assert "test_b.py::test_crash" in " ".join(leg.stamp.killed) or "_exit" in crash
    assert leg.stamp.reasons == ()


def test_a_crash_in_a_fixture_is_an_error_of_its_phase(package: Project) -> None:
    test = """
        import os, pytest
        @pytest.fixture
        def early(): os._exit(1)
        @pytest.fixture
        def late():
            yield
            os._exit(1)
        def test_early(early): pass
        def test_late(late): pass
        @pytest.mark.xfail(reason="known")
        def test_expected(): os._exit(1)
        @pytest.mark.xfail(raises=KeyError)
        def test_other(): os._exit(1)
        """
    leg = measure(package, test, "-rA")
    assert counts(leg) == {"passed": 3, "error": 2, "xfailed": 1, "failed": 1}
    assert "ERROR at setup of test_early" in leg.output
    assert "ERROR at teardown of test_late" in leg.output


def test_x_ends_at_the_first_crash_and_lf_finds_it(package: Project) -> None:
    test = "import os\ndef test_crash():\n    os._exit(1)\n"
    cache = ("-p", "cacheprovider")
    first = package_of(package, test).measure("-x", *cache, isolation="process")
    assert counts(first) == {"passed": 1, "failed": 1}
    again = package.measure("--lf", *cache, isolation="process")
    assert counts(again) == {"failed": 1}


def package_of(package: Project, test: str) -> Project:
    package.write("test_a.py", "def test_first(): pass\n")
    package.write("test_b.py", test)
    package.write("test_c.py", "def test_last(): pass\n")
    return package


@pytest.mark.parametrize("option", ["--pdb", "--trace"])
def test_a_debugger_is_refused_with_a_word(package: Project, option: str) -> None:
    leg = package_of(package, "def test(): pass\n").measure(option, isolation="process")
    assert leg.code == pytest.ExitCode.USAGE_ERROR
    assert (
        'ERROR: --pdb and --trace cannot follow a test into its process: set isolation = "none"' in leg.output
    )
    assert "Traceback" not in leg.output


def test_a_system_without_fork_is_told_so(package: Project) -> None:
    package.write("unable.py", "import os\ndel os.fork\n")
    leg = package_of(package, "def test(): pass\n").measure("-p", "unable", isolation="process")
    assert leg.code == pytest.ExitCode.USAGE_ERROR
    assert 'ERROR: isolation = "process" needs os.fork, which this system lacks' in leg.output
    assert "Traceback" not in leg.output


def test_a_report_may_be_of_any_size_and_hold_anything(package: Project) -> None:
    package.write(
        "conftest.py",
        """
        import pathlib, pytest
        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_makereport(item, call):
            report = (yield).get_result()
            report.extra = {1: pathlib.Path("a"), "text": {"set"}, "object": object, "own": type("Text", (str,), {})("b")}

        def pytest_runtest_logreport(report):
            if "test_big" in report.nodeid:
                assert report.extra == {1: "a", "text": {"set"}, "object": str(object), "own": "b"}
        """,
    )
    test = """
        import pathlib
        def test_big(record_property):
            record_property("path", pathlib.Path("a"))
            print("x" * 3_000_000, "\\udcff", flush=True)
            raise ValueError("\\udcff and \\ud800")
        """
    leg = measure(package, test, "--junitxml=junit.xml", "-o", "junit_logging=no")
    assert leg.code == 1
    assert counts(leg) == {"passed": 2, "failed": 1}
    assert "x" * 3_000_000 in leg.output
    assert '<property name="path" value="a"' in (package.root / "junit.xml").read_text("utf-8")


def test_what_a_test_leaves_running_keeps_nobody(package: Project) -> None:
    test = """
        import os, subprocess, sys, threading, time, warnings
        def test_it():
            warnings.simplefilter("ignore")
            subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], close_fds=False)
            threading.Thread(target=time.sleep, args=(600,)).start()
            if not os.fork():
                time.sleep(600)
        """
    argv = package_of(package, test).command(package.plan(isolation="process"))
    with (package.root / "output").open("w+") as output:
        running = subprocess.Popen(
            argv, cwd=package.root, stdout=output, stderr=output, start_new_session=True
        )
        try:
            assert running.wait(90) == 0
        finally:
            os.killpg(running.pid, signal.SIGKILL)
    assert counts(package.read()) == {"passed": 3}


def test_a_fork_that_comes_back_from_its_test_says_nothing(package: Project) -> None:
    test = """
        import os, pkg
        def test_it():
            child = os.fork()
            if child:
                assert os.waitpid(child, 0)[1] == 0
        """
    leg = measure(package, test)
    assert leg.code == 0, leg.output
    assert counts(leg) == {"passed": 3}


@pytest.mark.parametrize("end", ["pytest.exit('enough', returncode=9)", "raise KeyboardInterrupt"])
def test_a_test_may_end_the_session(package: Project, end: str) -> None:
    test = f"""
        import pathlib, pytest
        @pytest.fixture
        def resource():
            yield
            pathlib.Path("released").touch()
        def test_end(resource):
            {end}
        """
    leg = package_of(package, test).measure(isolation="process")
    assert leg.code == (9 if "exit" in end else 2), leg.output
    assert counts(leg) == {"passed": 1}
    assert (package.root / "released").exists()


def test_a_wait_that_a_plugin_breaks_off_fails_the_test_and_ends_its_process(package: Project) -> None:
    package.write(
        "conftest.py",
        """
        import signal, pytest
        def late(*_): pytest.fail("too late")

        @pytest.hookimpl(hookwrapper=True)
        def pytest_runtest_protocol(item):
            signal.signal(signal.SIGALRM, late)
            signal.setitimer(signal.ITIMER_REAL, 1 if "hangs" in item.name else 0)
            yield
            signal.setitimer(signal.ITIMER_REAL, 0)
        """,
    )
    test = """
        import os, pathlib, time
        def test_hangs():
            pathlib.Path("pid").write_text(str(os.getpid()))
            time.sleep(600)
        """
    leg = measure(package, test)
    assert counts(leg) == {"passed": 2, "failed": 1}
    assert "too late" in leg.output
    assert leg.stamp.reasons == ()
    assert not runs(int((package.root / "pid").read_text()))


def runs(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


HANGING = """
    import os, pathlib, time, pytest
    @pytest.fixture
    def resource():
        yield
        pathlib.Path("released").touch()
    def test_hangs(resource):
        pathlib.Path("begun").write_text(str(os.getpid()))
        os.rename("begun", "pid")
        time.sleep(600)
    """


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "in a worker"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_the_child_too_and_the_leg_is_written(
    package: Project, number: signal.Signals, workers: tuple[str, ...]
) -> None:
    argv = package_of(package, HANGING).command(package.plan(isolation="process"), *workers)
    running = subprocess.Popen(
        argv,
        cwd=package.root,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    noted = package.root / "pid"
    wait_until(noted.exists)
    child = int(noted.read_text())
    if number == signal.SIGINT:
        os.killpg(running.pid, number)
    else:
        running.send_signal(number)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == (2 if number == signal.SIGINT else 128 + number), output
    wait_until(lambda: not runs(child))
    if number == signal.SIGINT and not workers:
        assert (package.root / "released").exists()
    assert not package.read().stamp.complete


def wait_until(what: object) -> None:
    until = time.monotonic() + 60
    while not what():  # type: ignore[operator]
        assert time.monotonic() < until
        time.sleep(0.05)


def test_standard_input_is_the_tests_under_s_and_refused_without(package: Project) -> None:
    test = "def test_reads():\n    assert input() == 'a line'\n"
    argv = package_of(package, test).command(package.plan(isolation="process"))
    for more, code in ((["-s"], 0), ([], 1)):
        done = subprocess.run(
            [*argv, *more],
            cwd=package.root,
            input="a line\n",
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == code, done.stdout
    assert "reading from stdin while output is captured" in done.stdout


def test_the_session_loads_the_plugin_by_the_setting_alone(package: Project) -> None:
    test = "import os\nPARENT = os.getpid()\ndef test_it():\n    assert os.getpid() != PARENT\n"
    leg = measure(package, test)
    assert leg.code == 0, leg.output
    assert leg.stamp.processes.started == 4


def test_the_canary_runs_in_a_process_too(package: Project) -> None:
    package_of(package, "def test(): pass\n")
    leg = package.measure(isolation="process", canary=True)
    assert leg.stamp.self_check == "passed"
    folder = package.root / "reports" / "legs" / "leg.d"
    told = "".join(path.read_text() for path in folder.glob("*.fragment"))
    assert '"test":"covlane_canary"' in told
