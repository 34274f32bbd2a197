"""tasks.py: written where there is none, added to where invoke's tasks stand, left otherwise."""

from __future__ import annotations

import codecs
import subprocess
import sys

import pytest

from covlane.errors import UsageError
from covlane.scaffold.tasks_file import NEW, STAR, tasks_file

IMPORT = STAR.encode()
TASK = b"from invoke import task\n\n\n@task\ndef check(c):\n    c.run('true')\n"


def new_of(old: bytes | None) -> bytes:
    new = tasks_file(old, package=False).new
    assert new is not None
    compile(new, "tasks.py", "exec")
    return new


def test_a_new_file_imports_the_collection() -> None:
    assert new_of(None) == NEW.encode()


def test_a_package_of_that_name_is_not_shadowed() -> None:
    assert tasks_file(None, package=True).new is None


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"#!/usr/bin/env python\n# coding: utf-8\n",
        b'"""Tasks.\n\nMany.\n"""\n\n',
        b'"""Tasks."""\n\nfrom __future__ import annotations\n\n# isort: skip_file\n',
        codecs.BOM_UTF8 + b"",
        codecs.BOM_UTF8 + b'"""Tasks."""\n',
    ],
)
def test_tasks_get_one_line_above_all_that_the_file_binds(head: bytes) -> None:
    assert new_of(head + TASK) == head + IMPORT + TASK
    crlf = (head + TASK).replace(b"\n", b"\r\n")
    assert new_of(crlf) == (head + IMPORT + TASK).replace(b"\n", b"\r\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"@decorated\ndef f():\n    import invoke\n", IMPORT + b"@decorated\ndef f():\n    import invoke\n"),
        (b'"""Doc."""; import invoke\nx = 1', b'"""Doc."""; import invoke\n' + IMPORT + b"x = 1"),
        (b'"""Doc."""; import invoke', b'"""Doc."""; import invoke\n' + IMPORT.rstrip()),
    ],
)
def test_odd_first_statements(old: bytes, new: bytes) -> None:
    assert new_of(old) == new


@pytest.mark.parametrize(
    ("binding", "name"),
    [
        (b"ns = Collection()\n", b"ns"),
        (b"namespace: Collection = Collection()\n", b"namespace"),
        (b"namespace = Collection()\nns = Collection()\n", b"ns"),
        (b"if True:\n    from shared import ns\n", b"ns"),
        (b"try:\n    pass\nexcept Exception:\n    ns = Collection()\n", b"ns"),
    ],
)
def test_a_collection_of_its_own_gets_ours_below_it(binding: bytes, name: bytes) -> None:
    old = b"from invoke import Collection\n" + binding
    new = new_of(old)
    assert new.startswith(old)
    assert new.endswith(b"\n    " + name + b'.add_collection(covlane_tasks.namespace, name="covlane")\n')


@pytest.mark.parametrize("binding", [b"def f():\n    ns = Collection()\n", b"ns = 'production'\n"])
def test_what_is_no_collection_of_the_module_gets_the_line(binding: bytes) -> None:
    assert new_of(TASK + binding) == IMPORT + TASK + binding


def test_a_file_with_covlane_is_left() -> None:
    assert tasks_file(TASK + b"from covlane.tasks import merge\n", package=False) == (None, "")


@pytest.mark.parametrize("other", [b"", b"from celery import shared_task\n", b"from .invoke import x\n"])
def test_a_tasks_file_of_another_kind_is_left_with_a_word(other: bytes) -> None:
    part = tasks_file(other, package=False)
    assert part.new is None
    assert "does not import invoke" in part.why


def test_a_broken_file_is_named() -> None:
    with pytest.raises(UsageError, match=r"^tasks\.py:2 is not valid Python"):
        tasks_file(b"import invoke\ndef (\n", package=False)


@pytest.mark.parametrize("old", [TASK, TASK + b"from invoke import Collection\nns = Collection()\n"])
def test_other_tasks_are_there_without_covlane(old: bytes) -> None:
    # As where it is not installed: its folder is found nowhere.
    program = (
        "import sys\nfor name in [one for one in sys.modules if one.startswith('covlane')]: del sys.modules[name]\n"
        f"sys.path[:] = [path for path in sys.path if not path.endswith('ci')]\nexec({new_of(old)!r})\nprint('here')\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "here\n"), done.stderr
