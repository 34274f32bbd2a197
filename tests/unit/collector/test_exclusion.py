"""What a pattern takes out of a file: the smallest clause or statement in whose head it matches."""

from __future__ import annotations

import re
import sys
import textwrap

import pytest

from covlane.collector.engines.executable import Reader
from covlane.collector.instrument.exclusion import excluded
from covlane.config.detection import EXCLUDE_LINES

#: Each line that ends in #- does not count.
CASES = {
    "a function": """
        def f():  # pragma: no cover #-
            if a: #-
                return 1 #-
        x = 1
        """,
    "a signature that ends on the marked line": """
        def f( #-
            a, #-
        ) -> int:  # pragma: no cover #-
            return a #-
        x = 1
        """,
    "a signature with a marked argument": """
        async def f( #-
            a,  # pragma: no cover #-
        ): #-
            return a #-
        x = 1
        """,
    "a signature whose body is on its last line": """
        @overload #-
        def f( #-
            a, #-
        ) -> int: ...  # pragma: no cover #-
        x = 1
        """,
    "a class": """
        class A( #-
            B, #-
        ):  # pragma: no cover #-
            x = 1 #-
        x = 1
        """,
    "a decorator": """
        @first #-
        @second(  # pragma: no cover #-
            1, #-
        ) #-
        def f(): #-
            return 1 #-
        x = 1
        """,
    "an if, without its else": """
        if (a #-
            and b):  # pragma: no cover #-
            x = 1 #-
        else:
            x = 2
        """,
    "an elif": """
        if a:
            x = 1
        elif b:  # pragma: no cover #-
            x = 2 #-
        else:
            x = 3
        """,
    "an else": """
        if a:
            x = 1
        # why
        else:  # pragma: no cover #-
            # why #-
            x = 2 #-
        """,
    "the body on an else's line": """
        if a: x = 1
        else: x = f(  # pragma: no cover #-
            1 #-
        ) #-
        """,
    "loops and their else": """
        for a in b:  # pragma: no cover #-
            x = 1 #-
        else:
            x = 2
        while a:
            x = 3
        else:  # pragma: no cover #-
            x = 4 #-
        """,
    "a with": """
        with ( #-
            a as b, #-
        ):  # pragma: no cover #-
            x = 1 #-
        """,
    "a try, without its handlers": """
        try:  # pragma: no cover #-
            x = 1 #-
        except A:
            x = 2
        """,
    "an except": """
        try:
            x = 1
        except ( #-
            A #-
        ):  # pragma: no cover #-
            x = 2 #-
        except B:
            x = 3
        """,
    "the else of a try, without its handlers": """
        try:
            x = 1
        except A:
            x = 2
        else:  # pragma: no cover #-
            x = 3 #-
        finally:
            x = 4
        """,
    "a finally": """
        try:
            x = 1
        except A:
            x = 2
        finally:  # pragma: no cover #-
            x = 3 #-
        """,
    "a statement of several lines": """
        x = f(
            1
        )
        x = f( #-
            lambda: 1,  # pragma: no cover #-
        ) #-
        """,
    "the smallest of those that a line heads": """
        def f():
            for a in b:  # pragma: no cover #-
                x = 1 #-
            x = 2
        """,
    "a comment alone": """
        x = 1
        # pragma: no cover #-
        if a:
            x = 2
        """,
    "what only types need": """
        if TYPE_CHECKING: #-
            import a #-
        else:
            import b
        """,
    "letters beyond ASCII": """
        é = "\u00fc"  # pragma: no cover #-
        \u00fc = é
        """,
}
PATTERNS = [re.compile(pattern) for pattern in EXCLUDE_LINES]


@pytest.mark.parametrize("text", CASES.values(), ids=CASES)
def test_the_smallest_clause_or_statement_whose_head_matches_does_not_count(text: str) -> None:
    text = textwrap.dedent(text).strip("\n")
    marked = {number for number, row in enumerate(text.split("\n"), 1) if row.endswith("#-")}
    assert excluded(text, PATTERNS).lines == marked


def test_a_case_of_a_match() -> None:
    text = "match a:\n    case 1:\n        x = 1\n    case 2 if (\n        b\n    ):  # pragma: no cover\n        x = 2\n"
    try:
        compile(text, "", "exec")
    except SyntaxError:
        pytest.skip("this Python has no match")
    assert excluded(text, PATTERNS).lines == {4, 5, 6, 7}


def test_a_pattern_is_searched_for_in_each_line() -> None:
    text = "x = 1\nassert_never(x)\nif debug:\n    y = 1\n"
    assert excluded(text, [re.compile("assert_never"), re.compile("^if debug")]).lines == {2, 3, 4}


@pytest.mark.parametrize("text", ["b\na = 1\nb", "a = 1  # b\n\nb\n  # a\na = 2"])
@pytest.mark.parametrize(
    "pattern",
    [
        *("a", "^b$", "^$", "1$", r"\ba\b", r"1\b", r"#\s*a", r"(a|c) = \d\s*#", r"(.) = \d  # \1", r"\n"),
        *(r"\Aa", r"1\Z", r"1(?!\s*b)", r"(?<!\s)a", "(?i)A =", "a [^b]*$", r"=\D+1", "(?s)a.*$"),
        *([r"a [^b]*+$", r"1\s*+$"] if sys.version_info >= (3, 11) else []),
    ],
)
def test_a_pattern_that_sees_one_line_matches_as_if_there_were_no_other(pattern: str, text: str) -> None:
    found = {number for number, row in enumerate(text.split("\n"), 1) if re.search(pattern, row)}
    assert excluded(text, [re.compile(pattern)]).lines == found


def test_no_pattern_takes_nothing_out() -> None:
    assert excluded("x = 1  # pragma: no cover\n", []).lines == set()


@pytest.mark.parametrize("head", ["if a:  # pragma: no branch", "if (a\n    and b):  # pragma: no branch"])
def test_a_statement_need_not_take_each_branch(head: str) -> None:
    source = f"{head}\n    x = 1\nif a:\n    x = 2\n"
    able = Reader(branch=True, exclude=EXCLUDE_LINES).executable(source.encode(), "a.py")
    second = source.count("\n") - 1
    assert {line for line, _ in able.branches} == {second}
    assert {1, second} <= able.lines


@pytest.mark.parametrize("source", [b"", b"\n\n", b"# nothing\n", "\ufeff# ü\n".encode()])
def test_a_file_without_a_statement_has_no_line(source: bytes) -> None:
    assert Reader(branch=True, exclude=[]).executable(source, "a.py").lines == set()
