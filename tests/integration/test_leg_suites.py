"""Suites that meddle with what a measurement rests on pass as they do bare, and their lines are all there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Leg, Project

MODULE = """
    def work(number):
        if number:
            return number
        return None
    """
#: All but `return None`.
RAN = [1, 2, 3]


def measure(project: Project, test: str, *arguments: str) -> Leg:
    """Run a suite bare, where it has to pass, and as a leg, where it has to pass and be complete."""
    project.write("pkg/__init__.py", MODULE)
    project.write("test_it.py", test)
    bare = project.bare(*arguments)
    assert bare.returncode == 0, bare.stdout
    leg = project.measure(*arguments)
    assert leg.code == 0, leg.output
    assert leg.ran("pkg/__init__.py") == RAN
    assert leg.stamp.reasons == ()
    return leg


def test_a_suite_may_take_the_number_that_coverage_tools_share(matrix_project: Project) -> None:
    measure(
        matrix_project,
        """
        import sys
        import pkg

        def test_it():
            if sys.version_info >= (3, 12):
                own, seen = sys.monitoring.COVERAGE_ID, []
                sys.monitoring.use_tool_id(own, "suite")
                sys.monitoring.register_callback(own, sys.monitoring.events.LINE, lambda *told: seen.append(told))
                sys.monitoring.set_events(own, sys.monitoring.events.LINE)
                sys.monitoring.restart_events()
            assert pkg.work(1) == 1
            if sys.version_info >= (3, 12):
                sys.monitoring.set_events(own, 0)
                sys.monitoring.free_tool_id(own)
                assert seen
        """,
    )


def test_a_suite_may_run_coverage_py_itself(matrix_project: Project) -> None:
    measure(
        matrix_project,
        """
        import coverage
        import pkg

        def test_it():
            own = coverage.Coverage(data_file=None, config_file=False)
            own.start()
            pkg.work(1)
            own.stop()
            # SlipCover's branch marks are lines of their own to it.
            assert {2, 3} <= set(own.get_data().lines(pkg.__file__))
        """,
    )


def test_a_suite_may_put_its_own_in_the_place_of_what_writes_files(matrix_project: Project) -> None:
    measure(
        matrix_project,
        """
        import builtins, io, json, os, time
        import pkg

        def never(*_, **__):
            raise AssertionError("the world is patched")

        def test_in_a_child():
            child = os.fork()
            if child == 0:
                pkg.work(1)
                builtins.open = io.open = os.replace = os.open = json.dump = time.monotonic = never
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
        """,
        *("-W", "ignore::DeprecationWarning"),
    )


def test_threads_that_change_a_module_while_its_lines_run_meet_no_error_of_ours(
    matrix_project: Project,
) -> None:
    measure(
        matrix_project,
        """
        import threading
        import pkg

        def test_it():
            failed = []
            def change(name):
                try:
                    for number in range(2000):
                        setattr(pkg, f"{name}{number % 50}", number)
                        if number % 50 == 49:
                            for each in range(50):
                                delattr(pkg, f"{name}{each}")
                        pkg.work(number + 1)
                except Exception as error:
                    failed.append(error)
            threads = [threading.Thread(target=change, args=(name,)) for name in "abcd"]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert failed == []
        """,
    )


def test_code_can_be_marshalled(matrix_project: Project) -> None:
    measure(
        matrix_project,
        """
        import marshal, types
        import pkg

        def test_it():
            again = types.FunctionType(marshal.loads(marshal.dumps(pkg.work.__code__)), vars(pkg))
            assert again(0) is None
            assert pkg.work(1) == again(1) == 1
        """,
    )


@pytest.mark.parametrize("how", ["inprocess", "subprocess"])
def test_tests_of_tests_do_not_count_as_tests(project: Project, how: str) -> None:
    leg = measure(
        project,
        f"""
        pytest_plugins = "pytester"

        def test_it(pytester, monkeypatch, request):
            monkeypatch.syspath_prepend(request.config.rootpath)
            monkeypatch.setenv("PYTHONPATH", str(request.config.rootpath))
            pytester.makepyfile(test_inner="import pkg\\ndef test_a(): assert pkg.work(1)\\ndef test_b(): assert 0")
            pytester.runpytest_{how}("-p", "no:cacheprovider").assert_outcomes(passed=1, failed=1)
        """,
    )
    assert leg.stamp.counts["passed"] == 1
    assert "failed" not in leg.stamp.counts
