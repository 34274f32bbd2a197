"""SlipCover's branch marks, put into a tree by one walk over its statements.

SlipCover's `preinstrument` (its branch.py) walks every node three times, which is most of what a large package costs.
The code that comes of these marks is equal to that of SlipCover's own, but for a `match` whose last pattern captures
under two names, which SlipCover makes a SyntaxError, and for the lines of marks: no other tracer is told of one that it
would not be told of without them (from Python 3.12 on, of none but the marks themselves).
"""

from __future__ import annotations

import ast
import contextlib
import gc
import sys
import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

from ..leg.record import MARK

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

    #: Where control goes from the end of a block, None where it leaves.
    Following = ast.stmt | None
    #: Statements, and where control goes from their end.
    Block = tuple[list[ast.stmt], Following]

#: Between the lines in what a mark loads before Python 3.12: no source can have such a name.
ARROW = "->"
#: The last line that a mark has room for: 15 bits for each end of a branch, in a line from Python 3.12 on, and in the record.
LAST_LINE = 0x7FFF
EXIT = 0
BY_LINE = sys.version_info >= (3, 12)


class Compiled(NamedTuple):
    """Code with a mark at each branch, why it has none where it has none, and whether Python warns of its source."""

    code: types.CodeType
    unmarked: str | None
    warned: bool


def compile_marked(source: bytes, filename: str, *, branch: bool) -> Compiled:
    """Compile a module as an import would, with marks; where a file cannot have them, its lines are measured.

    What Python warns of is not shown: whoever imports the source has Python compile it again for that.

    Raises:
        SyntaxError, ValueError: Python itself refuses the source.
    """
    reason: str | None = None
    with collecting_warnings(filename) as warned:
        if branch:
            try:
                with paused_gc():
                    return Compiled(_marked(source, filename), None, bool(warned))
            except Exception as error:  # noqa: BLE001 - what cannot be marked, Python may compile
                reason = f"{type(error).__name__}: {error}"
        return Compiled(compile(source, filename, "exec", dont_inherit=True), reason, bool(warned))


@contextlib.contextmanager
def collecting_warnings(filename: str) -> Iterator[list[warnings.WarningMessage]]:
    """Collect, whatever the filters are, what Python warns of in a file, and show none of it."""
    with warnings.catch_warnings(record=True) as log:
        warnings.simplefilter("always")
        found: list[warnings.WarningMessage] = log
        yield found
    for other in found:
        if other.filename != filename:  # another thread's, meanwhile
            warnings.warn_explicit(
                other.message, other.category, other.filename, other.lineno, source=other.source
            )


@contextlib.contextmanager
def paused_gc() -> Iterator[None]:
    """Keep the garbage collector away for as long as a tree lives: a great many objects, and no cycle among them."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _marked(source: bytes, filename: str) -> types.CodeType:
    tree: Any = compile(source, filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    mark(tree)
    code: types.CodeType = compile(tree, filename, "exec", dont_inherit=True)
    return code


def mark(tree: ast.Module) -> None:
    """Put a mark at each branch of a tree; OverflowError, with the tree as it was, where one has no place for it."""
    if tree.body and (tree.body[-1].end_lineno or 0) > LAST_LINE:
        raise OverflowError(f"branches are marked up to line {LAST_LINE:,} alone")
    # Not by recursion: a chain of some hundred `elif` is as deep a tree.
    todo: list[Block] = [(tree.body, None)]
    while todo:
        statements, following = todo.pop()
        last = len(statements) - 1
        for index, statement in enumerate(statements):
            if (inside := _COMPOUND.get(type(statement))) is not None:
                todo += inside(statement, statements[index + 1] if index < last else following)


def _line(following: Following) -> int:
    return following.lineno if following else EXIT


def _branching(node: Any, following: Following) -> list[Block]:
    return _branch(node, following, following)


def _loop(node: Any, following: Following) -> list[Block]:
    # The ends of both the body and the `else` go back to the head: SlipCover's way.
    return _branch(node, following, node)


def _branch(node: Any, following: Following, after_blocks: Following) -> list[Block]:
    body, other = node.body, node.orelse
    node.body = [_mark(node, body[0].lineno), *body]
    node.orelse = [_mark(node, other[0].lineno if other else _line(following)), *other]
    return [(body, after_blocks), (other, after_blocks)]


def _match(node: Any, following: Following) -> list[Block]:
    blocks = [(case.body, following) for case in node.cases]
    for case in node.cases:
        case.body = [_mark(node, case.body[0].lineno), *case.body]
    pattern, guard = node.cases[-1].pattern, node.cases[-1].guard
    while isinstance(pattern, ast.MatchOr) or getattr(pattern, "pattern", None):
        pattern = pattern.patterns[-1] if isinstance(pattern, ast.MatchOr) else pattern.pattern
    if guard or not isinstance(pattern, ast.MatchAs):
        # In the place of the last pattern, from where control leaves without it.
        last = _place(guard or node.cases[-1].pattern)
        mark = _mark(node, _line(following), last)
        node.cases.append(ast.match_case(ast.MatchAs(**last), body=[mark]))
    return blocks


def _try(node: Any, following: Following) -> list[Block]:
    end = node.finalbody[0] if node.finalbody else following
    return [
        (node.body, node.orelse[0] if node.orelse else end),
        *((handler.body, end) for handler in node.handlers),
        (node.orelse, end),
        (node.finalbody, following),
    ]


def _inside(node: Any, following: Following) -> list[Block]:
    return [(node.body, following)]


def _function(node: Any, _following: Following) -> list[Block]:
    return [(node.body, None)]


def _place(node: Any) -> dict[str, Any]:
    """Return where a node stands, for one that has no place in the source."""
    return {
        "lineno": node.lineno,
        "end_lineno": node.end_lineno,
        "col_offset": node.col_offset,
        "end_col_offset": node.end_col_offset,
    }


def _mark(node: Any, to: int, place: dict[str, Any] | None = None) -> ast.stmt:
    """Return the mark of the branch from a statement to a line, which control comes to from a place in that."""
    if BY_LINE:  # the compiler makes a NOP with this line of it
        number = MARK | node.lineno << 15 | to
        return ast.Pass(lineno=number, end_lineno=number, col_offset=-1, end_col_offset=-1)
    place = place or _place(getattr(node, "test", node))
    if to != EXIT:
        # On no line, of which other tracers are told. To the way out it is on that of its statement's condition, as the
        # return after it is on the line of what is before.
        place = dict.fromkeys(place, -1)
    return ast.Expr(ast.Name(f"{node.lineno}{ARROW}{to}", ast.Load(), **place), **place)


def branch_of(name: str) -> tuple[int, int] | None:
    """Return the branch whose mark loads a name (before Python 3.12), None for any other."""
    begin, arrow, end = name.partition(ARROW)
    return (int(begin), int(end)) if arrow else None


_COMPOUND: dict[type, Callable[[Any, Following], list[Block]]] = {
    ast.If: _branching,
    ast.AsyncFor: _branching,
    ast.For: _loop,
    ast.While: _loop,
    ast.Try: _try,
    ast.With: _inside,
    ast.AsyncWith: _inside,
    ast.ClassDef: _inside,
    ast.FunctionDef: _function,
    ast.AsyncFunctionDef: _function,
    ast.Match: _match,
}
if sys.version_info >= (3, 11):
    _COMPOUND[ast.TryStar] = _try
