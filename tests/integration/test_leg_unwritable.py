"""A process that can write nothing of the leg prints nothing, and is named where it has lost something."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from leg import Project
from truth import lab

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Everybody may run it, unlike one below root's home.
SYSTEMS = Path("/usr/bin/python3")
HEAD = """
import os, resource, subprocess, sys
import pkg.known

def program(*before, **how):
    argv = [*before, sys.executable, "-c", "import pkg.new; pkg.new.f()"]
    done = subprocess.run(argv, capture_output=True, text=True, **how)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), done

def fork(work):
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.dup2(writer, 1)
            os.dup2(writer, 2)
            work()
        except BaseException as error:
            os.write(2, repr(error).encode())
        os._exit(0)
    os.close(writer)
    assert os.read(reader, 1000) == b""
    assert os.waitpid(child, 0)[1] == 0

def test_before():  # after it, up to Python 3.11, what is known has its place in the record
    pkg.known.f()

def become_nobody():
    os.setgid(65534)
    os.setuid(65534)

def test_it():
"""
READ_ONLY = 'mount --bind reports reports && mount -o remount,ro,bind reports && exec "$0" "$@"'
#: Why the leg is incomplete; empty where nothing is lost.
LOST = {
    "a program of another user": ("    program(user=65534, group=65534)", "Permission denied"),
    "with an environment of its own": ("    program(user=65534, env={})", "Permission denied"),
    "behind another program": (
        "    program('setpriv', '--reuid=65534', '--clear-groups')",
        "Permission denied",
    ),
    "that may write no file": (
        "    program(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)))",
        "File too large",
    ),
    "where nothing can be written": (
        f"    program('unshare', '-m', 'sh', '-c', {READ_ONLY!r})",
        "Read-only file system",
    ),
    "a fork that becomes another user": ("    fork(lambda: (become_nobody(), pkg.known.f()))", ""),
    "that closes all files as well": ("    fork(lambda: (become_nobody(), os.closerange(3, 300)))", ""),
    "that changes its root": ("    fork(lambda: os.chroot('/var'))", ""),
    "that imports then": (
        "    def work():\n        become_nobody()\n        import pkg.new\n        pkg.new.f()\n    fork(work)",
        "Permission denied",
    ),
    "that forks then": (
        "    def work():\n        become_nobody()\n        os.fork() or os._exit(0)\n        os.wait()\n    fork(work)",
        "Permission denied",
    ),
}


@pytest.fixture(scope="module")
def everybodys() -> Iterator[Path]:
    """A folder that every user may read, with a leg's environment; pytest's own are one user's."""
    if os.getuid() != 0 or not SYSTEMS.exists():
        pytest.skip("it takes root, and a Python for all users")
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system lets nobody mount")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        lab.build(str(SYSTEMS), folder)
        yield folder


@pytest.mark.parametrize("what", LOST)
def test_a_process_that_can_write_nothing_is_silent_and_named(everybodys: Path, what: str) -> None:
    body, why = LOST[what]
    (python,) = everybodys.glob("*/bin/python")
    project = Project(everybodys / re.sub(r"\W", "-", what), python)
    for name in ("__init__", "known", "new"):
        project.write(f"pkg/{name}.py", "def f():\n    return 1\n" * (name != "__init__"))
    project.write("test_it.py", HEAD + body + "\n")
    leg = project.measure("-W", "ignore::DeprecationWarning")
    assert leg.code == 0, leg.output
    assert leg.missed("pkg/known.py") == []
    assert why == "File too large" or leg.missed("pkg/new.py") == [1, 2]  # the record has room as it is
    if why:
        assert not leg.stamp.complete
        assert all(
            f" could not be measured whole ({why}): " in reason
            for reason in leg.stamp.reasons
            if "unreadable" not in reason
        ), leg.stamp.reasons
        assert any(f"({why}): " in reason for reason in leg.stamp.reasons)
    else:
        assert leg.stamp.reasons == ()
