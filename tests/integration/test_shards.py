"""`shards = N` with real environments: every test in one shard, whatever the order, and a merge that knows."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from repository import CURRENT

if TYPE_CHECKING:
    from repository import Repository

#: Twelve tests of two modules, with the same names in both, which write down that they ran.
TESTS = """
    import os
    import pytest
    from calc import sign

    @pytest.mark.parametrize("number", range(3))
    def test_positive(number, request):
        assert sign(number) == 1
        note(request)

    def test_negative(request):
        assert sign(-1) == -1
        note(request)

    @pytest.mark.parametrize("number", "ab")
    def test_other(number, request):
        note(request)

    def note(request):
        with open(os.environ["RAN"], "a") as file:
            file.write(request.node.nodeid + "\\n")
    """
#: Another order in each process, as plugins give it that shuffle.
SHUFFLE = """
    import random

    def pytest_collection_modifyitems(items):
        random.SystemRandom().shuffle(items)
    """


@pytest.fixture
def split(repository: Repository) -> Repository:
    repository.write("test_calc.py", TESTS)
    repository.write("test_more.py", TESTS)
    return repository


def run(repository: Repository, *settings: str) -> Counter[str]:
    """Run all shards, as one does on a CI's machines; return how often each test ran."""
    repository.settings(f'pythons = ["{CURRENT}"]', *settings)
    repository.commit()
    ran = repository.root / "reports" / "ran"
    ran.parent.mkdir(exist_ok=True)
    ran.write_text("")
    done = repository.nox("-s", "coverage", RAN=str(ran), CI="true")
    assert done.returncode == 0, done.stdout + done.stderr
    return Counter(ran.read_text().splitlines())


def test_every_test_runs_in_one_shard_whatever_the_order(split: Repository) -> None:
    split.write("conftest.py", SHUFFLE)
    ran = run(split, "shards = 3")
    assert len(ran) == 12
    assert set(ran.values()) == {1}
    merged = split.covlane("merge")
    assert merged.returncode == 0, merged.stderr
    assert f"legs: coverage-{CURRENT} (shards 1, 2, 3)" in merged.stdout
    durations = json.loads((split.root / "reports" / "durations.json").read_bytes())
    assert set(durations) == set(ran)
    durations["test_more.py::test_negative"] = 100.0
    (split.root / "reports" / "durations.json").write_text(json.dumps(durations))
    assert run(split, "shards = 2") == ran
    for number in (1, 2):
        (split.root / f"reports/legs/coverage-{CURRENT}(shard-{number}-of-3).json").unlink()
    (split.root / f"reports/legs/coverage-{CURRENT}(shard-3-of-3).json").unlink()
    assert split.covlane("merge").returncode == 0
    legs = json.loads((split.root / "reports" / "coverage.json").read_bytes())["legs"]
    assert sorted(leg["counts"]["passed"] for leg in legs) == [1, 11]
    assert [leg["shard"] for leg in legs] == ["1/2", "2/2"]


def test_workers_share_a_shard(split: Repository) -> None:
    ran = run(split, "shards = 2", "workers = 2")
    assert len(ran) == 12
    assert set(ran.values()) == {1}
    assert split.covlane("merge").returncode == 0


def test_a_shard_without_a_test_is_whole_and_one_that_is_missing_is_named(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}"]', "shards = 2")
    repository.commit()
    done = repository.nox("-s", f"coverage-{CURRENT}(shard-2-of-2)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"coverage-{CURRENT}(shard-1-of-2) did not run here" in done.stdout
    assert repository.covlane("merge").returncode == 3
    assert repository.nox("-s", f"coverage-{CURRENT}").returncode == 0
    assert repository.covlane("merge").returncode == 0


def test_shards_of_different_suites_are_not_believed(repository: Repository) -> None:
    repository.settings(f'pythons = ["{CURRENT}"]', "shards = 2")
    repository.commit()
    repository.nox("-s", f"coverage-{CURRENT}(shard-1-of-2)", CI="true")
    repository.nox("-s", f"coverage-{CURRENT}(shard-2-of-2)", "--", "-k", "nothing", CI="true")
    merged = repository.covlane("merge")
    assert merged.returncode == 3
    assert "were split from different tests or durations" in merged.stderr
