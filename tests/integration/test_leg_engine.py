"""The other engine measures the same leg: every process, every end, the same shape of report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Leg, Project

MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1


    def never():  # pragma: no cover
        return 0
    """
SCRIPT = "import pkg\nif pkg:\n    pkg.sign(1)\n"


def measure(project: Project, test: str, *arguments: str) -> Leg:
    project.write("pkg/__init__.py", MODULE)
    project.write("pkg/script.py", SCRIPT)
    project.write("pkg/unseen.py", "X = 1\nif X:\n    Y = 2\n")
    project.write("pkg/wrong.py", "def broken(:\n")
    project.write("test_it.py", test)
    return project.measure(*arguments, engine="coverage")


def test_lines_branches_and_exclusions_are_those_of_the_program(matrix_project: Project) -> None:
    leg = measure(matrix_project, "import pkg\ndef test_it():\n    assert pkg.sign(1) == 1\n", "-W", "error")
    assert leg.code == 0, leg.output
    assert (leg.ran("pkg/__init__.py"), leg.missed("pkg/__init__.py")) == ([1, 2, 4], [3])
    file = leg.measured.files["pkg/__init__.py"]
    assert file.branches == {(2, 3), (2, 4)}
    assert file.taken == {(2, 4)}
    assert leg.missed("pkg/unseen.py") == [1, 2, 3]
    assert "SyntaxError" in leg.stamp.unparsable["pkg/wrong.py"]
    assert leg.stamp.engine == "coverage"
    assert leg.stamp.tools.keys() >= {"coverage", "pytest"}
    assert "slipcover" not in leg.stamp.tools


@pytest.mark.parametrize("mode", ["", "-n 1"])
def test_a_file_that_comes_after_a_checkpoint_is_no_other(matrix_project: Project, mode: str) -> None:
    matrix_project.write(
        "pkg/sub/late.py", "def late(number):\n    if number:\n        return number\n    return None\n"
    )
    test = """
        import pkg
        def test_it():
            assert pkg.sign(1) == 1
        def test_late():
            import pkg.sub.late
            assert pkg.sub.late.late(1)
        """
    leg = measure(matrix_project, test, "-p", "no:randomly", *mode.split())
    assert leg.code == 0, leg.output
    assert (leg.ran("pkg/__init__.py"), leg.missed("pkg/__init__.py")) == ([1, 2, 4], [3])
    assert (leg.ran("pkg/sub/late.py"), leg.missed("pkg/sub/late.py")) == ([1, 2, 3], [4])


@pytest.mark.parametrize("mode", ["", "-n 2", "--forked", "--forked -n 2"])
def test_every_mode_gives_the_same(project: Project, mode: str) -> None:
    test = """
        import os, subprocess, sys
        import pkg
        def test_here():
            assert pkg.sign(1) == 1
        def test_in_a_fork():
            child = os.fork()
            if child == 0:
                pkg.sign(-1)
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        def test_in_a_script():
            subprocess.run([sys.executable, "pkg/script.py"], check=True, env={**os.environ, "PYTHONPATH": "."})
        """
    leg = measure(project, test, "-W", "ignore::DeprecationWarning", *mode.split())
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/__init__.py") == leg.missed("pkg/script.py") == []
    assert leg.measured.files["pkg/script.py"].taken == {(2, 3)}
    assert leg.stamp.complete


def test_a_function_that_forks_is_seen_to_its_end_on_both_sides(matrix_project: Project) -> None:
    matrix_project.write(
        "pkg.py",
        """
        import os

        def forks():
            child = os.fork()
            if child == 0:
                grandchild = os.fork()
                if grandchild == 0:
                    os._exit(7)
                os._exit(os.waitpid(grandchild, 0)[1] >> 8)
            ended = os.waitpid(child, 0)
            return ended[1] >> 8
        """,
    )
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.forks() == 7\n")
    leg = matrix_project.measure(engine="coverage", source=["pkg.py"])
    assert leg.code == 0, leg.output
    assert leg.missed("pkg.py") == []
    file = leg.measured.files["pkg.py"]
    assert file.taken == file.branches == {(5, 6), (5, 10), (7, 8), (7, 9)}


@pytest.mark.parametrize("end", ["os._exit(1)", "os.kill(os.getpid(), signal.SIGTERM)"])
def test_what_was_measured_outlives_the_process(project: Project, end: str) -> None:
    leg = measure(project, f"import os, signal\nimport pkg\ndef test_it():\n    pkg.sign(-1)\n    {end}\n")
    assert leg.ran("pkg/__init__.py") == [1, 2, 3]
    assert not leg.stamp.complete


def test_a_trace_function_in_the_place_of_coverages_is_named(matrix_project: Project) -> None:
    project = matrix_project
    project.write("pkg.py", "def called():\n    return 1\n")
    project.write(
        "test_it.py",
        """
        import sys, threading, pkg

        def test_threads_set_coverages_own():
            thread = threading.Thread(target=pkg.called)
            thread.start()
            thread.join()

        def test_it():
            before = sys.gettrace()
            sys.settrace(None)
            pkg.called()
            sys.settrace(before)
        """,
    )
    assert project.measure("-k", "threads", engine="coverage", source=["pkg.py"]).stamp.reasons == ()
    reasons = project.measure(engine="coverage", source=["pkg.py"]).stamp.reasons
    assert [reason.partition(",")[0] for reason in reasons] == ["the suite called sys.settrace"]


def test_a_coverage_that_the_suite_starts_itself_is_named_for_what_it_hides(project: Project) -> None:
    project.write("pkg.py", MODULE)
    project.write(
        "test_it.py",
        """
        import coverage, pkg
        def test_it():
            own = coverage.Coverage(data_file=None, config_file=False)
            own.start()
            pkg.sign(-1)
            own.stop()
        def test_after():
            assert pkg.sign(1) == 1
        """,
    )
    leg = project.measure(engine="coverage", source=["pkg.py"])
    assert leg.code == 0, leg.output
    (reason,) = leg.stamp.reasons
    assert reason.startswith(
        "coverage.py was started by the suite itself, and what ran meanwhile was not measured"
    )
    assert 4 in leg.ran("pkg.py")


def test_lines_alone_can_be_asked_for(project: Project) -> None:
    project.write("pkg.py", MODULE)
    project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.sign(1) == 1\n")
    leg = project.measure(engine="coverage", branch=False, source=["pkg.py"])
    assert (leg.ran("pkg.py"), leg.missed("pkg.py")) == ([1, 2, 4], [3])
    assert list(leg.measured.files) == ["pkg.py"]


def test_an_error_of_the_engine_is_named_by_its_words(project: Project) -> None:
    test = """
        import coverage
        def test_it():
            import pkg
            def fails(*_):
                raise RuntimeError("dictionary changed size during iteration")
            coverage.Coverage.get_data = fails
        """
    leg = measure(project, test)
    assert not leg.stamp.complete
    assert any("RuntimeError: dictionary changed size" in reason for reason in leg.stamp.reasons)


def test_sigterm_in_the_middle_of_the_last_reading_comes_after_it(matrix_project: Project) -> None:
    child = """
        import coverage, os, signal
        import pkg
        pkg.sign(1)
        original, reading = coverage.Coverage.get_data, []
        def get_data(self):
            assert not reading, "read within a reading"
            reading.append(1)
            os.kill(os.getpid(), signal.SIGTERM)
            for _ in range(1000): pass
            data = original(self)
            reading.clear()
            return data
        coverage.Coverage.get_data = get_data
        """
    matrix_project.write("child.py", child)
    test = """
        import subprocess, sys
        def test_it():
            subprocess.run([sys.executable, "child.py"])
        """
    leg = measure(matrix_project, test)
    assert leg.stamp.complete, leg.stamp.reasons
    assert leg.ran("pkg/__init__.py") == [1, 2, 4]
