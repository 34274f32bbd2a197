"""Suites that are not pytest's own: what pytest has to be told to run Django's and unittest's tests."""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from covlane.config import pytest_ini

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MANAGE = "manage.py"
#: Programs by which applications that are no site run their tests.
RUNNERS = ("runtests.py", "run_tests.py")
VARIABLE = "DJANGO_SETTINGS_MODULE"
#: How unittest and Django find their tests (docs.python.org, unittest, "Test Discovery").
PATTERN = "test*.py"
#: Modules of tests as Django's guide has them, inside an application, and the one that runs them.
DJANGO_TESTS = ("tests.py", "test_*.py", MANAGE)
#: Folders whose manage.py runs something to look at, not the repository's tests.
_SHOWN = re.compile(r"docs?|examples?|demos?|samples?|sandbox|templates?", re.IGNORECASE)
#: Settings in the environment or on the command line of Django's own runner.
_SETTING = re.compile(rb"(?:DJANGO_SETTINGS_MODULE\s*[:?]?=\s*|--settings[= ])([\w.]+)")
_FOREIGN = {"node_modules", "site-packages", "build", "dist", "venv", "env", "__pycache__"}
#: More test modules than it takes to tell whose suite it is.
MOST_MODULES = 300
_OF_PYTEST = re.compile(rb"^\s*(?:import|from)\s+pytest\b", re.MULTILINE)
_OF_UNITTEST = re.compile(rb"^\s*(?:import|from)\s+unittest\b", re.MULTILINE)


class Suite(NamedTuple):
    """What pytest needs for a suite that is not its own.

    Attributes:
        arguments: for pytest.
        install: requirements.
        modules: names of modules among the sources that are tests or run them.
        reason: whose suite it is.
        remark: a sentence for a person, empty if there is nothing to say.
    """

    arguments: tuple[str, ...] = ()
    install: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    reason: str = ""
    remark: str = ""


def read(root: Path, document: Mapping[str, Any]) -> Suite:
    """Return what a repository's suite needs; nothing for pytest's own.

    Args:
        root: the repository.
        document: pyproject.toml, decoded.
    """
    options = pytest_ini.options(root, document)
    if found := _of_django(root):
        return _django(root, *found, options or {})
    if options is None and not any(root.glob("conftest.py")) and not any(root.glob("test*/conftest.py")):
        return _unittest(root)
    return Suite()


def _of_django(root: Path) -> tuple[Path, str] | None:
    """Return the file that runs Django's tests and the settings that it names; an empty string if it names none."""
    found = [
        (path, _settings_module(path)) for path in (_manage(root), *(root / name for name in RUNNERS)) if path
    ]
    found = [(path, settings) for path, settings in found if path.name == MANAGE or settings]
    for name in ("tox.ini", "Makefile"):
        content = _content(root / name)
        if b"django" in content.lower() and (setting := _SETTING.search(content)):
            found.append((root / name, setting[1].decode()))
    return next((one for one in found if one[1]), next(iter(found), None))


def _manage(root: Path) -> Path | None:
    """Return Django's manage.py: at the top, or the only one in a folder there."""
    if _is_django(root / MANAGE):
        return root / MANAGE
    below = [path for path in sorted(root.glob(f"*/{MANAGE}")) if not _SHOWN.fullmatch(path.parent.name)]
    found = [path for path in below if path.parent.name[0] != "." and _is_django(path)]
    return found[0] if len(found) == 1 else None


def _is_django(path: Path) -> bool:
    return b"django" in _content(path)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _django(root: Path, runner: Path, settings: str, options: Mapping[str, object]) -> Suite:
    conftests = [*root.glob("conftest.py"), *root.glob("*/conftest.py")]
    told = any(
        VARIABLE.encode() in _content(path) or b"settings.configure" in _content(path) for path in conftests
    )
    if told or VARIABLE.lower() in options or re.search(r"--ds\b|--dc\b", str(options.get("addopts", ""))):
        return Suite(modules=DJANGO_TESTS)
    place = runner.relative_to(root).as_posix()
    if not settings:
        remark = (
            f'{place} does not say which settings the tests use: set `pytest-args = ["-o", "{VARIABLE}=NAME"]` '
            f"in [tool.covlane]"
        )
        return Suite(install=("pytest-django",), modules=DJANGO_TESTS, reason=place, remark=remark)
    arguments = ["-o", f"{VARIABLE}={settings}"]
    if "python_files" not in options and b"pytest" not in _content(runner):
        arguments += ["-o", f"python_files={PATTERN}"]
    if runner.parent != root and "pythonpath" not in options:
        arguments += ["-o", f"pythonpath={runner.parent.relative_to(root).as_posix()}"]
    return Suite(
        tuple(arguments),
        ("pytest-django",),
        DJANGO_TESTS,
        place,
        f"Django's tests are run by pytest with pytest-django and the settings {settings}, which {place} names; "
        f"`pytest-args` in [tool.covlane] names others",
    )


def _settings_module(runner: Path) -> str:
    """Return the settings that a program sets if the environment names none, an empty string if it is no literal."""
    try:
        tree = ast.parse(_content(runner))
    except (SyntaxError, ValueError):
        return ""
    pairs = [pair for node in ast.walk(tree) if (pair := _setting(node))]
    values = [value.value for name, value in pairs if isinstance(value, ast.Constant) and _is_variable(name)]
    return next((str(value) for value in values if re.fullmatch(r"[\w.]+", str(value))), "")


def _setting(node: ast.AST) -> tuple[ast.expr, ast.expr] | None:
    """Return name and value of `environ.setdefault(name, value)` or `environ[name] = value`."""
    if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "setdefault" and node.args[1:]:
        return node.args[0], node.args[1]
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
        return node.targets[0].slice, node.value
    return None


def _is_variable(name: ast.expr) -> bool:
    return isinstance(name, ast.Constant) and name.value == VARIABLE


def _unittest(root: Path) -> Suite:
    """Return what pytest needs to find what unittest finds, where every test module is unittest's."""
    own: list[str] = []
    for path in _modules(root):
        content = _content(path)
        if _OF_PYTEST.search(content):
            return Suite()
        if _OF_UNITTEST.search(content):
            own.append(path.name)
    if not own:
        return Suite()
    hidden = tuple(sorted({name for name in own if not re.match(r"test_|.*_test\.py", name)}))
    arguments = ("-o", f"python_files={PATTERN}") if hidden else ()
    remark = "the tests are unittest's, and pytest runs them"
    return Suite(arguments, modules=hidden, reason="unittest's suite", remark=remark)


def _modules(root: Path) -> Iterator[Path]:
    """Yield modules whose names are those of tests, at most MOST_MODULES."""
    count = 0
    for base, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _FOREIGN)
        for name in sorted(names):
            if name.startswith("test") and name.endswith(".py"):
                count += 1
                yield Path(base, name)
        if count > MOST_MODULES:
            return
