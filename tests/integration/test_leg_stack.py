"""In no mode does a test begin deeper in the stack than under bare pytest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from leg import Project

MODES = {
    "serial": (),
    "workers": ("-n", "1"),
    "forked": ("--forked",),
    "forked in workers": ("--forked", "-n", "1"),
}


@pytest.mark.parametrize("isolation", ["none", "process"])
@pytest.mark.parametrize(
    "mode", ["serial", *(pytest.param(mode, marks=pytest.mark.whole) for mode in MODES if mode != "serial")]
)
def test_a_test_has_as_much_of_the_stack_as_unmeasured(project: Project, mode: str, isolation: str) -> None:
    if isolation == "process" and "forked" in mode:
        pytest.skip("it is one or the other")
    project.write("pkg/__init__.py", "def f():\n    return 1\n")
    project.write(
        "test_it.py",
        """
        import sys
        import pkg

        def depth():
            frame, found = sys._getframe(1), 0
            while frame:
                frame, found = frame.f_back, found + 1
            return found

        IMPORTED = depth()

        def down(calls=0):
            try:
                return down(calls + 1)
            except RecursionError:
                return calls

        def test_it():
            pkg.f()
            # The first time what is seen is told.
            with open("said.txt", "a") as file:
                print(IMPORTED, depth(), max(down() for _ in range(3)), file=file)
        """,
    )
    project.bare(*MODES[mode])  # pytest-forked by itself fails with the newest pytest, after the test
    # Tests below the sources are compiled by pytest for us.
    for source in (["pkg"], ["."]):
        leg = project.measure(*MODES[mode], isolation=isolation, source=source)
        assert leg.code == 0, leg.output
    bare, *measured = (project.root / "said.txt").read_text().splitlines()
    assert measured == [bare, bare]
