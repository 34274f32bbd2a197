"""Which script a command line of Python names."""

from __future__ import annotations

import pytest

from covlane.collector.scripts import main_script


@pytest.mark.parametrize(
    ("command", "script"),
    [
        ("python a.py", "a.py"),
        ("python a.py -c -m", "a.py"),
        ("python -I -B a.py", "a.py"),
        ("python -X dev -W error a.py", "a.py"),
        ("python -Xdev -Werror::c a.py", "a.py"),
        ("python -bbWm a.py", "a.py"),
        ("python -m pkg a.py", None),
        ("python -Im pkg", None),
        ("python -mpkg a.py", None),
        ("python -c code", None),
        ("python -", None),
        ("python", None),
        ("python --check-hash-based-pycs never a.py", "a.py"),
    ],
)
def test_the_script_is_the_first_argument_that_no_option_takes(command: str, script: str | None) -> None:
    assert main_script(command.split()) == script
