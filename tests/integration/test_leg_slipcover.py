"""What SlipCover by itself loses, in a leg: each of these ended in 0 %, in other lines or in no report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Project

MODULE = "def work(number):\n    if number:\n        return number\n    return None\n"


@pytest.mark.parametrize(
    "arguments", [("-n", "2", "-p", "no:slipcover"), ("--tx", "2*popen", "--dist", "load")], ids=" ".join
)
def test_workers_are_measured_without_a_plugin_of_slipcovers(
    project: Project, arguments: tuple[str, ...]
) -> None:
    project.write("pkg.py", MODULE)
    project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.work(1) == 1\n")
    leg = project.measure(*arguments, source=["pkg.py"])
    assert leg.code == 0, leg.output
    assert (leg.ran("pkg.py"), leg.stamp.reasons) == ([1, 2, 3], ())


def test_a_forked_test_costs_no_open_file(project: Project) -> None:
    project.write("pkg.py", MODULE)
    project.write(
        "test_it.py",
        """
        import resource
        import pkg, pytest
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))

        @pytest.mark.parametrize("number", range(80))
        def test_it(number):
            pkg.work(number)
        """,
    )
    leg = project.measure("--forked", "-W", "ignore::DeprecationWarning", source=["pkg.py"])
    assert leg.code == 0, leg.output
    assert (leg.missed("pkg.py"), leg.stamp.reasons) == ([], ())
    assert leg.stamp.processes.started == leg.stamp.processes.reported == 81


ANNOTATED = """\
from __future__ import annotations


def work(
    number: int,
    other: dict[
        str,
        int,
    ] = {},
) -> (
    int
):
    return number
"""


def test_a_file_that_nobody_imports_has_the_lines_of_one_that_somebody_does(matrix_project: Project) -> None:
    matrix_project.write("pkg/__init__.py", "")
    matrix_project.write("pkg/imported.py", ANNOTATED)
    matrix_project.write("pkg/unseen.py", ANNOTATED)
    matrix_project.write("test_it.py", "from pkg.imported import work\ndef test_it():\n    work(1)\n")
    leg = matrix_project.measure("-n", "2")
    assert leg.code == 0, leg.output
    imported, unseen = (leg.measured.files[f"pkg/{name}.py"] for name in ("imported", "unseen"))
    assert imported.executable == unseen.executable
    assert imported.executed == imported.executable
    assert unseen.executed == 0


def test_a_branch_that_no_mark_can_hold_costs_no_line(matrix_project: Project) -> None:
    matrix_project.write("pkg.py", "#\n" * 32_768 + "X = 1\nif X:\n    Y = 2\n")
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.Y == 2\n")
    leg = matrix_project.measure(source=["pkg.py"])
    assert leg.code == 0, leg.output
    assert (leg.ran("pkg.py"), leg.stamp.reasons) == ([32_769, 32_770, 32_771], ())
    assert dict(leg.stamp.unbranched) == {
        "pkg.py": "OverflowError: branches are marked up to line 32,767 alone"
    }


def test_the_stamp_says_whose_lines_they_are_and_what_recorded_them(matrix_project: Project) -> None:
    matrix_project.write("pkg.py", MODULE)
    matrix_project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.work(1)\n")
    stamp = matrix_project.measure(source=["pkg.py"]).stamp
    assert stamp.exit_code == 0
    recorder = "sys.monitoring" if int(stamp.python.split(".")[1]) >= 12 else "probes in the bytecode"
    assert (stamp.model, stamp.recorder) == ("SlipCover 1.1.0", f"covlane: {recorder}")
