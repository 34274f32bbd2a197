"""What a pattern takes out of a file: the smallest clause or statement in whose head it matches."""

from __future__ import annotations

import re
import textwrap

import pytest
from coverage import config
from coverage.parser import PythonParser

from covlane.collector.engines.executable import Reader
from covlane.collector.instrument.exclusion import compiled, excluded
from covlane.config.detection import EXCLUDE_LINES, PARTIAL_BRANCHES

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
            # why
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
#: Programs in which a mark may stand anywhere.
FURTHER = {
    "stubs": """
        class A(Protocol):
            x: int
            def one(self) -> int: ...
            def two(self): ...
            async def three(
                self,
                a=[1, 2],
            ) -> dict[str, int]:
                ...
            def four(self):
                "What it does."
                ...
            @property
            def five(self): return ...
        class B(A): ...
        if a: ...
        else:
            ...
        """,
    "a match": """
        match a:
            case 1 if (
                b
            ):
                x = 1
            case [c, *_]:
                x = 2
            case 5 | _:
                x = 3
                x = 4
        match b:
            case other:
                pass
        """,
    "a lambda and a slice": """
        x = lambda a: (
            a
        )
        y = z[1:
              2]
        if x: y = 1; z = 2
        while (a :=
               f()):
            continue
        """,
    "strings over lines": """
        def f():
            '''
            if x:
            '''
            x = f'''{
                a:>10
            }'''
            return '''if b:
        c'''
        z = 1
        """,
    "decorated": """
        @one
        @two(
            1,
        )
        class A:
            @property
            def f(self):
                return 1

            async def g(self):
                async with a as b, \\
                        c as d:
                    async for e in b:
                        yield e
                    else:
                        pass
        """,
    "handlers": """
        try:
            x = 1
        except (
            A,
            B,
        ) as error:
            x = 2
        except C: x = 3
        else:
            x = 4
        finally:
            x = 5
        for a in b:
            if a: break
            elif b:
                continue
        else:
            x = 6
        """,
}
BLOCKS = """
    import os
    if DEBUG:
        print(1)
    print(
        2
    )
    # no cover: start
    x = [
        1,
    ]
    # no cover: stop
    @only
    def f(a): return a

    def g(a):
        return a


    if a:
        if debug:
            y = 1
        print("# pragma: exclude file")
    """
PATTERNS = compiled(EXCLUDE_LINES, PARTIAL_BRANCHES)


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
    assert excluded(text, compiled(["assert_never", "^if debug"], [])).lines == {2, 3, 4}


def is_python(text: str) -> bool:
    try:
        compile(text, "", "exec")
    except SyntaxError:
        return False
    return True


def like_coverage_py(text: str, *patterns: str) -> bool:
    """Say whether coverage.py leaves out the same lines that can run."""
    parser = PythonParser(text=text, exclude="|".join(f"(?:{one})" for one in patterns))
    parser.parse_source()
    able = parser.raw_statements
    ours = able & excluded(text, compiled(patterns, []), able).lines
    return ours == {line for line in able if parser.first_line(line) in parser.excluded}


@pytest.mark.parametrize("text", [*CASES.values(), *FURTHER.values()], ids=[*CASES, *FURTHER])
def test_a_mark_on_any_line_takes_out_what_it_does_for_coverage_py(text: str) -> None:
    rows = [re.sub(r"( *#.*)$", "", row) for row in textwrap.dedent(text).strip("\n").split("\n")]
    assert like_coverage_py("\n".join(rows), *EXCLUDE_LINES)
    for place, row in enumerate(rows):
        for marked in (f"{row}  # pragma: no cover", f"{row}\n# pragma: no cover\n"):
            changed = "\n".join([*rows[:place], marked, *rows[place + 1 :]]) + "\n"
            if is_python(changed):
                assert like_coverage_py(changed, *EXCLUDE_LINES), changed


@pytest.mark.parametrize(
    "pattern",
    [
        r"if DEBUG:\n\s+print\(",
        r"# no cover: start(?s:.)*?# no cover: stop",
        r"\A(?s:.*# pragma: exclude file.*)\Z",
        r"^\s*print",
        r"print\($",
        r"\n\n",
        r"x = \[[^]]*\]",
        r"def .*:\s*return",
        r"@only",
        r"nothing has this",
    ],
)
def test_a_pattern_may_match_over_lines_as_for_coverage_py(pattern: str) -> None:
    assert like_coverage_py(textwrap.dedent(BLOCKS), pattern)


def test_a_pattern_over_lines_takes_out_what_it_spans() -> None:
    text = textwrap.dedent(BLOCKS).strip("\n") + "\n"
    found = excluded(text, compiled([r"# no cover: start(?s:.)*?# no cover: stop"], [])).lines
    assert found == set(range(7, 12))


def test_blank_lines_are_passed_over_where_they_are_many() -> None:
    text = "x = 1\n" + "\n" * 100_000 + "if a:  # pragma: no cover\n    x = 1\n" + " \n" * 300 + "y = 1\n" * 2
    assert excluded(text, PATTERNS).lines == {100_002, 100_003}
    assert excluded(text, compiled([r"^y = 1\ny = 1"], [])).lines == {100_304, 100_305}


def test_the_patterns_are_those_of_coverage_py() -> None:
    assert list(EXCLUDE_LINES) == config.DEFAULT_EXCLUDE
    assert list(PARTIAL_BRANCHES) == config.DEFAULT_PARTIAL


def test_no_pattern_takes_nothing_out() -> None:
    assert excluded("x = 1  # pragma: no cover\n", compiled([], [])).lines == set()


@pytest.mark.parametrize("head", ["if a:  # pragma: no branch", "if (a\n    and b):  # pragma: no branch"])
def test_a_statement_need_not_take_each_branch(head: str) -> None:
    source = f"{head}\n    x = 1\nif a:\n    x = 2\n"
    able = Reader(branch=True, exclude=EXCLUDE_LINES, partial=PARTIAL_BRANCHES).executable(
        source.encode(), "a.py"
    )
    second = source.count("\n") - 1
    assert {line for line, _ in able.branches} == {second}
    assert {1, second} <= able.lines


@pytest.mark.parametrize("source", [b"", b"\n\n", b"# nothing\n", "\ufeff# ü\n".encode()])
def test_a_file_without_a_statement_has_no_line(source: bytes) -> None:
    assert Reader(branch=True, exclude=[]).executable(source, "a.py").lines == set()
