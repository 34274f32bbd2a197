"""The order of what to test, and the functions that it is in."""

from __future__ import annotations

import pytest

import data_words
from covlane.analysis.functions import functions, places
from covlane.analysis.priority import Uncovered, ranked, ranks
from covlane.model.lines import from_ranges, pack
from covlane.model.report import Ratio
from covlane.model.verdict import Patch, PatchFile


def order(text: str, **commits: int) -> list[tuple[str, int]]:
    of = {f"{name}.py": count for name, count in commits.items()}
    return [(one.path, one.score) for one in ranked(data_words.files(text), None, of)]


def test_each_of_the_three_counts_raises_the_score() -> None:
    text = "a.py: 1-\nb.py: 1..2-\nc.py: 1-\nd.py: 1- 2+ 2>1- 2>3-\ne.py: 1+"
    assert order(text, c=4) == [("c.py", 5), ("d.py", 3), ("b.py", 2), ("a.py", 1)]


def test_a_file_with_untaken_branches_alone_counts_as_one_line() -> None:
    assert order("a.py: 1..3+ 1>2+ 1>3-", a=1) == [("a.py", 4)]


def test_a_branch_to_a_line_that_did_not_run_is_named_by_that_line() -> None:
    (one,) = ranked(data_words.files("a.py: 1+ 2- 3+ 1>2- 1>3- 2>3-"), None, {})
    assert (one.lines, one.branches, one.untaken) == (pack([2]), ((1, 3),), 3)


def test_changed_code_is_first_and_is_not_counted_again() -> None:
    files = data_words.files("a.py: 1..2- 3+ 3>1- 3>4-\nb.py: 1..99-")
    changed = PatchFile(
        path="a.py", statements=Ratio(1, 2), changed=((2, 3),), missing=((2, 2),), missing_branches=((3, 4),)
    )
    found = ranked(files, Patch(statements=Ratio(1, 2), files=(changed,)), {"b.py": 9})
    assert [(one.path, one.changed, one.lines, one.branches, one.untaken) for one in found] == [
        ("a.py", True, pack([2]), ((3, 4),), 1),
        ("b.py", False, from_ranges([(1, 99)]), (), 0),
        ("a.py", False, pack([1]), (), 1),
    ]
    assert ranks(found) == {"a.py": 1, "b.py": 2}


SOURCE = b"""\
import math
@decorated(
    1,
)
class A:
    x = 1
    async def f(self):
        def g():
            return 1
        return lambda: 2
if x:
    def h():
        pass
match x:
    case 1:
        def i(): pass
"""


@pytest.mark.parametrize(
    ("line", "function"),
    [(1, ""), (2, "A"), (6, "A"), (7, "A.f"), (9, "A.f.g"), (10, "A.f"), (11, ""), (13, "h"), (16, "i")],
)
def test_a_line_belongs_to_its_innermost_function(line: int, function: str) -> None:
    one = Uncovered("a.py", changed=False, lines=1 << line, branches=(), untaken=0, score=1)
    (place,) = places(one, functions(SOURCE), 0)
    assert (place.function, place.lines) == (function, ((line, line),))


def test_a_line_of_an_inner_function_ends_a_range_of_the_outer_one() -> None:
    one = Uncovered("a.py", changed=False, lines=pack([7, 9, 10]), branches=((13, 0),), untaken=1, score=1)
    found = places(one, functions(SOURCE), 0)
    assert [(place.function, place.lines, place.branches) for place in found] == [
        ("A.f", ((7, 7), (10, 10)), ()),
        ("A.f.g", ((9, 9),), ()),
        ("h", (), ((13, 0),)),
    ]
