"""Which statements a changed line belongs to."""

from __future__ import annotations

import re
import textwrap

import pytest

from covlane.analysis.statements import touched
from covlane.model.diff import FileDiff
from covlane.model.lines import pack, unpack

CHANGED = re.compile(r"  #(!|<)$", re.MULTILINE)


def found(text: str, *, head: bytes = b"") -> list[list[int]]:
    """Return the statements that are touched: `#!` ends a changed line, `#<` one after which lines were taken out."""
    lines = textwrap.dedent(text).lstrip("\n").split("\n")
    changed = [number for number, line in enumerate(lines, 1) if line.endswith("  #!")]
    cut = [number for number, line in enumerate(lines, 1) if line.endswith("  #<")]
    source = CHANGED.sub("", "\n".join(lines)).encode()
    return [
        unpack(one) for one in touched(head + source, FileDiff("a.py", added=pack(changed), cut=pack(cut)))
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1  #!\nb = 2", [[1]]),
        ("a = f(\n  1,  #!\n)", [[1, 2, 3]]),
        ("a = 1; b = 2  #!", [[1]]),
        ("if a:  #!\n  b = 1", [[1]]),
        ("if a:\n  b = 1  #!", [[2]]),
        ("if a: b = 1  #!", [[1]]),
        ("if (\n  a and  #!\n  b\n):\n  c = 1", [[1, 2, 3, 4]]),
        ("if a:\n  b = 1\nelse:  #!\n  b = 2", []),
        ("if a:\n  b = 1\nelif c:  #!\n  b = 2", [[3]]),
        ("for a in b:\n  c\nelse:  #!\n  d", []),
        ("try:  #!\n  a\nexcept E:  #!\n  b\nelse:  #!\n  c\nfinally:  #!\n  d", [[1], [3]]),
        ("try:\n  a\nexcept (\n  A,  #!\n  B,\n):\n  b", [[3, 4, 5, 6]]),
        ("with (\n  a as b,  #!\n):\n  c", [[1, 2, 3]]),
        ("match a:  #!\n  case 1:  #!\n    b", [[1], [2]]),
        ("match a:\n  case 1 if (\n    c  #!\n  ):\n    b", [[2, 3, 4]]),
        ("@a  #!\ndef f():\n  b", []),
        ("@a(\n  1,  #!\n)\nclass A:\n  b = 1", []),
        ("class A:\n  @a  #!\n  def f(self):\n    b", []),
        ("def f(\n  a,\n  b=1,  #!\n):\n  c", [[1, 2, 3, 4]]),
        ("async def f(a):  #!\n  await a", [[1]]),
        ('def f():\n  """Text.  #!\n  """\n  a', []),
        ('"""Text.  #!\n"""\na = 1', []),
        ("def f():\n  # why  #!\n\n  a", []),
        ("def f(\n  a,\n):\n  # why  #!\n  b", []),
        ("a = [\n  # why  #!\n  1,\n]", []),
        ("a = [\n  # why\n  1,  #!\n]", [[1, 3, 4]]),
        ('a = f"""\n# {b}  #!\n"""', [[1, 2, 3]]),
        ("a = (\n  1,\n)\n  #!\nb = 2", []),
        ("lambda: (\n  a  #!\n)", [[1, 2, 3]]),
        # Taken out
        ("a = f(\n  1,  #<\n)", [[1, 2, 3]]),
        ("a = f(\n  1,\n)  #<\nb = 1", []),
        ("def f(\n  a,  #<\n):\n  b", [[1, 2, 3]]),
        ("def f():  #<\n  b", []),
        ("if a:\n  b  #<\nelse:\n  c", []),
    ],
)
def test_a_changed_line_belongs_to_its_statement(text: str, expected: list[list[int]]) -> None:
    assert found(text) == expected


def test_a_string_that_looks_like_a_definition_is_a_string() -> None:
    text = '''
        a = """
        def x(  #!
            b,
        """
        c = f(
            1,  #!
        )
        '''
    assert found(text) == [[1, 2, 3, 4], [5, 6, 7]]
    inside = "def f():\n    s = '''\ndef g():\n    x = 1\n'''\n    y = f(\n        1,  #!\n    )\n"
    assert found(inside) == [[6, 7, 8]]


def test_a_change_after_many_definitions_has_its_own_line_numbers() -> None:
    text = "".join(f"def f{number}():\n    return {number}\n\n\n" for number in range(50))
    assert found(text + "def last(\n    a,  #!\n):\n    b\n") == [[201, 202, 203]]


def test_a_definition_is_read_in_the_encoding_of_its_file() -> None:
    source = (
        b"# coding: latin-1\nimport a\n\n\ndef f():\n    x = '\xe9'\n    return g(\n        '\xe8',\n    )\n"
    )
    (one,) = touched(source, FileDiff("a.py", added=pack([8])))
    assert unpack(one) == [7, 8, 9]
    with pytest.raises(SyntaxError):
        touched(source.replace(b"coding", b"nothing"), FileDiff("a.py", added=pack([8])))


@pytest.mark.parametrize("source", [b"a = \0", b"a = = 1", b"def f(:\n  pass", b"(" * 5_000, b"\xff"])
def test_what_is_no_python_is_a_syntax_error(source: bytes) -> None:
    with pytest.raises(SyntaxError):
        touched(source, FileDiff("a.py", added=pack([1])))


def test_lines_past_the_end_are_of_nothing() -> None:
    assert touched(b"a = 1\n", FileDiff("a.py", added=pack([900_000]))) == ()
