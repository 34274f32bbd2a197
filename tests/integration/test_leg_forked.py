"""Each test in a process of its own, both ways: the same lines as a serial run, under every pairing of the tools."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Project

TEST = """
    import pkg
    import pytest

    @pytest.mark.parametrize("number", [-1, 1])
    def test_sign(number):
        print("output")
        assert pkg.sign(number) == number

    @pytest.mark.skip
    def test_skipped():
        pass

    @pytest.mark.xfail(strict=True)
    def test_xfail():
        assert not pkg.sign(1)
    """
MODULE = """
    def sign(number):
        if number < 0:
            return -1
        return 1
    """


def prepare(project: Project) -> None:
    project.write("pytest.ini", "[pytest]\nfilterwarnings = error\n    ignore::DeprecationWarning\n")
    project.write("pkg/__init__.py", MODULE)
    project.write("test_sign.py", TEST)


#: How each test comes to a process of its own: pytest's arguments, and the plan's isolation.
FORKED: tuple[tuple[str, ...], str] = (("--forked",), "none")
PROCESS: tuple[tuple[str, ...], str] = ((), "process")
both_ways = pytest.mark.parametrize("way", [FORKED, PROCESS], ids=["pytest-forked", "process"])


def forked_is_as_serial(project: Project, way: tuple[tuple[str, ...], str], *arguments: str) -> None:
    prepare(project)
    asked, isolation = way
    serial = project.measure()
    forked = project.measure(*asked, *arguments, isolation=isolation)
    assert forked.code == 0, forked.output
    assert forked.stamp.reasons == ()
    assert forked.measured.files == serial.measured.files
    assert forked.stamp.counts == serial.stamp.counts == {"passed": 2, "skipped": 1, "xfailed": 1}
    assert forked.stamp.processes.started > 4


@both_ways
def test_forked_tests_give_the_lines_of_a_serial_run(
    matrix_project: Project, way: tuple[tuple[str, ...], str]
) -> None:
    forked_is_as_serial(matrix_project, way)


@both_ways
def test_forked_tests_in_workers_give_the_lines_of_a_serial_run(
    matrix_project: Project, way: tuple[tuple[str, ...], str]
) -> None:
    forked_is_as_serial(matrix_project, way, "-n", "2")


def test_forked_tests_work_under_every_pairing_of_pytest_and_the_plugin(paired_project: Project) -> None:
    forked_is_as_serial(paired_project, FORKED)


def test_a_process_for_each_test_works_under_older_pytests(older_pytest_project: Project) -> None:
    forked_is_as_serial(older_pytest_project, PROCESS)


def test_a_marked_test_is_forked_among_others_that_are_not(project: Project) -> None:
    prepare(project)
    project.write(
        "test_sign.py",
        """
        import os, pkg, pytest
        PARENT = os.getpid()

        @pytest.mark.forked
        def test_forked():
            assert pkg.sign(-1) == -1
            assert os.getpid() != PARENT

        def test_plain():
            assert pkg.sign(1) == 1
            assert os.getpid() == PARENT
        """,
    )
    leg = project.measure()
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/__init__.py") == []
    assert leg.stamp.processes.started == 2


@pytest.mark.parametrize("number", ["SIGKILL", "SIGSEGV", "SIGABRT"])
def test_a_forked_test_that_crashes_fails_alone_and_is_listed(project: Project, number: str) -> None:
    prepare(project)
    project.write(
        "test_crash.py",
        f"import os, signal\ndef test_crash():\n    os.kill(os.getpid(), signal.{number})\n",
    )
    leg = project.measure("--forked")
    assert leg.code == 1
    assert leg.stamp.counts["failed"] == 1
    assert leg.missed("pkg/__init__.py") == []
    (listed,) = leg.stamp.killed
    assert "test_crash.py::test_crash" in listed
    assert leg.stamp.reasons == ()
