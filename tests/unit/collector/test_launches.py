"""Which command lines are those of a Python without `site`."""

from __future__ import annotations

import pytest

from covlane.collector.process.launches import lacks_site


@pytest.mark.parametrize(
    ("line", "lacks"),
    [
        ("python -S a.py", True),
        ("python -IS -c pass", True),
        ("python -Sc pass", True),
        ("python -W error -X utf8 -S", True),
        ("python -Werror -Xutf8 -S", True),
        ("python --check-hash-based-pycs always -S", True),
        ("python", False),
        ("python -I -s -E -c pass -S", False),
        ("python -cS", False),
        ("python -mS", False),
        ("python -W S", False),
        ("python -XS a.py", False),
        ("python a.py -S", False),
        ("python - -S", False),
        ("python --help -S", True),
    ],
)
def test_the_option_is_one_before_the_program(line: str, lacks: bool) -> None:
    assert lacks_site(line.split()) is lacks
