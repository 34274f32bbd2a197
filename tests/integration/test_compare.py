"""`nox -s compare` in a repository, with real environments and SlipCover's own command."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from repository import Repository


def test_a_suite_gives_the_same_under_slipcovers_own_command(repository: Repository) -> None:
    done = repository.nox("-s", "compare")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "slipcover and slipcover-cli: the same lines and branches"
    assert not (repository.root / "reports" / "legs").exists()
    assert repository.git("status", "--porcelain") == ""


def test_what_differs_for_no_known_reason_is_named_and_fails(repository: Repository) -> None:
    repository.write(
        "test_calc.py",
        "import sys\nfrom calc import sign\ndef test_sign():\n    sign(1 if 'slipcover' in sys.modules else -1)\n",
    )
    done = repository.nox("-s", "compare")
    assert done.returncode == 1
    assert "  line 3: slipcover ran, slipcover-cli missed (no known reason)" in done.stdout
    assert "  branch 2→4: slipcover missed, slipcover-cli ran (no known reason)" in done.stdout
    assert "4 differences have no known reason" in done.stderr


def test_other_engines_and_json_can_be_asked_for(repository: Repository) -> None:
    repository.write("calc.py", '"""Docs."""\n\n\ndef sign(number):\n    return number\n')
    done = repository.nox("-s", "compare", "--", "--engines", "slipcover", "coverage", "--json", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert [one["engine"] for one in found["engines"]] == ["slipcover", "coverage"]
    assert found["differences"] == [
        {
            "path": "calc.py",
            "line": 1,
            "said": ["ran", "not counted"],
            "reason": "SlipCover and coverage.py count other lines and branches",
        }
    ]
    wrong = repository.nox("-s", "compare", "--", "--engines", "slipcover")
    assert wrong.returncode == 1
    assert "--engines slipcover does not name two engines" in wrong.stderr
