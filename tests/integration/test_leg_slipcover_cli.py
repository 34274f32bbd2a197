"""SlipCover's own command as the engine: its figures are the leg's, and what it loses makes the leg incomplete."""

from __future__ import annotations

import json
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
TEST = "import pkg\ndef test_it():\n    assert pkg.sign(1) == 1\n"


def measure(project: Project, test: str, *arguments: str, **changes: object) -> Leg:
    project.write("pkg/__init__.py", MODULE)
    project.write("pkg/unseen.py", "X = 1\nif X:\n    Y = 2\n")
    project.write("test_it.py", test)
    return project.measure(*arguments, engine="slipcover-cli", **changes)


@pytest.mark.parametrize("mode", ["", "-n 2"])
def test_its_report_is_the_leg(matrix_project: Project, mode: str) -> None:
    leg = measure(matrix_project, TEST, *mode.split())
    assert leg.code == 0, leg.output
    assert (leg.stamp.reasons, leg.stamp.self_check) == ((), "passed")
    file = leg.measured.files["pkg/__init__.py"]
    assert (leg.ran("pkg/__init__.py"), leg.missed("pkg/__init__.py")) == ([1, 2, 4], [3])
    assert file.branches == {(2, 3), (2, 4)}
    assert file.taken == {(2, 4)}
    assert leg.missed("pkg/unseen.py") == [1, 2, 3]
    assert (leg.stamp.engine, leg.stamp.tools["slipcover-cli"]) == ("slipcover-cli", "1.1.0")
    assert leg.stamp.model == leg.stamp.recorder == "SlipCover 1.1.0"
    assert leg.stamp.counts["passed"] == 1
    theirs = json.loads((leg.report.with_suffix(".d") / "slipcover.json").read_bytes())
    assert theirs["meta"]["software"] == "slipcover"
    assert set(leg.measured.files) == {"pkg/__init__.py", "pkg/unseen.py"}


LOSSES = {
    "a Python that a test starts": (
        """
        import subprocess, sys
        def test_it():
            subprocess.run([sys.executable, "-c", "import pkg; pkg.sign(1)"], check=True)
        """,
        "",
        "SlipCover measures no Python that the suite starts, and this one ran pkg/__init__.py: ",
    ),
    "a Python whose environment is cleaned": (
        """
        import subprocess, sys
        def test_it():
            subprocess.run([sys.executable, "-c", "import pkg; pkg.sign(1)"], check=True, env={})
        """,
        "",
        "SlipCover measures no Python that the suite starts, and this one ran pkg/__init__.py: ",
    ),
    "a script": (
        "import runpy\ndef test_it():\n    runpy.run_path('pkg/unseen.py')\n",
        "",
        "pkg/unseen.py, which was run without its import hook",
    ),
    "forks of workers": (
        TEST,
        "-n 2 --forked -p no:warnings",
        "SlipCover loses what a worker of pytest-xdist forks",
    ),
    "workers without its plugin": (
        TEST,
        "-n 2 -p no:slipcover",
        "in a worker of pytest-xdist that has no plugin of its own",
    ),
    "a forked child that ends by itself": (
        """
        import os, sys
        import pkg
        def test_it():
            child = os.fork()
            if child == 0:
                pkg.sign(-1)
                try:
                    sys.exit(0)
                finally:
                    import atexit
                    atexit._run_exitfuncs()
                    os.kill(os.getpid(), 9)
            assert os.waitpid(child, 0)[0] == child
        """,
        "",
        "SlipCover loses what a forked child ran that does not end by os._exit",
    ),
    "a forked child that is killed": (
        """
        import os, signal
        import pkg
        def test_it():
            child = os.fork()
            if child == 0:
                pkg.sign(-1)
                os.kill(os.getpid(), signal.SIGKILL)
            assert os.waitpid(child, 0)[0] == child
        """,
        "",
        "was ended by a signal or a crash, and what it ran may be lost",
    ),
    "a report that is not written": (
        "import sys\nimport pkg\ndef test_it():\n    sys.modules['slipcover'].Slipcover.get_coverage = None\n",
        "",
        "SlipCover left no report that can be read",
    ),
    "the suite's own end": (
        "import os, signal\nimport pkg\ndef test_it():\n    os.kill(os.getpid(), signal.SIGKILL)\n",
        "",
        "pytest was killed by SIGKILL",
    ),
    "a file that it cannot read": (
        "def test_it():\n    open('pkg/late.py', 'wb').write(b'# coding: latin-1\\nX = \"\\xe9\"\\n')\n",
        "",
        "SlipCover's report leaves out pkg/late.py",
    ),
}


@pytest.mark.parametrize(("test", "mode", "reason"), LOSSES.values(), ids=LOSSES)
def test_what_it_loses_makes_the_leg_incomplete_by_name(
    project: Project, test: str, mode: str, reason: str
) -> None:
    leg = measure(project, test, "-W", "ignore::DeprecationWarning", *mode.split())
    assert not leg.stamp.complete
    assert any(reason in said for said in leg.stamp.reasons), leg.stamp.reasons


def test_forks_and_a_source_that_is_one_file_are_measured(project: Project) -> None:
    project.write("pkg.py", MODULE)
    project.write("test_it.py", "import pkg\ndef test_it():\n    assert pkg.sign(1) == 1\n")
    leg = project.measure(
        "--forked", "-W", "ignore::DeprecationWarning", engine="slipcover-cli", source=["pkg.py"]
    )
    assert leg.code == 0, leg.output
    assert (leg.stamp.reasons, leg.stamp.self_check) == ((), "passed")
    assert set(leg.measured.files) == {"pkg.py"}
    assert (leg.ran("pkg.py"), leg.missed("pkg.py")) == ([1, 2, 4], [3])
