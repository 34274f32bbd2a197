"""tasks.py: covlane's invoke tasks beside those that a repository has."""

from __future__ import annotations

import ast
import codecs
import itertools

from covlane.scaffold import python_file
from covlane.scaffold.change import LEAVE, Edit, append, newline_of

PATH = "tasks.py"
NEW = '''\
"""The coverage lane's tasks: `invoke -l` lists them."""

from covlane.tasks import namespace  # noqa: F401
'''
#: Added on top, so that a task that the file defines itself replaces ours of the same name.
#: invoke loads the file for every task: those of others run where covlane is not installed, too.
STAR = """\
try:
    from covlane.tasks import *  # noqa: F403
except ModuleNotFoundError as error:  # the lane's tasks are there where covlane is installed beside invoke
    if error.name != "covlane":
        raise
"""
COLLECTION = """

try:
    from covlane import tasks as covlane_tasks
except ModuleNotFoundError as error:  # the lane's tasks are there where covlane is installed beside invoke
    if error.name != "covlane":
        raise
else:
    {name}.add_collection(covlane_tasks.namespace, name="covlane")
"""
#: Packages whose tasks are invoke's.
FAMILY = ("invoke", "fabric", "invocations")
#: Variables that invoke's loader prefers over a module's tasks, in its order.
NAMESPACES = ("ns", "namespace")


def tasks_file(old: bytes | None, *, package: bool) -> Edit:
    """Return the edit of tasks.py; `package` says that there is a package `tasks`.

    Raises:
        UsageError: it is not valid Python.
    """
    if old is None and package:
        return Edit(None, "not written: a package tasks/ exists; `covlane COMMAND` runs the same commands")
    if old is None:
        return Edit(NEW.encode(), "`invoke TASK` runs the lane's tasks")
    tree = python_file.parse(PATH, old)
    if python_file.imports_any(tree, "covlane"):
        return LEAVE
    if not python_file.imports_any(tree, *FAMILY):
        return Edit(
            None, "left as it is: it does not import invoke; `covlane COMMAND` runs the same commands"
        )
    bound = python_file.bound_objects(tree)
    if name := next((name for name in NAMESPACES if name in bound), None):
        return Edit(append(old, COLLECTION.format(name=name)), "adds the lane's tasks as `covlane.TASK`")
    return Edit(_with_star(old, tree), "adds the lane's tasks; a task of yours with the same name stays")


def _with_star(old: bytes, tree: ast.Module) -> bytes:
    """Put the import above the first statement, below a docstring and `__future__`."""
    head = list(itertools.takewhile(_is_head, tree.body))
    first = tree.body[len(head)]
    at = max(_first_line(first) - 1, (head[-1].end_lineno or 0) if head else 0)
    mark = codecs.BOM_UTF8 if old.startswith(codecs.BOM_UTF8) else b""
    lines = old.removeprefix(mark).splitlines(keepends=True)
    if at == len(lines):  # docstring and import share the last line
        return append(old, STAR)
    added = STAR.encode().replace(b"\n", newline_of(old))
    return mark + b"".join([*lines[:at], added, *lines[at:]])


def _is_head(node: ast.stmt) -> bool:
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _first_line(node: ast.stmt) -> int:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.decorator_list:
        return node.decorator_list[0].lineno
    return node.lineno
