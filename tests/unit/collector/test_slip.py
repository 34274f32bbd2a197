"""Each thing that `collector/slip.py` assumes of SlipCover, on its own, so that an upgrade names what moved."""

from __future__ import annotations

import ast
import types

import pytest
import slipcover

from covlane.collector import slip
from covlane.sessions import SLIPCOVER

SOURCE = b"def f(a):\n    if a:\n        return 1\n    return 2\n"


def test_the_installed_release_is_one_that_is_known() -> None:
    assert slipcover.__version__ in slip.KNOWN
    assert SLIPCOVER.removeprefix("slipcover==") in slip.KNOWN


def test_pytest_is_told_to_leave_slipcover_alone() -> None:
    from _pytest.assertion.rewrite import AssertionRewriter

    assert AssertionRewriter.is_rewrite_disabled(slipcover.__doc__ or "")


def test_marks_put_branches_into_code_that_behaves_as_before() -> None:
    code, unmarked = slip.compile_marked(SOURCE, "a.py", branch=True)
    assert unmarked is None
    assert set(slipcover.Slipcover.branches_from_code(code)) == {(2, 3), (2, 4)}


def test_a_tree_is_marked_in_place() -> None:
    tree = ast.parse(SOURCE)
    slip.mark(tree)
    code = compile(tree, "a.py", "exec")
    assert set(slipcover.Slipcover.branches_from_code(code)) == {(2, 3), (2, 4)}


def test_code_that_cannot_be_marked_is_compiled_without_marks() -> None:
    source = b"\n" * 33_000 + b"if __name__:\n    X = 1\n"
    code, unmarked = slip.compile_marked(source, "a.py", branch=True)
    assert isinstance(code, types.CodeType)
    assert unmarked == "OverflowError: branches are marked up to line 32,767 alone"


def test_a_syntax_error_is_pythons_own() -> None:
    with pytest.raises(SyntaxError) as error:
        slip.compile_marked(b"def (:\n", "a.py", branch=True)
    assert error.value.filename == "a.py"


def test_executable_lines_and_branches_leave_out_what_is_excluded() -> None:
    reader = slip.Reader(branch=True, exclude=["pragma: no cover"])
    source = b"X = 1\nif X:\n    Y = 2  # pragma: no cover\nZ = 3\n"
    assert reader.executable(source, "a.py") == ({1, 2, 4}, {(2, 4)}, None, {})


def test_a_line_end_that_only_strings_know_moves_no_excluded_line() -> None:
    reader = slip.Reader(branch=False, exclude=["no cover"])
    source = "X = '\u2028'\nY = 1\nZ = 2  # no cover\n".encode()
    assert reader.executable(source, "a.py").lines == {1, 2}
